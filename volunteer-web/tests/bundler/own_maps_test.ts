import assert from "node:assert/strict";
import { withUsableMap } from "../../src/bundler/own_maps.ts";
import { bundling, outcomeOf, withFiles } from "../support/bundling.ts";

const map = (...sources: string[]) => JSON.stringify({ version: 3, sources, names: [], mappings: "AAAA" });
const inside = (text: string) => `data:application/json;base64,${btoa(text)}`;

Deno.test("a source map counts if its files are there", () =>
  withFiles({
    "src/a.ts": "",
    "dist/good.map": map("../src/a.ts"),
    "dist/rooted.map": JSON.stringify({ sources: ["a.ts"], sourceRoot: "../src/" }),
    "dist/bad.map": map("../src/a.ts", "../src/gone.ts"),
    "dist/webpack.map": map("webpack:///./src/a.ts"),
    "dist/none.map": "no JSON",
  }, (folder) => {
    const usable = (url: string, begin = "//#") => {
      const text = `f()\n${begin} sourceMappingURL=${url}`;
      const after = withUsableMap(text, `${folder}/dist/a.js`);
      assert.equal(after.length, text.length);
      return after === text;
    };
    const whole = `data:application/json,${encodeURIComponent(map("../src/a.ts"))}`;
    for (const url of ["good.map", "rooted.map", inside(map("../src/a.ts")), whole]) {
      assert.ok(usable(url), url);
    }
    assert.ok(usable(inside(map(`file://${folder}/src/a.ts`))), "an address");
    for (const url of ["bad.map", "webpack.map", "none.map", "gone.map", "data:,", inside(map("gone.ts"))]) {
      assert.ok(!usable(url), url);
    }
    assert.ok(usable("good.map */", "/*#") && !usable("bad.map */", "/*#"), "a comment of the other kind");
    return Promise.resolve();
  }));

Deno.test("places in a bundle are in files that are there", bundling, async () => {
  const text = `exports.f = function () {}\n//# sourceMappingURL=${
    inside(map("webpack://p/src/index.ts"))
  }\n`;
  const files = {
    "fn.js":
      "var p = require('p'), own = require('./own'); module.exports = function (x) { return p.f(own) }",
    "own.js": `module.exports = 1\n//# sourceMappingURL=${inside(map("own.ts"))}\n`,
    "own.ts": "export = 1",
    "node_modules/p/index.js": text,
  };
  const { sources } = JSON.parse((await outcomeOf(files, "fn.js")).map);
  assert.deepEqual(sources.sort(), ["fn.js", "node_modules/p/index.js", "own.ts"]);
});

import assert from "node:assert/strict";
import { bundling, failure, result } from "../support/bundling.ts";
import { isScript, isTypeScript, languageOf } from "../../src/bundler/loaders.ts";

Deno.test("the end of a name says the language, in small letters and in capitals", () => {
  const ends: [name: string, language: string | undefined][] = [
    ["a.js", "js"],
    ["A.JS", "js"],
    ["a.Mjs", "js"],
    ["a.CJS", "js"],
    ["a.es6", "js"],
    ["a.min.js", "js"],
    ["a.TSX", "tsx"],
    ["a.mts", "ts"],
    ["a.Json", "json"],
    ["folder.js/tool", "js"],
    ["a.csv", undefined],
    ["a.constructor", undefined],
  ];
  for (const [name, language] of ends) assert.deepEqual(languageOf(name, false), language, name);
});

Deno.test("the module itself is JavaScript whatever its name is, unless that says TypeScript or JSX", () => {
  for (const name of ["f", "f.txt", "f.json", "f.node", "f.js.download"]) {
    assert.equal(languageOf(name, true), "js", name);
  }
  assert.deepEqual(["f.TS", "f.jsx"].map((name) => languageOf(name, true)), ["ts", "jsx"]);
  assert.deepEqual(["a.ts", "a.CTS", "a.tsx", "a.js", "a"].map(isTypeScript), [
    true,
    true,
    true,
    false,
    false,
  ]);
  assert.deepEqual([isScript("tsx"), isScript("json"), isScript(undefined)], [true, false, false]);
});

Deno.test("modules with endings of all kinds run", bundling, async () => {
  const old = "var lib = require('./LIB.JS'), tool = require('./bin/tool'), six = require('./six.es6')\n" +
    "module.exports = function (x) { return lib + tool + six + x }";
  const beside = {
    "LIB.JS": "module.exports = 'L'",
    "bin/tool": "#!/usr/bin/env node\nmodule.exports = 'T'",
    "six.es6": "export default class {}; module.exports = '6'".replace("export default class {}; ", ""),
  };
  for (const name of ["f.es6", "F.JS", "f.CJS", "f", "f.txt", "f.js.orig"]) {
    assert.equal(await result({ [name]: old, ...beside }, "x", name), "LT6x", name);
  }
  const today = "export default (x: string): string => x + 1";
  for (const name of ["F.TS", "f.MTS", "f.Tsx"]) {
    assert.equal(await result({ [name]: today }, "x", name), "x1");
  }
  assert.equal(
    await result(
      { "f.MJS": "import d from './D.JSON'; export default () => d.n", "D.JSON": '{"n":7}' },
      "",
      "f.MJS",
    ),
    "7",
  );
  const { text, line } = await failure({ "f.js": "\nrequire('./table.csv')", "table.csv": "1,2" });
  assert.deepEqual([text.startsWith('It is not known what files that end with ".csv" are: '), line], [
    true,
    2,
  ]);
});

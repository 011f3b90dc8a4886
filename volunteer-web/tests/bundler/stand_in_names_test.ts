import assert from "node:assert/strict";
import { builtinModules } from "node:module";
import { GLOBALS, STAND_INS, standInFile } from "../../src/bundler/stand_in_names.ts";

const root = new URL("../../", import.meta.url);

Deno.test("each module of Node.js has a stand-in that there is: a file, or a package that is pinned", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  for (const [module, source] of Object.entries(STAND_INS)) {
    assert.ok(builtinModules.includes(module), module);
    if (source.startsWith("./")) {
      assert.ok((await Deno.stat(new URL(`stand_ins/${source}`, root))).isFile, source);
    } else assert.ok(Object.hasOwn(imports, source.split("/")[0]), source);
  }
});

Deno.test("each global comes from a module that has a stand-in", () => {
  for (const [global, [module]] of Object.entries(GLOBALS)) {
    assert.ok(Object.hasOwn(STAND_INS, module), global);
  }
});

Deno.test("a stand-in has a file of its own", () => {
  assert.deepEqual(["path", "path/posix"].map(standInFile), ["path.js", "path_posix.js"]);
  assert.equal(new Set(Object.keys(STAND_INS).map(standInFile)).size, Object.keys(STAND_INS).length);
});

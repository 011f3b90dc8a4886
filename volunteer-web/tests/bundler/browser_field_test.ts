import assert from "node:assert/strict";
import { replaces } from "../../src/bundler/browser_field.ts";
import { withFiles } from "../support/bundling.ts";

Deno.test("the package that a folder belongs to says what it replaces in browsers", () =>
  withFiles({
    "package.json": "{}",
    "node_modules/p/package.json": '{"browser": {"fs": false, "path": "./path.js"}}',
    "node_modules/p/lib/index.js": "",
    "node_modules/q/package.json": '{"browser": "browser.js"}',
    "node_modules/r/package.json": "no JSON",
  }, (folder) => {
    const inside = `${folder}/node_modules/p/lib`;
    assert.deepEqual(["fs", "path", "os", "toString"].map((module) => replaces(inside, module)), [
      true,
      true,
      false,
      false,
    ]);
    for (const other of [folder, `${folder}/node_modules/q`, `${folder}/node_modules/r`]) {
      assert.equal(replaces(other, "fs"), false, other);
    }
    return Promise.resolve();
  }));

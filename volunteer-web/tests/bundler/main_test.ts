import assert from "node:assert/strict";
import { bundled, bundling, GOOD, withFiles } from "../support/bundling.ts";

Deno.test("a failure names the files that were looked at", bundling, async () => {
  const beside = {
    "lib/good.js": "require('../data.json')",
    "lib/bad.js": "var b = = 2",
    "data.json": "{}",
    "broken.wasm": "no wasm",
  };
  const modules: [text: string, ...files: string[]][] = [
    ["require('./lib/good'); require('./lib/bad')", "data.json", "lib/bad.js", "lib/good.js"],
    ["require('./lib/good'); require('./gone')", "data.json", "lib/good.js"],
    ["require('./broken.wasm')", "broken.wasm"],
    ["var b = = 2"],
    ["require('./lib/good'); throw new Error('while loading')", "data.json", "lib/good.js"],
    ["require('./lib/good'); module.exports = 7", "data.json", "lib/good.js"],
  ];
  for (const [text, ...files] of modules) {
    await withFiles({ "fn.js": text, ...beside }, async (folder) => {
      const outcome = await bundled(`${folder}/fn.js`);
      assert.ok(!outcome.ok, text);
      assert.deepEqual(
        outcome.files.filter((name) => !name.includes("gone")).sort(),
        [...files, "fn.js"].sort(),
        text,
      );
    });
  }
  await withFiles({ "lib/a.js": "require('../gone')", "fn.js": "require('./lib/a')" }, async (folder) => {
    const outcome = await bundled(`${folder}/fn.js`);
    assert.ok(
      !outcome.ok && ["gone", "gone.js", "gone.json"].every((name) => outcome.files.includes(name)),
      "gone",
    );
  });
});

Deno.test("the command prints one JSON object and nothing else, whatever the module prints", async () => {
  const { build } = await import("../../build.ts");
  const { client, binary } = await build();
  const files = {
    "fn.js": "console.log('noise')\n" + GOOD,
    ...Object.fromEntries([...client, ...binary]),
  };
  await withFiles(files, async (folder) => {
    const flags = ["--no-prompt", "--no-config", "--no-lock", "--unstable-worker-options", "--allow-read"];
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...flags, "--allow-env", "--allow-run", "--allow-sys", "bundler.js", "fn.js"],
      cwd: folder,
    });
    const printed = async () => {
      const { stdout, stderr, code } = await command.output();
      assert.deepEqual([new TextDecoder().decode(stderr), code], ["", 0]);
      return new TextDecoder().decode(stdout);
    };
    assert.equal(JSON.parse(await printed()).ok, true);
    await Deno.writeTextFile(`${folder}/fn.js`, "throw new Error('\\ud83d')");
    // An escape of half a character is what strict readers refuse.
    assert.ok(
      (await printed()).includes("Loading the module failed: Error: \ufffd"),
      "it is not well-formed",
    );
  });
});

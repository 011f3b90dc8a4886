import assert from "node:assert/strict";
import { build } from "../../build.ts";
import { withFiles } from "../support/bundling.ts";

const WEB = new URL("../../", import.meta.url);

Deno.test("the script and both programs are of one version", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", WEB)));
  const version = imports.esbuild.split("@")[1];
  assert.equal(imports["esbuild-wasm"], `npm:esbuild-wasm@${version}`);
});

Deno.test("a machine without a native program, a cache and a network bundles", async () => {
  const { client, binary } = await build();
  const files = {
    "fn.mts": `import { createHash } from 'node:crypto'; import { n } from './n.json'; import p from 'p'
      export default (x: string) => createHash('sha1').update(x + n + p).digest('hex')`,
    "n.json": '{"n": 1}',
    "node_modules/p/index.js": "#!/usr/bin/env node\nmodule.exports = __dirname",
    "broken.js": "var é = = 1",
    ...Object.fromEntries([...client, ...binary].filter(([name]) => !/^(headless|pipe|monitor)/.test(name))),
  };
  await withFiles(files, async (folder) => {
    const allowed = ["read", "env", "run", "sys", "write"].map((what) => `--allow-${what}`);
    const flags = ["--no-prompt", "--no-config", "--no-lock", "--no-remote", "--no-npm", ...allowed];
    const bundle = async (name: string) => {
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--cached-only", "--unstable-worker-options", ...flags, "bundler.js", name],
        cwd: folder,
        clearEnv: true,
        env: { DENO_DIR: `${folder}/deno`, HOME: folder },
      }).output();
      assert.equal(new TextDecoder().decode(stderr), "");
      return JSON.parse(new TextDecoder().decode(stdout));
    };
    const outcome = await bundle("fn.mts");
    assert.ok(outcome.ok && outcome.code.includes("sha1"), JSON.stringify(outcome).slice(0, 500));
    assert.deepEqual(outcome.files.sort(), ["fn.mts", "n.json", "node_modules/p/index.js"]);
    const { error } = await bundle("broken.js");
    assert.deepEqual([error.text, error.column], ['This is not JavaScript: "=" is not expected here.', 9]);
  });
});

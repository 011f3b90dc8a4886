/**
 * Makes esbuild part of Pando, so that a function is bundled without a network: its script, and its program as
 * WebAssembly.
 */

import { join } from "node:path";
import * as esbuild from "esbuild";
import { HERE } from "./build_packages.ts";

/** Returns the two. */
export async function buildEsbuild(packages: string): Promise<{ script: string; program: Uint8Array }> {
  const modules = join(packages, "node_modules");
  const { outputFiles: [script] } = await esbuild.build({
    stdin: { contents: 'export { build, stop, version } from "esbuild-wasm";', resolveDir: packages },
    absWorkingDir: packages,
    nodePaths: [modules],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "es2022",
    minify: true,
    // It refuses to run where it does not find itself in its own folder.
    define: { __filename: '"/lib/main.js"', __dirname: '"/lib"' },
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    plugins: [startsOurs],
  });
  return {
    script: script.text,
    program: await Deno.readFile(join(modules, "esbuild-wasm", "esbuild.wasm")),
  };
}

/** Puts our way to start esbuild in the place of the one that needs a program installed. */
const startsOurs: esbuild.Plugin = {
  name: "starts-ours",
  setup(build) {
    build.onResolve({ filter: /^child_process$/ }, () => ({
      path: join(HERE, "src", "bundler", "esbuild_process.ts"),
    }));
  },
};

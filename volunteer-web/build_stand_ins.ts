/**
 * Bundles what stands in for Node.js's built-in modules in browsers, one script for each.
 *
 * They are made when Pando is built, so that a function that requires them needs no download. One that requires another
 * still does so in its script: in a user's bundle each of them is there once.
 */

import { join } from "node:path";
import * as esbuild from "esbuild";
import { HERE } from "./build_packages.ts";
import { replaces } from "./src/bundler/browser_field.ts";
import { STAND_INS, standInFile } from "./src/bundler/stand_in_names.ts";

/** Returns the scripts by the names of their files. */
export async function buildStandIns(packages: string): Promise<Map<string, string>> {
  const { outputFiles } = await esbuild.build({
    entryPoints: Object.entries(STAND_INS).map(([module, source]) => ({
      in: source.startsWith("./") ? join(HERE, "stand_ins", source) : source,
      out: standInFile(module).replace(/\.js$/, ""),
    })),
    absWorkingDir: packages,
    nodePaths: [join(packages, "node_modules")],
    bundle: true,
    write: false,
    outdir: packages,
    format: "cjs",
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    // Names stay: they are in stacks, and some packages look at them.
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [eachOther],
  });
  return new Map(outputFiles.map(({ path, text }) => [path.slice(path.lastIndexOf("/") + 1), text]));
}

/** Leaves it to the user's bundle to join them. */
const eachOther: esbuild.Plugin = {
  name: "each-other",
  setup(build) {
    build.onResolve({ filter: /^[a-z_]+(\/[a-z]+)?\/?$/ }, ({ path, kind, resolveDir }) => {
      const module = path.replace(/\/$/, "");
      if (kind === "entry-point" || !Object.hasOwn(STAND_INS, module)) return null;
      return replaces(resolveDir, path) ? null : { path: module, external: true };
    });
  },
};

/** Turns a CommonJS module and what it requires into one script, with esbuild. */

import { builtinModules } from "node:module";
import { dirname, isAbsolute, join } from "node:path";
import * as esbuild from "esbuild";
import type { BundleError, BundleOutcome } from "./bundler.ts";

/**
 * Where Node's built-in modules get their stand-ins, and `pando-computing` its module: names that a function may
 * require, with the file that takes their place. Nothing is replaced yet. (Other forms of modules, `import` and
 * TypeScript, need nothing here: esbuild reads them. They need an agreed way to find the export.)
 */
const STAND_INS: Readonly<Record<string, string>> = {};

/**
 * Bundles the module at `path`.
 *
 * @returns the code, which is the body of a function with the parameters `module`, `exports` and `require`, and
 *   its source map; or why there is none
 */
export async function bundleModule(path: string): Promise<BundleOutcome> {
  const missing = await whyNotReadable(path);
  if (missing !== null) return { ok: false, error: { kind: "missing-file", text: missing, file: path } };
  const entry = await Deno.realPath(path);
  try {
    const { outputFiles } = await esbuild.build({
      entryPoints: [entry],
      // Volunteers see comments with the names of files: relative to the module, they say nothing about this machine.
      absWorkingDir: dirname(entry),
      bundle: true,
      write: false,
      format: "cjs",
      platform: "browser",
      // What every browser can run that has `DecompressionStream`.
      target: "es2022",
      charset: "utf8",
      define: { global: "globalThis" },
      alias: STAND_INS,
      sourcemap: "external",
      sourcesContent: false,
      outfile: "bundle.js",
      logLevel: "silent",
    });
    const text = (ending: string) => outputFiles.find((file) => file.path.endsWith(ending))?.text ?? "";
    return { ok: true, code: text("bundle.js"), map: text("bundle.js.map") };
  } catch (error) {
    const messages = (error as esbuild.BuildFailure).errors;
    if (!Array.isArray(messages) || messages.length === 0) throw error;
    return { ok: false, error: describe(messages[0], dirname(path)) };
  }
}

async function whyNotReadable(path: string): Promise<string | null> {
  try {
    if ((await Deno.stat(path)).isFile) return null;
    return `${path} is not a file.`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `There is no file ${path}.`;
    return `${path} cannot be read.`;
  }
}

function describe({ text, location }: esbuild.Message, folder: string): BundleError {
  const unresolved = text.match(/^Could not (resolve|read from file:?) "?([^"]*)"?/);
  return {
    kind: unresolved === null ? "syntax" : "resolve",
    text: unresolved === null ? `${text}.` : unresolvedText(unresolved[2]),
    // esbuild counts columns from 0; people and editors from 1.
    ...(location === null ? {} : {
      file: isAbsolute(location.file) ? location.file : join(folder, location.file),
      line: location.line,
      column: location.column + 1,
      source: location.lineText,
    }),
  };
}

function unresolvedText(name: string): string {
  if (name.startsWith(".") || name.startsWith("/")) return `There is no module "${name}".`;
  if (builtinModules.includes(name.replace(/^node:/, ""))) {
    return `Volunteers have no module "${name}": it is part of Node.js.`;
  }
  return `There is no package "${name}" beside the module; packages are looked for in node_modules.`;
}

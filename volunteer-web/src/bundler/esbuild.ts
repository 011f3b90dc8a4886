/** Turns a module and what it requires and imports into one script, with esbuild. */

import { basename, dirname, isAbsolute, join, posix, relative } from "node:path";
import * as esbuild from "esbuild";
import type { BundleError, BundleOutcome } from "./outcome.ts";
import { givenText, type Reading } from "./given_text.ts";
import { npmPackages } from "./npm_packages.ts";
import { pageUse } from "./page_use.ts";
import { globalsIn, injected, standIns } from "./stand_ins.ts";
import { wasmModules } from "./wasm_modules.ts";

/** Folders for what is not the user's. */
export type BundlerFolders = {
  /** The stand-ins for Node.js's modules, as `build.ts` made them. */
  readonly standIns: string;
  /** The packages that `npm:` specifiers name; the bundler installs them there. */
  readonly npm: string;
};

/**
 * Bundles the module at `path`.
 *
 * @param reading of its text, if it is in no file
 * @returns the code, which is the body of a function with the parameters `module`, `exports` and `require`, and
 *   its source map; or why there is none
 */
export async function bundleModule(
  path: string,
  folders: BundlerFolders,
  reading?: Reading,
): Promise<BundleOutcome> {
  const missing = reading === undefined ? await whyNotReadable(path) : null;
  if (missing !== null) {
    return { ok: false, error: { kind: "missing-file", text: missing, file: path }, files: [basename(path)] };
  }
  const entry = reading?.path ?? await Deno.realPath(path);
  // Volunteers see the names of files: relative to the module, they say nothing about this machine.
  const root = dirname(entry);
  const loaded = new Set([basename(entry)]);
  try {
    const options: Build = {
      absWorkingDir: root,
      bundle: true,
      write: false,
      format: "cjs",
      platform: "browser",
      // A `tsconfig.json` beside a function in JavaScript (which may make all of it strict, say) is not meant for it.
      ...(/\.[cm]?tsx?$/.test(entry) ? {} : { tsconfigRaw: {} }),
      // Every browser that has `DecompressionStream`, without which the page cannot work, can run this.
      target: "es2022",
      charset: "utf8",
      define: {
        global: "globalThis",
        __dirname: '"/"',
        __filename: '"/index.js"',
        "process.env.NODE_ENV": '"production"',
      },
      plugins: [
        loads(root, loaded),
        ...(reading === undefined ? [] : [givenText(reading)]),
        functionApi,
        npmPackages(folders.npm),
        standIns(folders.standIns),
        wasmModules(root),
      ],
      sourcemap: "external",
      sourcesContent: false,
      outfile: "bundle.js",
      logLevel: "silent",
    };
    const built = await buildAsUsed(entry, options);
    const { outputFiles, warnings, metafile } = built;
    const page_use = await pageUse(
      built,
      root,
      async (file) => file === reading?.path ? reading.contents : await Deno.readTextFile(file),
      (define) => buildAsUsed(entry, { ...options, define: { ...options.define, ...define } }),
    );
    // Files of packages that were installed for this machine's user are named by their paths on it.
    const prefix = `${relative(root, folders.npm)}/`.replaceAll("\\", "/");
    const text = (ending: string) =>
      outputFiles.find((file) => file.path.endsWith(ending))!.text.replaceAll(prefix, "npm:");
    const told = warnings.filter((warning) => warning.pluginName !== "");
    return {
      ok: true,
      code: text("bundle.js"),
      map: text("bundle.js.map"),
      files: filesOf(Object.keys(metafile!.inputs)),
      ...(page_use === null ? {} : { page_use }),
      warnings: told.map((warning) => describe(warning, dirname(path))),
    };
  } catch (error) {
    const messages = (error as esbuild.BuildFailure).errors;
    if (!Array.isArray(messages) || messages.length === 0) throw error;
    const named = messages.flatMap(filesNamed);
    return { ok: false, error: describe(messages[0], dirname(path)), files: filesOf([...loaded, ...named]) };
  }
}

/** `pando-computing` is in no bundle: the `require` that the function is given has it. */
const functionApi: esbuild.Plugin = {
  name: "pando-computing",
  setup(build) {
    build.onResolve({ filter: /^pando-computing$/ }, ({ path, kind }) =>
      // Only the function's `require` has it: a dynamic import would be resolved by the browser.
      kind === "dynamic-import" ? { path, namespace: "pando" } : { path, external: true });
    build.onLoad({ filter: /^pando-computing$/, namespace: "pando" }, () => ({
      contents: 'module.exports = require("pando-computing");',
    }));
  },
};

/** The most usual endings that a relative name may lack. */
const ENDINGS = ["", ".js", ".ts", ".tsx", ".jsx", ".json", "/index.js", "/index.ts"];

type Build = esbuild.BuildOptions & { write: false };
type Built = esbuild.BuildResult<Build>;

/** Bundles as simply as possible: a detour is made only for a module that needs it. */
async function buildAsUsed(entry: string, common: Build): Promise<Built> {
  let options: Build = { ...common, metafile: true, entryPoints: [entry] };
  let built = await esbuild.build(options);
  if (codeOf(built).startsWith('"use strict"') && Object.keys(built.metafile!.inputs).length > 1) {
    // A strict module would make all that it requires strict. Required itself, it gets a scope of its own.
    const contents = `module.exports = require(${JSON.stringify(`./${basename(entry)}`)});`;
    const stdin = { contents, resolveDir: dirname(entry), sourcefile: "pando:entry" };
    options = { ...options, entryPoints: [], stdin };
    built = await esbuild.build(options);
  }
  return await withGlobals(built, options);
}

/** Bundles once more with stand-ins for the globals of Node.js, if there is a name of one in the bundle. */
async function withGlobals(built: Built, options: Build): Promise<Built> {
  const assigned = new Set<string>();
  for (;;) {
    const globals = globalsIn(codeOf(built), assigned);
    if (globals.length === 0) return built;
    try {
      return await esbuild.build({ ...options, inject: injected(globals) });
    } catch (error) {
      // A script may make its own global of that name, without declaring it.
      const name = (error as esbuild.BuildFailure).errors?.[0]?.text.match(/^Cannot assign to "(\w+)"/)?.[1];
      if (name === undefined || assigned.has(name)) throw error;
      assigned.add(name);
    }
  }
}

/** Collects the names of the files that are loaded, as a metafile has them: esbuild makes one only when it succeeds. */
function loads(root: string, names: Set<string>): esbuild.Plugin {
  return {
    name: "loads",
    setup(build) {
      build.onLoad({ filter: /^/ }, ({ path, namespace }) => {
        const isFile = namespace === "file";
        names.add(isFile ? relative(root, path).replaceAll("\\", "/") : `${namespace}:${path}`);
        return null;
      });
    },
  };
}

/** Returns the files that a message is about: the one that it points at, and those that it says are missing. */
function filesNamed({ text, location }: esbuild.Message): string[] {
  if (location === null) return [];
  const [, name] = text.match(/^Could not resolve "(\.[^"]*)"/) ?? [];
  const missed = name === undefined
    ? []
    : ENDINGS.map((end) => posix.join(posix.dirname(location.file), name + end));
  return [location.file, ...missed];
}

/** Returns the user's files among these inputs, by their names relative to the module's folder. */
function filesOf(inputs: readonly string[]): string[] {
  const names = inputs.filter((name) => !/^(node:|pando:|<stdin>)/.test(name));
  return [...new Set(names.map((name) => name.replace(/^wasm(-required)?:/, "").replace(/ with \{.*$/, "")))];
}

function codeOf(built: Built): string {
  return built.outputFiles.find((file) => file.path.endsWith("bundle.js"))!.text;
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

function describe({ text, location, pluginName }: esbuild.Message, folder: string): BundleError {
  const unresolved = text.match(/^Could not (resolve|read from file:?) "?([^"]*)"?/);
  return {
    kind: unresolved === null && pluginName === "" ? "syntax" : "resolve",
    text: unresolved !== null ? unresolvedText(unresolved[2]) : pluginName === "" ? plainText(text) : text,
    // esbuild counts columns from 0; people and editors from 1.
    ...(location === null ? {} : {
      file: isAbsolute(location.file) ? location.file : join(folder, location.file),
      line: location.line,
      column: location.column + 1,
      source: location.lineText,
    }),
  };
}

function plainText(text: string): string {
  if (text.startsWith("Top-level await")) {
    return "A module cannot await at its top level: await in the function, once, and keep what comes of it.";
  }
  if (text.startsWith("No loader is configured")) {
    return "A file of this kind is imported with { type: 'text' } or { type: 'bytes' }.";
  }
  return `${text}.`;
}

function unresolvedText(name: string): string {
  if (name.startsWith(".") || name.startsWith("/")) return `There is no module "${name}".`;
  return `There is no package "${name}" beside the module; packages are looked for in node_modules.`;
}

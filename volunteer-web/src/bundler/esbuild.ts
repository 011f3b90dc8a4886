/** Turns a module and what it requires and imports into one script, with esbuild. */

import { basename, dirname, posix, relative } from "node:path";
import * as esbuild from "esbuild";
import { givenText, type Reading } from "./given_text.ts";
import { importMetaWarnings, withImportMeta } from "./import_meta.ts";
import { isTypeScript } from "./loaders.ts";
import { inOurWords, isOurs } from "./messages.ts";
import { npmPackages } from "./npm_packages.ts";
import type { BundleOutcome } from "./outcome.ts";
import { pageUse } from "./page_use.ts";
import { scriptFiles } from "./script_files.ts";
import { GLOBALS } from "./stand_in_names.ts";
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
      ...(isTypeScript(entry) ? {} : { tsconfigRaw: {} }),
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
        scriptFiles(entry, loaded),
        ...(reading === undefined ? [] : [givenText(reading)]),
        functionApi,
        noAddresses,
        npmPackages(folders.npm),
        standIns(folders.standIns),
        wasmModules(root),
      ],
      sourcemap: "external",
      sourcesContent: false,
      outfile: "bundle.js",
      logLevel: "silent",
    };
    const source = reading?.contents ?? await Deno.readTextFile(entry);
    const built = await buildAsUsed(entry, source, options);
    const { outputFiles, warnings, metafile } = built;
    const page_use = await pageUse(
      built,
      root,
      async (file) => file === reading?.path ? reading.contents : await Deno.readTextFile(file),
      (define) => buildAsUsed(entry, source, { ...options, define: { ...options.define, ...define } }),
    );
    // Files of packages that were installed for this machine's user are named by their paths on it.
    const prefix = `${relative(root, folders.npm)}/`.replaceAll("\\", "/");
    const text = (ending: string) =>
      outputFiles.find((file) => file.path.endsWith(ending))!.text.replaceAll(prefix, "npm:");
    const told = warnings.filter(isOurs).map((warning) => inOurWords(warning, root));
    return {
      ok: true,
      code: withImportMeta(text("bundle.js")),
      map: text("bundle.js.map"),
      files: filesOf(Object.keys(metafile!.inputs)),
      ...(page_use === null ? {} : { page_use }),
      warnings: [...told, ...importMetaWarnings(warnings, root)],
    };
  } catch (error) {
    const messages = (error as esbuild.BuildFailure).errors;
    if (!Array.isArray(messages) || messages.length === 0) throw error;
    const named = messages.flatMap(filesNamed);
    return { ok: false, error: inOurWords(messages[0], root), files: filesOf([...loaded, ...named]) };
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

/** What is at an address is nobody's to bundle: esbuild would leave it for the volunteer to find. */
const noAddresses: esbuild.Plugin = {
  name: "no-addresses",
  setup(build) {
    build.onResolve({ filter: /^(?:https?:)?\/\/[^/]/ }, ({ path, kind }) =>
      kind === "entry-point" ? null : {
        errors: [{
          text:
            `A module is not fetched from an address ("${path}"): save it beside the module, or install its package.`,
        }],
      });
  },
};

/** The most usual endings that a relative name may lack. */
const ENDINGS = ["", ".js", ".ts", ".tsx", ".jsx", ".json", "/index.js", "/index.ts"];

type Build = esbuild.BuildOptions & { write: false };
type Built = esbuild.BuildResult<Build>;

/** Bundles as simply as possible: again only for a module that needs more. `text` is what is in the module. */
async function buildAsUsed(entry: string, text: string, common: Build): Promise<Built> {
  let options: Build = { ...common, metafile: true, entryPoints: [entry] };
  let globals = guessed(text);
  const assigned = new Set<string>();
  for (;;) {
    let built: Built;
    try {
      built = await esbuild.build({ ...options, inject: injected(globals) });
    } catch (error) {
      // A script may make its own global of that name, without declaring it.
      const name = (error as esbuild.BuildFailure).errors?.[0]?.text.match(/^Cannot assign to "(\w+)"/)?.[1];
      if (name === undefined || !globals.includes(name)) throw error;
      assigned.add(name);
      globals = globals.filter((global) => global !== name);
      continue;
    }
    const inputs = Object.keys(built.metafile!.inputs);
    const more = globalsIn(codeOf(built), assigned).filter((global) => !globals.includes(global));
    if (codeOf(built).startsWith('"use strict"') && inputs.length > 1) options = required(entry, options);
    else if (more.length === 0) return built;
    globals = [...globals, ...more];
  }
}

/** Modules whose stand-ins need stand-ins for globals themselves, as people name them. */
const NEED_GLOBALS = /["'](?:node:)?(?:assert|buffer|crypto|https?|stream|string_decoder|url|util|zlib)\b/;

/** Returns the globals that a module may need: what is not used is not in the bundle, and a good guess saves bundling again. */
function guessed(text: string): string[] {
  return NEED_GLOBALS.test(text) ? Object.keys(GLOBALS) : globalsIn(text, new Set());
}

/** A strict module would make all that it requires strict. Required itself, it gets a scope of its own. */
function required(entry: string, options: Build): Build {
  const contents = `module.exports = require(${JSON.stringify(`./${basename(entry)}`)});`;
  return {
    ...options,
    entryPoints: [],
    stdin: { contents, resolveDir: dirname(entry), sourcefile: "pando:entry" },
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
  return [
    ...new Set(
      names.map((name) => name.replace(/^(wasm|wasm-required|url|bytes):/, "").replace(/ with \{.*$/, "")),
    ),
  ];
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

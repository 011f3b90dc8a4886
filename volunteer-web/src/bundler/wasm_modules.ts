/**
 * An esbuild plugin for WebAssembly modules that are imported as files.
 *
 * `import wasm from './x.wasm'` and `require('./x.wasm')` give the `WebAssembly.Module`, compiled. Where that module
 * imports nothing, or from relative files only, its exports can be imported by their names too, from one instance that
 * is made when the first of them is; that is what Rust's wasm-pack expects of a bundler.
 */

import { basename, dirname, relative } from "node:path";
import type * as esbuild from "esbuild";

const IMPORTED = "wasm";
const REQUIRED = "wasm-required";
/** Marks what this plugin asks other plugins to resolve. */
const OURS = Symbol("wasm");

/** @param root names of files are relative to this folder, because volunteers see them */
export function wasmModules(root: string): esbuild.Plugin {
  return {
    name: "wasm-modules",
    setup(build) {
      build.onResolve({ filter: /\.wasm$/i }, async ({ path, namespace, pluginData, ...args }) => {
        // With a type it is for esbuild: `with { type: 'bytes' }`.
        if (pluginData === OURS || Object.keys(args.with).length > 0) return null;
        const { importer, resolveDir, kind } = args;
        const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: OURS });
        if (found.errors.length > 0 || found.namespace !== "file") return found;
        return {
          path: relative(root, found.path),
          namespace: kind === "require-call" && namespace !== REQUIRED ? REQUIRED : IMPORTED,
          pluginData: found.path,
        };
      });
      build.onLoad({ filter: /^/, namespace: REQUIRED }, ({ pluginData: path }) => {
        const contents = `module.exports = require("./${basename(path)}").default;\n`;
        return { contents, resolveDir: dirname(path) };
      });
      build.onLoad({ filter: /^/, namespace: IMPORTED }, async ({ pluginData: path }) => {
        try {
          const module = await WebAssembly.compile(await Deno.readFile(path));
          return { contents: importable(module, basename(path)), resolveDir: dirname(path) };
        } catch (error) {
          const { message } = error as Error;
          return { errors: [{ text: `${basename(path)} is no WebAssembly module.`, detail: message }] };
        }
      });
    },
  };
}

/** Returns the text of an ES module that stands for a WebAssembly module. */
function importable(module: WebAssembly.Module, file: string): string {
  const bytes = `import bytes from ${JSON.stringify(`./${file}`)} with { type: "bytes" };\n`;
  const compiled =
    "const compiled = /* @__PURE__ */ new WebAssembly.Module(bytes);\nexport default compiled;\n";
  const from = [...new Set(WebAssembly.Module.imports(module).map(({ module }) => module))];
  if (!from.every((name) => /^\.\.?\//.test(name))) return bytes + compiled;
  const imports = from.map((name, i) => `import * as from${i} from ${JSON.stringify(name)};\n`).join("");
  const given = from.map((name, i) => `${JSON.stringify(name)}: from${i}`).join(", ");
  const names = WebAssembly.Module.exports(module).map(({ name }) => name).filter((name) =>
    name !== "default"
  );
  return imports + bytes + compiled +
    "let instance;\n" +
    `const of = (name) => (instance ??= new WebAssembly.Instance(compiled, { ${given} })).exports[name];\n` +
    names.map((name, i) =>
      `const export${i} = /* @__PURE__ */ of(${JSON.stringify(name)});\n` +
      `export { export${i} as ${JSON.stringify(name)} };\n`
    ).join("");
}

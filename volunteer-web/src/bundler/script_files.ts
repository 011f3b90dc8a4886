/** An esbuild plugin that loads scripts from files, in whatever form people have them. */

import { statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type * as esbuild from "esbuild";
import { AS_BYTES, AS_URL, withCarriedFiles } from "./carried_files.ts";
import { isScript, languageOf } from "./loaders.ts";
import { withUsableMap } from "./own_maps.ts";

/** Namespaces of files that a script has with it. */
export const CARRIED = { url: "url", bytes: "bytes" } as const;

/**
 * Returns the plugin.
 *
 * @param entry path of the module
 * @param loaded collects the names of the files that are loaded, as a metafile has them: esbuild makes one only when it
 *   succeeds
 */
export function scriptFiles(entry: string, loaded: Set<string>): esbuild.Plugin {
  const root = dirname(entry);
  return {
    name: "script-files",
    setup(build) {
      build.onResolve({ filter: /^pando-(?:url|bytes):/ }, ({ path, resolveDir }) => {
        const isUrl = path.startsWith(AS_URL);
        const file = join(resolveDir, path.slice((isUrl ? AS_URL : AS_BYTES).length));
        return {
          path: relative(root, file).replaceAll("\\", "/"),
          namespace: isUrl ? CARRIED.url : CARRIED.bytes,
          pluginData: file,
          sideEffects: false,
        };
      });
      build.onLoad({ filter: /^/, namespace: CARRIED.url }, async ({ pluginData: file }) => {
        return { contents: await Deno.readFile(file), loader: "dataurl" };
      });
      build.onLoad({ filter: /^/, namespace: CARRIED.bytes }, async ({ pluginData: file }) => {
        return { contents: await Deno.readFile(file), loader: "binary" };
      });
      build.onLoad({ filter: /^/ }, async ({ path, namespace, with: attributes }) => {
        const isFile = namespace === "file";
        loaded.add(isFile ? relative(root, path).replaceAll("\\", "/") : `${namespace}:${path}`);
        if (!isFile || Object.keys(attributes).length > 0) return null;
        return await load(path, path === entry);
      });
    },
  };
}

/** Returns a file in a form that esbuild takes; null if it takes the file as it is, or cannot take it at all. */
async function load(path: string, isEntry: boolean): Promise<esbuild.OnLoadResult | null> {
  const loader = languageOf(path, isEntry);
  if (loader === undefined) return null;
  const bytes = await Deno.readFile(path).catch(() => null);
  // esbuild says why it cannot be read.
  if (bytes === null) return null;
  const text = new TextDecoder().decode(bytes);
  return { contents: isScript(loader) ? prepared(text, path) : text, loader };
}

/** Returns the text of a script, that is or could be at `path`, in a form that esbuild takes. */
export function prepared(text: string, path: string): string {
  // What tells a shell how to run the file is no part of a script that is inside another one.
  const script = text.startsWith("#!") ? `//${text.slice(2)}` : text;
  return withCarriedFiles(withUsableMap(script, path), (name) => isFile(join(dirname(path), name)));
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile() && basename(path) !== "";
  } catch {
    return false;
  }
}

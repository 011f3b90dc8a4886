/** Which language a file is in, by the end of its name. */

import { extname } from "node:path";
import type { Loader } from "esbuild";

/** Endings that mean a language, in small letters: people write them in capitals too. */
const LANGUAGES: Readonly<Record<string, Loader>> = {
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".es": "js",
  ".es6": "js",
  ".jsm": "js",
  ".jsx": "jsx",
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".json": "json",
  ".txt": "text",
};
const SCRIPTS: ReadonlySet<Loader | undefined> = new Set<Loader>(["js", "jsx", "ts", "tsx"]);

/**
 * Returns the language of a file; undefined if its name does not say it.
 *
 * @param isEntry whether it is the module itself, which is JavaScript unless its name says that it is another script:
 *   whoever gives a file to `pando` says that it is one
 */
export function languageOf(path: string, isEntry: boolean): Loader | undefined {
  const ending = extname(path).toLowerCase();
  const known = Object.hasOwn(LANGUAGES, ending) ? LANGUAGES[ending] : undefined;
  if (isEntry) return isScript(known) ? known : "js";
  // As in Node.js, a file whose name has no ending is a script.
  return ending === "" ? "js" : known;
}

/** Whether files of this language are scripts. */
export function isScript(language: Loader | undefined): boolean {
  return SCRIPTS.has(language);
}

/** Whether a file is in TypeScript. */
export function isTypeScript(path: string): boolean {
  const language = languageOf(path, false);
  return language === "ts" || language === "tsx";
}

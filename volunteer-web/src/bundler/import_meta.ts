/**
 * What scripts find in `import.meta`: a bundle is no module, so it has none of its own.
 *
 * Names of places are as `__dirname` and `__filename` are, so that packages that look at them while they load do load.
 * Files that `new URL("name", import.meta.url)` names are in the bundle already (`carried_files.ts`).
 */

import type { Message } from "esbuild";
import { inOurWords } from "./messages.ts";
import type { BundleError } from "./outcome.ts";

const VALUE = '{ url: "file:///index.js", filename: "/index.js", dirname: "/", main: false, ' +
  'env: { MODE: "production", PROD: true, DEV: false, SSR: false, BASE_URL: "/" } }';
/** How esbuild writes it: one for each script that asks. */
const EMPTY = /^(\s*(?:(?:var|let|const) )?import_meta\d* = )\{\};$/gm;

const FILES =
  "a file beside the module comes along when it is imported with { type: 'bytes' } or { type: 'text' }";
/** What there is instead, by what is asked for. */
const INSTEAD: Readonly<Record<string, string>> = {
  url:
    `import.meta.url is "file:///index.js" at volunteers, who have no files: ${FILES}, or named as new URL('./NAME', import.meta.url).`,
  filename: `import.meta.filename is "/index.js" at volunteers, who have no files: ${FILES}.`,
  dirname: `import.meta.dirname is "/" at volunteers, who have no files: ${FILES}.`,
  main: "import.meta.main is false at volunteers: the function is called, the module is not the program.",
  env: "import.meta.env says only that this is production: volunteers have no environment.",
  resolve: "import.meta.resolve is not there at volunteers: what the function needs is imported.",
};
const NOTHING = "import.meta has only url, filename, dirname, main and env at volunteers.";

/** Returns a bundle in which `import.meta` has something in it. */
export function withImportMeta(code: string): string {
  return code.replace(EMPTY, (_, begin) => `${begin}${VALUE};`);
}

/** Returns what is said of the places in the user's own files that ask for it. esbuild does not look at those of packages. */
export function importMetaWarnings(warnings: readonly Message[], folder: string): BundleError[] {
  return warnings.filter(({ id }) => id === "empty-import-meta").map((warning) => {
    const { location } = warning;
    const place = inOurWords(warning, folder);
    const after = location?.lineText.slice(place.column! - 1) ?? "";
    const name = after.match(/^import\s*\.\s*meta\s*(?:\?\.|\.)\s*(\w+)/)?.[1] ?? "";
    const text = missingFile(location?.lineText ?? "", place.column! - 1) ??
      (Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : NOTHING);
    return { ...place, kind: "resolve", text, original: undefined };
  });
}

/** Returns what is said of `new URL("name", import.meta.url)` that names no file; null of anything else. */
function missingFile(line: string, at: number): string | null {
  const name = line.slice(0, at).match(/\bnew\s+URL\s*\(\s*(["'`])([^"'`$]+)\1\s*,\s*$/)?.[2];
  return name === undefined || /^[a-z][a-z\d+.-]*:/i.test(name)
    ? null
    : `There is no file "${name}" that could come along to volunteers.`;
}

/**
 * Files that a script reads from beside itself while it runs. A volunteer has none of them, so those that the text of the
 * script names come along in the bundle.
 *
 * Pure: text in, text out. Lines stay lines, so that places in stacks are right.
 */

/** Returns whether there is a file of this name, relative to the script. */
export type IsFile = (name: string) => boolean;

/** Begins what a script imports in the place of a file: its address, or its bytes. */
export const AS_URL = "pando-url:";
export const AS_BYTES = "pando-bytes:";

/** `new URL("name", import.meta.url)`, which packers of scripts take for the address of a file. */
const FILE_URL =
  /\bnew\s+URL\s*\(\s*(?:\/\*(?:[^*]|\*(?!\/))*\*\/\s*)*(["'`])([^"'`\\$\r\n]+)\1\s*,\s*import\s*\.\s*meta\s*\.\s*url\s*,?\s*\)/g;
/** How a script that Emscripten wrote asks whether it was given its program. */
const WASM_BINARY = /(?<![\w$.'"`])([\w$]+)(?:\.wasmBinary\b|\[(["'])wasmBinary\2\])(?!\s*=(?!=))/g;
/** A name of a file between quotes. */
const FILE_NAME = /(["'`])((?:\.{0,2}\/)?[\w@.-]+(?:\/[\w@.-]+)*\.(?:wasm|data|mem))\1/g;

/** Returns a script that has the files with it that it names. */
export function withCarriedFiles(text: string, isFile: IsFile): string {
  return withAddresses(withProgram(text, isFile), isFile);
}

/** Each address becomes one that holds the file. */
function withAddresses(text: string, isFile: IsFile): string {
  if (!text.includes("import.meta") && !/\bimport\s*\.\s*meta\b/.test(text)) return text;
  const names: string[] = [];
  const changed = text.replace(FILE_URL, (whole, _quote, reference: string) => {
    const name = fileOf(reference);
    if (name === null || !isFile(name)) return whole;
    if (!names.includes(name)) names.push(name);
    return asLongAs(whole, `new URL(pando_file${names.indexOf(name)})`);
  });
  // At the end: an import counts from the begin, wherever it is.
  const imports = names.map((name, i) => `\nimport pando_file${i} from ${JSON.stringify(AS_URL + name)};`);
  return changed + imports.join("");
}

/** A script of Emscripten's gets its program unless its user gives it one: so it need not fetch any, which differs from one place to another. */
function withProgram(text: string, isFile: IsFile): string {
  if (!text.includes("wasmBinary")) return text;
  const names = Array.from(text.matchAll(FILE_NAME), ([, , name]) => relativeName(name));
  const program = names.find((name) => name.endsWith(".wasm") && isFile(name));
  if (program === undefined) return text;
  // It is in messages too, between quotes of the other kinds.
  return text.replace(WASM_BINARY, (given) => `(${given}||require(\`${AS_BYTES}${program}\`))`);
}

/** Returns the file that a relative reference names, or null. */
function fileOf(reference: string): string | null {
  if (/^(?:[a-z][a-z\d+.-]*:|[/#?])/i.test(reference)) return null;
  try {
    return relativeName(decodeURIComponent(reference.replace(/[?#].*$/, "")));
  } catch {
    return null;
  }
}

function relativeName(name: string): string {
  return /^\.{1,2}\//.test(name) ? name : `./${name}`;
}

/** Returns `text` with spaces and line breaks behind it, so that what follows stays where it is. */
function asLongAs(original: string, text: string): string {
  const breaks = original.match(/\r\n|\r|\n/g) ?? [];
  if (breaks.length > 0) return text + breaks.join("");
  return text.padEnd(original.length);
}

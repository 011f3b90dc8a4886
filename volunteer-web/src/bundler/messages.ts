/** What the bundler says of a module, in our own words. */

import { isAbsolute, join } from "node:path";
import type { Location, Message } from "esbuild";
import { isTypeScript } from "./loaders.ts";
import type { BundleError } from "./outcome.ts";

/** What esbuild says, and what we say; `$1` and so on stand for what the groups match. */
type Words = readonly [theirs: RegExp, ours: string];

const TYPES = "files are imported with { type: 'text' }, { type: 'bytes' } or { type: 'json' }";

/** About modules and packages that are asked for. */
const RESOLVING: readonly Words[] = [
  [/^No matching export in "(.*)" for import "default"$/, '"$1" has no default export.'],
  [/^No matching export in "(.*)" for import "(.*)"$/, '"$1" exports no "$2".'],
];

/** About what is written in a file. */
const WRITING: readonly Words[] = [
  [
    /^Top-level await/,
    "A module cannot await at its top level: await in the function, once, and keep what comes of it.",
  ],
  [
    /^No loader is configured for "(.*?)" files/,
    `It is not known what files that end with "$1" are: ${TYPES}.`,
  ],
  [/^(?:Do not know how to load|No loader)/, `It is not known what this file is: ${TYPES}.`],
  [/^Importing with a type attribute of "(.*)" is not supported$/, `There is no type "$1": ${TYPES}.`],
  [/^Importing with the "(.*)" attribute is not supported$/, `An import has no attribute "$1": ${TYPES}.`],
  [/^Expected (.+) in JSON but found (.+)$/, "This is not JSON: $2 stands where $1 is expected."],
  [/^JSON does not support (.+)$/, "This is not JSON, which has no $1."],
  [/^Unexpected end of file/, "The file ends too early: a statement is not finished."],
  [/^Expected (.+) but found end of file$/, "The file ends too early: $1 is missing."],
  [/^Expected (.+) but found (.+)$/, "This is not $language: $2 stands where $1 is expected."],
  [/^(?:Unexpected|Syntax error) (.+)$/, "This is not $language: $1 is not expected here."],
  [/^Unterminated (.+?)(?: literal)?$/, "This has no end: $1 that begins here or before."],
  [/^The symbol (".+") has already been declared$/, "$1 is declared twice."],
  [
    /^Cannot assign to (".+") because it is a constant$/,
    "$1 is a constant, which nothing can be assigned to.",
  ],
  [/^Cannot assign to import (".+")$/, "$1 is imported: only the file that exports it can assign to it."],
  [/^(".+") is not declared in this file$/, "$1 is exported, but not declared in this file."],
  [/^Multiple exports with the same name (".+")$/, "$1 is exported twice."],
  [/^"await" can only be used inside/, '"await" is only possible in an async function.'],
  [/^Cannot use "yield" outside/, '"yield" is only possible in a generator function.'],
  [/^Cannot use "(break|continue)" here/, '"$1" is only possible in a loop.'],
  [/^Cannot use (".+") as an identifier here/, "$1 cannot be a name here."],
  [/^Cannot use (".+") with (".+") without parentheses$/, "$1 and $2 side by side need parentheses."],
  [/^Cannot use (".+") here/, "$1 is not possible here."],
  [/^Top-level return cannot/, '"return" is only possible in a function.'],
  [
    /^(.+) cannot be used in (?:strict mode|an ECMAScript module)$/,
    "What is in strict mode (ES modules are, and what says 'use strict') cannot have this: $1.",
  ],
  [
    /^The JSX syntax extension is not/,
    "This looks like JSX: the name of a file with JSX ends with .jsx or .tsx.",
  ],
  [/^Classes cannot contain more than one constructor$/, "A class has one constructor at most."],
  [/^Multiple default clauses/, 'A switch has one "default" at most.'],
  [/^Duplicate label (".+")$/, "The label $1 is inside another of that name."],
  [/^Invalid assignment target$/, "Nothing can be assigned to this."],
  [
    /^Parameter decorators only work/,
    "Decorators of parameters need experimentalDecorators in tsconfig.json.",
  ],
];

/** Kinds of things in esbuild's words, and in those of people. */
const THINGS: Readonly<Record<string, string>> = {
  identifier: "a name",
  string: "a string",
  "regular expression": "a regular expression",
};
const UNKNOWN = "This cannot be bundled.";

/** A message of a plugin of ours is in our words already. */
export function isOurs({ pluginName }: Message): boolean {
  return pluginName !== "";
}

/** Returns what is said of an error or a warning, with its place. */
export function inOurWords(message: Message, folder: string): BundleError {
  return { ...said(message), ...placeIn(message.location, folder) };
}

function said(message: Message): Pick<BundleError, "kind" | "text" | "original"> {
  const { text } = message;
  // Also when a plugin of ours has asked for it.
  const unresolved = text.match(/^Could not resolve "(.*)"$/);
  if (unresolved !== null) return { kind: "resolve", text: missing(unresolved[1], message) };
  if (isOurs(message)) {
    const { detail } = message;
    return { kind: "resolve", text, ...(typeof detail === "string" ? { original: detail } : {}) };
  }
  if (/^(?:Could not read from file|Cannot read (?:file|directory))/.test(text)) {
    return { kind: "resolve", text: "This names something that cannot be read." };
  }
  const resolving = translated(text, RESOLVING);
  if (resolving !== null) return { kind: "resolve", text: resolving };
  const writing = translated(text, WRITING);
  if (writing === null) return { kind: "syntax", text: UNKNOWN, original: text };
  const language = isTypeScript(message.location?.file ?? "") ? "TypeScript" : "JavaScript";
  return { kind: "syntax", text: writing.replace("$language", language) };
}

function translated(text: string, table: readonly Words[]): string | null {
  for (const [theirs, ours] of table) {
    const groups = text.match(theirs);
    if (groups !== null) return ours.replace(/\$(\d)/g, (_, i) => THINGS[groups[i]] ?? groups[i]);
  }
  return null;
}

/** Returns what is said of a module that is not found. */
function missing(name: string, { notes }: Message): string {
  if (name === "") return "This names no module.";
  if (/^\.{0,2}\//.test(name) || name === "." || name === "..") return `There is no module "${name}".`;
  const scheme = name.match(/^([a-z][a-z\d+.-]*):/)?.[1];
  if (scheme !== undefined) {
    return `A module is not imported from "${scheme}:": save it beside the module, or install its package.`;
  }
  if (name.startsWith("#")) return `The package that this file is in has no "${name}".`;
  const installed = notes.some(({ text }) => /by package|package definition|on the file system/.test(text));
  return installed
    ? `The package is there, but gives browsers no "${name}".`
    : `There is no package "${name}" beside the module; packages are looked for in node_modules.`;
}

function placeIn(location: Location | null, folder: string): Partial<BundleError> {
  if (location === null) return {};
  const { file, line, column, lineText } = location;
  return {
    file: isAbsolute(file) ? file : join(folder, file),
    line,
    // esbuild counts bytes, from 0; people and editors count characters, from 1.
    column: new TextDecoder().decode(new TextEncoder().encode(lineText).subarray(0, column)).length + 1,
    source: lineText,
  };
}

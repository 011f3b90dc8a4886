/**
 * Finds out whether the user's own files use what only a page has, so that the function gets one.
 *
 * What counts is a *free* name, which no file declares: esbuild replaces those, and no others, by what `define` says. So
 * the module is bundled once more with a mark for each name, and the source map says in which file each mark is. That is
 * done only for a module whose own files have such a name in their texts. Files of packages do not count: many ask
 * whether there is a page, and do without.
 */

import { join } from "node:path";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import type * as esbuild from "esbuild";
import { isOfPage } from "../worker/missing_globals.ts";
import type { PageUse } from "./outcome.ts";

/** What a bundle is made of, and its code and source map. */
type Built = esbuild.BuildResult<esbuild.BuildOptions & { write: false }>;

/** A file that names one of these knows that it may be in a worker, and what to do there. */
const KNOWS_WORKERS = ["importScripts", "WorkerGlobalScope", "DedicatedWorkerGlobalScope"];
/** What a file that asks with `typeof` for the first may use instead. */
const INSTEAD: Readonly<Record<string, readonly string[]>> = {
  window: ["self", "globalThis", "global", "process", "Deno"],
  XMLHttpRequest: ["fetch"],
};
const OTHERS = [...KNOWS_WORKERS, ...Object.values(INSTEAD).flat()];
/** Objects that have the globals as properties. */
const GLOBAL_OBJECTS = ["window", "self", "globalThis", "global"];
/** With a name's number behind it, and a `$` for a property, this is what stands in the bundle instead of a free name. */
const MARK = "$pando_free$";
/** The mark of a name as esbuild prints it, with what tells how the name is used. */
const MARKED = /(typeof )?\$pando_free\$(\d+)(\$?)(?![\w$])( (?:\|\||&&|\?\?)?=(?!=))?/g;
/** Names in metafiles and source maps of what is not a script of the user's: of packages, of ours, and other files. */
const NOT_OWN = /(^|\/)node_modules\/|^(?!pando:given$)[\w-]+:|^<|\.(wasm|json)$| with \{/;

/** A place in the bundle at which a file names one of these. */
type Mark = {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Whether it is a property of the global object, such as `self.document`: that is never an error. */
  readonly isProperty: boolean;
  /** Whether the file asks whether it is there. */
  readonly isAsked: boolean;
  /** Whether the file puts something in its place. */
  readonly isAssigned: boolean;
};

/**
 * Returns the first use of what only a page has in the user's files, or null.
 *
 * @param built the module as it is bundled, with a metafile
 * @param root the folder to which the names in the metafile and in the source map are relative
 * @param read returns the text of the file at a path
 * @param rebuild bundles it again with these definitions beside the usual ones
 */
export async function pageUse(
  built: Built,
  root: string,
  read: (path: string) => Promise<string>,
  rebuild: (define: Record<string, string>) => Promise<Built>,
): Promise<PageUse | null> {
  const files = ownFiles(built.metafile!);
  const texts = await Promise.all(files.map((name) => read(join(root, name)).catch(() => "")));
  const names = namesIn(texts);
  if (names.length === 0) return null;
  const marks = marksIn(await rebuild(definitions(names)), names);
  const assigned = new Set(marks.filter(({ isAssigned }) => isAssigned).map(({ name }) => name));
  for (const file of files) {
    const own = marks.filter((mark) => mark.file === file && !assigned.has(mark.name));
    const use = useIn(own, asksForNode(file, built.metafile!));
    if (use !== undefined) {
      return { what: use.name, file: join(root, file), line: use.line, column: use.column };
    }
  }
  return null;
}

/** Returns the first of one file's marks that says that the file wants a page. */
function useIn(marks: readonly Mark[], asksForNode: boolean): Mark | undefined {
  const named = new Set(marks.map(({ name }) => name));
  if (KNOWS_WORKERS.some((name) => named.has(name))) return undefined;
  return marks.find(({ name }) => {
    if (!isOfPage(name)) return false;
    const others = INSTEAD[name];
    const same = marks.filter((mark) => mark.name === name);
    if (others === undefined || !same.some(({ isAsked }) => isAsked)) return true;
    const isElsewhere = asksForNode || same.some(({ isProperty }) => isProperty);
    return !isElsewhere && !others.some((other) => named.has(other));
  });
}

/** Returns the user's own files that something of is in the bundle, the module itself last. */
function ownFiles({ outputs }: esbuild.Metafile): string[] {
  const used = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs));
  return [...new Set(used.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([name]) => name))]
    .filter((name) => !NOT_OWN.test(name));
}

/** Whether a file requires or imports a module of Node.js. */
function asksForNode(file: string, { inputs }: esbuild.Metafile): boolean {
  return inputs[file].imports.some(({ path }) => /^node:(?!pando:)/.test(path));
}

/** Returns all words of these texts that are names of what a page has, and those that bear on it. */
function namesIn(texts: readonly string[]): string[] {
  const words = new Set(texts.flatMap((text) => text.match(/[\w$]+/g) ?? []));
  const ofPage = [...words].filter(isOfPage);
  return ofPage.length === 0 ? [] : [...ofPage, ...OTHERS.filter((name) => words.has(name))];
}

function definitions(names: readonly string[]): Record<string, string> {
  const define: Record<string, string> = {};
  names.forEach((name, i) => {
    define[name] = MARK + i;
    if (!isOfPage(name)) return;
    for (const object of GLOBAL_OBJECTS) define[`${object}.${name}`] = `${MARK}${i}$`;
  });
  return define;
}

function marksIn({ outputFiles }: Built, names: readonly string[]): Mark[] {
  const text = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))!.text;
  const map = new TraceMap(text(".js.map"));
  return text(".js").split("\n").flatMap((line, i) =>
    [...line.matchAll(MARKED)].flatMap((match): Mark[] => {
      const [, asked, index, property, assignment] = match;
      const column = match.index + (asked?.length ?? 0);
      const place = originalPositionFor(map, { line: i + 1, column });
      if (place.source === null) return [];
      const isProperty = property !== "";
      return [{
        name: names[Number(index)],
        // With `./` before a name that has a colon.
        file: place.source.replace(/^\.\//, ""),
        line: place.line,
        column: place.column + 1,
        isProperty,
        isAsked: asked !== undefined || isProperty,
        isAssigned: assignment !== undefined,
      }];
    })
  );
}

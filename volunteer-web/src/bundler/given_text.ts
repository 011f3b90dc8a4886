/**
 * A module that is in no file: the text of `--eval`, of standard input, or of a pipe.
 *
 * For esbuild it is a file of the folder in which the user is, whose name no file has. An expression gets
 * `module.exports =` before it, on its own line; whatever names a place in it takes that off again.
 */

import { basename, dirname, join, resolve } from "node:path";
import { decodedMappings, encodedMap, TraceMap } from "@jridgewell/trace-mapping";
import type * as esbuild from "esbuild";
import type { BundleError, BundleOutcome } from "./outcome.ts";
import { prepared } from "./script_files.ts";

/** A text as it was given. */
export type Given = {
  readonly text: string;
  /** The folder in which it finds what it requires. */
  readonly folder: string;
  /** What people call it. */
  readonly name: string;
  /** Whether it is rather an expression than a module. */
  readonly isExpression: boolean;
};

/** One way to read a text. */
export type Reading = {
  readonly given: Given;
  /** Where esbuild finds it. */
  readonly path: string;
  readonly contents: string;
  readonly loader: esbuild.Loader;
  /** Characters that are before the text, in its first line. */
  readonly shift: number;
};

/** The name of its file; `pando:` names nothing of the user's. */
const FILE = "pando:given";
const EXPORTED = "module.exports = ";

/** Returns the ways to read a text, the likeliest first. */
export function readings(given: Given): Reading[] {
  const path = join(given.folder, FILE);
  const as = (loader: esbuild.Loader, prefix = ""): Reading => (
    { given, path, contents: prefix + given.text, loader, shift: prefix.length }
  );
  const [expression, module, typed] = [as("js", EXPORTED), as("js"), as("ts")];
  return given.isExpression ? [expression, module, as("ts", EXPORTED), typed] : [module, typed, expression];
}

/** Returns a plugin that finds the text where no file is. */
export function givenText({ path, contents, loader }: Reading): esbuild.Plugin {
  return {
    name: "given-text",
    setup(build) {
      build.onResolve({ filter: new RegExp(`${RegExp.escape(FILE)}$`) }, (asked) => {
        const isIt = asked.path === path || resolve(asked.resolveDir, asked.path) === path;
        return isIt ? { path } : null;
      });
      build.onLoad(
        { filter: new RegExp(`${RegExp.escape(FILE)}$`), namespace: "file" },
        (asked) =>
          asked.path === path
            ? { contents: prepared(contents, path), loader, resolveDir: dirname(path) }
            : null,
      );
    },
  };
}

/** Returns the outcome with every place in the text as its author counts it. */
export function asGiven(outcome: BundleOutcome, reading: Reading): BundleOutcome {
  return outcome.ok
    ? {
      ...outcome,
      map: mapAsGiven(outcome.map, reading),
      ...(outcome.page_use === undefined ? {} : { page_use: placed(outcome.page_use, reading) }),
      warnings: outcome.warnings.map((warning) => placed(warning, reading)),
    }
    : { ...outcome, error: placed(outcome.error, reading) };
}

/**
 * Whether another way to read the text may be better: it is no program when it is read in this one, or it exports nothing.
 */
export function isMisread(outcome: BundleOutcome, { given }: Reading): boolean {
  if (outcome.ok) return false;
  const { kind, file } = outcome.error;
  return kind === "export-missing" || (kind === "syntax" && file === given.name);
}

/** Returns the outcome that says most, of readings that all came to nothing: the one that got furthest. */
export function clearest(outcomes: readonly BundleOutcome[], given: Given): BundleOutcome {
  const errors = outcomes.flatMap((outcome) => outcome.ok ? [] : [outcome]);
  const broken = errors.filter(({ error }) => error.kind === "syntax");
  // As a program it is right, and there is only no function in it.
  const without = errors.find(({ error }) => error.kind !== "syntax");
  if (without !== undefined) return given.isExpression ? { ...without, error: noFunction(given) } : without;
  return broken.reduce((best, other) => isFurther(other.error, best.error) ? other : best);
}

function noFunction({ name }: Given): BundleError {
  return {
    kind: "export-missing",
    text: `This is not a function: ${name} 'x => x * x' gives one.`,
    file: name,
  };
}

function isFurther(one: BundleError, other: BundleError): boolean {
  const [line = 0, otherLine = 0] = [one.line, other.line];
  return line > otherLine || (line === otherLine && (one.column ?? 0) > (other.column ?? 0));
}

/** Returns what has a place in the text with that place as the text's author counts it. */
function placed<Located extends Partial<BundleError>>(
  located: Located,
  { given, path, shift }: Reading,
): Located {
  const { file, line, column, source } = located;
  if (file === undefined || basename(file) !== FILE || resolve(file) !== path) return located;
  const inFirst = line === 1 ? shift : 0;
  return {
    ...located,
    file: given.name,
    ...(column === undefined ? {} : { column: Math.max(1, column - inFirst) }),
    ...(source === undefined ? {} : { source: source.slice(inFirst) }),
  };
}

function mapAsGiven(json: string, { given, shift }: Reading): string {
  const map = JSON.parse(json);
  // With `./` before it, because of its colon.
  const index = map.sources.findIndex((name: string) => name === FILE || name === `./${FILE}`);
  if (index < 0) return json;
  const mappings = decodedMappings(new TraceMap(map)).map((line) =>
    line.map((segment): typeof segment => {
      if (segment.length === 1 || segment[1] !== index || segment[2] !== 0) return segment;
      const [generated, source, original, column, ...name] = segment;
      return [generated, source, original, Math.max(0, column - shift), ...name] as typeof segment;
    })
  );
  const sources = map.sources.with(index, given.name);
  return JSON.stringify(encodedMap(new TraceMap({ ...map, sources, mappings })));
}

/** Turns positions in the function's script into positions in the user's files. */

import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { FIRST_LINE_SHIFT, SCRIPT_NAME } from "../worker/script.ts";
import { stackLines } from "./stack_frames.ts";

/** A place in a file of the user, whose name is relative to the module's folder; both numbers count from 1. */
export type Place = { readonly file: string; readonly line: number; readonly column: number };
/** A call of a function, by its name if it has one. */
export type Call = Place & { readonly name: string };

/**
 * A position in a stack. `pando-function.js:3:9` is what browsers write, all of them, round which each has its own
 * words: `at f (…)` in V8, `f@…` in Firefox and Safari. Deno writes `pando-function.js, <anonymous>:3:9`.
 */
const POSITION = new RegExp(`${RegExp.escape(SCRIPT_NAME)}(?:, <anonymous>)?:(\\d+):(\\d+)`, "g");
/** A whole place of that form, and no place inside an `eval` of the function. */
const PLACE = new RegExp(`^(?:eval at [^,]*\\()?${POSITION.source}\\)?$`);
/** What the bundler made, or took from Pando: no file of the user has such a name. */
const NO_FILE = /^(?:<|(?:node|pando|url|bytes|wasm|wasm-required|disabled):)/;

/** The source map of one bundle. */
export class Tracer {
  #map: TraceMap;

  /**
   * @param map the source map's JSON
   * @throws {Error} it is none
   */
  constructor(map: string) {
    this.#map = new TraceMap(map);
  }

  /** Returns the stack with each position that the map knows replaced by that in the user's file. */
  stack(text: string): string {
    return text.replace(POSITION, (position, line, column) => {
      const place = this.#place(Number(line), Number(column));
      return place === null ? position : `${place.file}:${place.line}:${place.column}`;
    });
  }

  /** Returns the calls of a stack that are in files of the user, or of packages, the last one first; no others. */
  calls(stack: string): Call[] {
    return stackLines(stack).flatMap(({ name, place }) => {
      const [, line, column] = place.match(PLACE) ?? [];
      const found = line === undefined ? null : this.#fileAt(Number(line), Number(column));
      return found === null ? [] : [{ name, ...found }];
    });
  }

  /** Returns the first place in the stack that the map knows and that is in a file, or null. */
  first(text: string): Place | null {
    for (const [, line, column] of text.matchAll(POSITION)) {
      const place = this.#fileAt(Number(line), Number(column));
      if (place !== null) return place;
    }
    return null;
  }

  #fileAt(line: number, column: number): Place | null {
    const place = this.#place(line, column);
    return place === null || NO_FILE.test(place.file) ? null : place;
  }

  #place(line: number, column: number): Place | null {
    // Stacks count columns from 1, source maps from 0.
    const at = column - 1 - (line === 1 ? FIRST_LINE_SHIFT : 0);
    if (line < 1 || at < 0) return null;
    const { source, line: original, column: originalColumn } = originalPositionFor(this.#map, {
      line,
      column: at,
    });
    if (source === null) return null;
    return { file: source, line: original, column: originalColumn + 1 };
  }
}

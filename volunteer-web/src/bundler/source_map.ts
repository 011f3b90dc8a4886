/** Turns positions in the function's script into positions in the user's files. */

import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { FIRST_LINE_SHIFT, SCRIPT_NAME } from "../worker/script.ts";

/** A place in a file of the user, whose name is relative to the module's folder; both numbers count from 1. */
export type Place = { readonly file: string; readonly line: number; readonly column: number };

/**
 * A position in a stack. `pando-function.js:3:9` is what browsers write, all of them, round which each has its own
 * words: `at f (…)` in V8, `f@…` in Firefox and Safari. Deno writes `pando-function.js, <anonymous>:3:9`.
 */
const POSITION = new RegExp(`${RegExp.escape(SCRIPT_NAME)}(?:, <anonymous>)?:(\\d+):(\\d+)`, "g");

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

  /** Returns the first place in the stack that the map knows and that is in a file, or null. */
  first(text: string): Place | null {
    for (const [, line, column] of text.matchAll(POSITION)) {
      const place = this.#place(Number(line), Number(column));
      // What stands in for a module of Node.js is in none.
      if (place !== null && !place.file.startsWith("node:")) return place;
    }
    return null;
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

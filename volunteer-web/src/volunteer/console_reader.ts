/** Passes on what functions write to their consoles, as much of it as a reader can take. */

import type { ConsoleLines } from "../worker/console.ts";
import { LineLimit } from "../worker/line_limit.ts";

/** Takes a line. */
type Write = (level: "info" | "error", line: string) => void;

/** A reader of the consoles of all workers of a volunteer. */
export class ConsoleReader {
  #limit: LineLimit;
  #write: Write;
  #now: () => number;

  /**
   * @param most lines that are passed on in a window
   * @param windowMs its length in milliseconds
   * @param now milliseconds of a clock that never goes back
   */
  constructor(most: number, windowMs: number, write: Write, now: () => number = () => performance.now()) {
    this.#limit = new LineLimit(most, windowMs);
    this.#write = write;
    this.#now = now;
  }

  /** Takes what a function wrote. */
  take({ level, lines, skipped }: ConsoleLines): void {
    this.#limit.skip(skipped);
    const now = this.#now();
    for (const line of lines) {
      if (this.#limit.isOpen(now)) this.#saySkipped();
      if (this.#limit.take(now)) this.#write(level, line);
    }
  }

  /** Says how many lines were left out, as soon as lines are passed on again; to be called now and then. */
  tick(): void {
    if (this.#limit.isOpen(this.#now())) this.#saySkipped();
  }

  /** Says how many lines were left out so far: no more come. */
  end(): void {
    this.#saySkipped();
  }

  #saySkipped(): void {
    const skipped = this.#limit.takeSkipped();
    if (skipped > 0) {
      this.#write("info", `(and ${skipped.toLocaleString("en")} more ${skipped === 1 ? "line" : "lines"})`);
    }
  }
}

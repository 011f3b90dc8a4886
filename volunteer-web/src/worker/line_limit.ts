/** A limit on lines of a console: so many in a stretch of time, and of the others only their number. */

export class LineLimit {
  #most: number;
  #windowMs: number;
  #windowStart = -Infinity;
  /** Lines of this window. */
  #lines = 0;
  #skipped = 0;

  /**
   * @param most lines that are let through in a window
   * @param windowMs its length in milliseconds; it begins with a line
   */
  constructor(most: number, windowMs: number) {
    this.#most = most;
    this.#windowMs = windowMs;
  }

  /** Returns whether a line is let through at the time `now`, in milliseconds; otherwise it is counted. */
  take(now: number): boolean {
    if (now - this.#windowStart > this.#windowMs) {
      this.#windowStart = now;
      this.#lines = 0;
    }
    if (++this.#lines <= this.#most) return true;
    this.#skipped++;
    return false;
  }

  /** Counts lines that somebody else has not let through. */
  skip(lines: number): void {
    this.#skipped += lines;
  }

  /** Whether lines are let through again, or still. */
  isOpen(now: number): boolean {
    return this.#lines < this.#most || now - this.#windowStart > this.#windowMs;
  }

  /** Returns how many lines were not let through since this was last asked. */
  takeSkipped(): number {
    const skipped = this.#skipped;
    this.#skipped = 0;
    return skipped;
  }
}

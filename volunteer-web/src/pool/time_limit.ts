/** The time that an item may take. */

import { AwakeClock } from "./awake_clock.ts";

/** The limit is checked twenty times while it passes, within these bounds. */
const CHECKS = 20;
const LEAST_STEP_MS = 10;
const MOST_STEP_MS = 1000;
/** Beyond the limit, because a worker may keep an answer for 15 ms, and needs a moment to unpack a lease. */
const GRACE_MS = 150;

/** A limit, or none yet, with the clock by which it is measured: never too early, and late if it must be. */
export class TimeLimit {
  #limitMs: number | null = null;
  #clock = new AwakeClock(MOST_STEP_MS, performance.now());
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Sets the limit; `check` is called again and again while it holds. */
  set(limitMs: number | null, check: () => void): void {
    this.clear();
    this.#limitMs = limitMs;
    if (limitMs === null) return;
    const step = Math.max(LEAST_STEP_MS, Math.min(MOST_STEP_MS, limitMs / CHECKS));
    this.#clock = new AwakeClock(step, performance.now());
    this.#timer = setInterval(check, step);
  }

  /** There is no limit any more. */
  clear(): void {
    clearInterval(this.#timer);
    this.#limitMs = null;
    this.#clock = new AwakeClock(MOST_STEP_MS, performance.now());
  }

  /** Returns the milliseconds of its clock. */
  now(): number {
    return this.#clock.read(performance.now());
  }

  /** Whether what began at `since`, by this clock, has taken too long. */
  isOver(since: number): boolean {
    // The clock may have counted one step that was not all spent awake.
    return this.#limitMs !== null && this.now() - since > this.#limitMs + this.#clock.stepMs + GRACE_MS;
  }

  /** What is said about an item that took too long. */
  toString(): string {
    return `no result within ${(this.#limitMs ?? 0) / 1000} s (--timeout)`;
  }
}

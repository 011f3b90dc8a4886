/** The time that an item may take. */

import { WORKER_HOLDS_MS } from "../wire/constants.ts";
import { AwakeClock } from "./awake_clock.ts";

/** Checks while the limit passes, and the least and the longest time between two of them. */
const CHECKS = 20;
const MIN_STEP_MS = 10;
const MAX_STEP_MS = 1000;
/** The time that a worker may need to unpack a lease. */
const UNPACK_MS = 135;
/** The time above the limit, which is not the item's: the worker may hold its result too. */
const GRACE_MS = UNPACK_MS + WORKER_HOLDS_MS;

/** A limit, or none yet, with the clock by which it is measured. It is found to be over late, but never too early. */
export class TimeLimit {
  #limitMs: number | null = null;
  #clock = new AwakeClock(MAX_STEP_MS, performance.now());
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Sets the limit; `check` is called again and again while it holds. */
  set(limitMs: number | null, check: () => void): void {
    this.clear();
    this.#limitMs = limitMs;
    if (limitMs === null) return;
    const step = Math.max(MIN_STEP_MS, Math.min(MAX_STEP_MS, limitMs / CHECKS));
    this.#clock = new AwakeClock(step, performance.now());
    this.#timer = setInterval(check, step);
  }

  /** There is no limit any more. */
  clear(): void {
    clearInterval(this.#timer);
    this.#limitMs = null;
    this.#clock = new AwakeClock(MAX_STEP_MS, performance.now());
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

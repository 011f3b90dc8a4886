/** A clock that stands still while the device sleeps or the page is frozen. */

/**
 * Counts the time between readings, but no more than `stepMs` of it at once: a longer gap means that this thread did
 * not run, and those that it watches may not have run either. So it has to be read at least every `stepMs`; read
 * less often, it is slow and never fast.
 */
export class AwakeClock {
  readonly stepMs: number;
  #time = 0;
  #readAt: number;

  /** @param now milliseconds of a clock that never goes back, as in `read` */
  constructor(stepMs: number, now: number) {
    this.stepMs = stepMs;
    this.#readAt = now;
  }

  /** Returns the milliseconds that count so far. */
  read(now: number): number {
    this.#time += Math.max(0, Math.min(this.stepMs, now - this.#readAt));
    this.#readAt = now;
    return this.#time;
  }
}

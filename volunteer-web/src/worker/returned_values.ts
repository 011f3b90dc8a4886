/**
 * What comes back of a function that was to call back and has not done so yet.
 *
 * A promise may bring the result. A value that is no promise says nothing: the last expression of a function that calls
 * back later is the number of a timer, an element, the length of a list. But if the callback then does not come for
 * long, its author is told what came instead.
 */

/** Time without a callback after which it is said that a value came instead. */
const NO_CALLBACK_MS = 10_000;

/** What is needed from the outside. */
export interface ReturnedHost {
  /** Calls back after `ms` milliseconds. */
  later(ms: number, callback: () => void): void;
  /** Returns what stands for a new timer: a number, which counts up, or in Deno an object. */
  newTimer(): number | object;
  /** Tells the author of the function that it has returned this value and has not called back. */
  noCallback(value: unknown): void;
}

/** Whether `await` would wait for a value. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" && value !== null || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function";
}

/** Returns with what a function has failed whose promise is rejected: a reason that is nothing is one all the same. */
export function failureOf(reason: unknown): unknown {
  return reason || { message: `rejected with ${String(reason)}` };
}

/** The values that came instead of a callback. */
export class ReturnedValues {
  #host: ReturnedHost;
  /** Returns the number of the call that waits for its callback. */
  #open: () => number;
  /** The last value, and the call that it came of. */
  #last: { readonly call: number; readonly value: unknown } = { call: 0, value: undefined };
  #isWatching = false;
  /** A timer from before the function had its first one with which a value is compared. */
  #timer: number | object;

  constructor(host: ReturnedHost, open: () => number) {
    this.#host = host;
    this.#open = open;
    this.#timer = host.newTimer();
  }

  /** Takes a value that is no result. */
  ignore(call: number, value: unknown): void {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint") return;
    this.#last = { call, value };
    if (!this.#isWatching) this.#watch(call);
  }

  /** Whether a value stands for a timer that was started since this was last asked, or since the beginning. */
  isTimer(value: unknown): boolean {
    const [before, now] = [this.#timer, this.#host.newTimer()];
    this.#timer = now;
    if (typeof value === "number") return value > Number(before) && value < Number(now);
    return typeof value === "object" && value !== null && typeof now === "object" &&
      Object.getPrototypeOf(value) === Object.getPrototypeOf(now);
  }

  /** One timer at a time: functions that end with the start of a timer return a number for each item. */
  #watch(call: number): void {
    this.#isWatching = true;
    this.#host.later(NO_CALLBACK_MS, () => {
      const open = this.#open();
      // Once it was said it is not looked at again.
      if (open === call) return this.#host.noCallback(this.#last.value);
      this.#isWatching = false;
      if (open === this.#last.call) this.#watch(open);
    });
  }
}

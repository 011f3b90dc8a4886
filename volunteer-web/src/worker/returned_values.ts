/** What comes back of a function that was to call back and has not done so yet. */

/** Whether `await` would wait for a value. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" && value !== null || typeof value === "function") &&
    typeof (value as { then?: unknown }).then === "function";
}

/** Returns with what a function has failed whose promise is rejected: a reason that is nothing is one all the same. */
export function failureOf(reason: unknown): unknown {
  return reason || { message: `rejected with ${String(reason)}` };
}

/**
 * Knows timers by what stands for them. An arrow function that ends with the start of a timer returns that, and so does
 * the promise of an `async` one: it is no result, and the function calls back later.
 */
export class Timers {
  #start: () => number | object;
  /** One from before the function had its first that a value is compared with. */
  #before: number | object;

  /** @param start makes a timer: a number, which counts up, or in Deno an object */
  constructor(start: () => number | object) {
    this.#start = start;
    this.#before = start();
  }

  /** Whether a value stands for a timer that was started since this was last asked, or since the beginning. */
  has(value: unknown): boolean {
    const [before, now] = [this.#before, this.#start()];
    this.#before = now;
    if (typeof value === "number") return value > Number(before) && value < Number(now);
    return typeof value === "object" && value !== null && typeof now === "object" &&
      Object.getPrototypeOf(value) === Object.getPrototypeOf(now);
  }
}

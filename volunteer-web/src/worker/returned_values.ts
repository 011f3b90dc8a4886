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
 * The values that functions return which can call back.
 *
 * While a function can call back, such a value says nothing. An arrow function that ends with the start of a timer returns
 * what stands for that, and so does the promise of an `async` one: it is no result, and the function calls back later.
 */
export class ReturnedValues {
  #start: () => number | object;
  /** A timer from before the function had its first that a value is compared with. */
  #before: number | object;
  #last: { readonly call: number; readonly value: unknown } | null = null;

  /** @param start makes a timer: a number, which counts up, or in Deno an object */
  constructor(start: () => number | object) {
    this.#start = start;
    this.#before = start();
  }

  /** Keeps the value that a call has returned. An object is not kept: it may hold the callback. */
  note(call: number, value: unknown): void {
    if (["string", "number", "bigint"].includes(typeof value)) this.#last = { call, value };
  }

  /** Returns the value that a call has returned, which is then all that comes of it; null if that is no result. */
  of(call: number): { readonly value: unknown } | null {
    const last = this.#last;
    return last?.call === call && !this.isTimer(last.value) ? last : null;
  }

  /** Whether a value stands for a timer that was started since this was last asked, or since the beginning. */
  isTimer(value: unknown): boolean {
    const [before, now] = [this.#before, this.#start()];
    this.#before = now;
    if (typeof value === "number") return value > Number(before) && value < Number(now);
    return typeof value === "object" && value !== null && typeof now === "object" &&
      Object.getPrototypeOf(value) === Object.getPrototypeOf(now);
  }
}

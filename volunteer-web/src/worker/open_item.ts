/**
 * The item that has no result yet and waits for the function to call back: what can still give it one, and which error
 * it gets when nothing can.
 *
 * Theory of operation. An error that nobody caught (a promise that is rejected and that nobody looks at, an exception in a
 * timer or in an event's listener) need not be the item's: other things may still be on their way to the callback, and
 * a result that comes counts. But it may also have torn the only thread that led there, and then the item would stay
 * open for ever. Which of the two it is can be known: an item gets its result from its callback, or from the promise that
 * the function returned, and what could use either holds it. So they are held weakly here. When both have been
 * collected as garbage, nothing can settle the item any more, and it fails with the last error that nobody caught.
 *
 * The same is true of a function that has forgotten to call back; such an item is looked at later and more rarely.
 *
 * Nobody says when garbage is collected. Each look is preceded by a reason to do so, given some time before.
 */

import type { ErrorText } from "./error_text.ts";

/** What looking needs from the outside. */
export interface Surroundings {
  /** Calls back after `ms` milliseconds, unless the function that it returns is called before. */
  afterwards(ms: number, callback: () => void): () => void;
  /** Gives a reason to collect garbage. */
  collect(): void;
}

/** The first look after an error that nobody caught, and without one. Each next one comes after twice the time. */
const FIRST_AFTER_ERROR_MS = 50;
const FIRST_MS = 5_000;
const MAX_WAIT_MS = 600_000;
/** What is collected is not collected at once. */
const COLLECTED_WITHIN_MS = 50;

/** Watches over one item at a time. */
export class OpenItem {
  #around: Surroundings;
  #held: WeakRef<object>[] = [];
  #abandoned: (error: ErrorText) => void = () => undefined;
  #error: ErrorText | null = null;
  /** Forgets the look that comes next; null when none does. */
  #cancel: (() => void) | null = null;
  #waitMs = 0;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /**
   * Watches the open item from now on; it must not be watched already.
   *
   * @param held what can settle it: nobody else may hold them strongly but whoever can use them
   * @param abandoned called once nothing can, with what is to be said
   */
  watch(held: readonly object[], abandoned: (error: ErrorText) => void): void {
    this.#held = held.map((thing) => new WeakRef(thing));
    this.#abandoned = abandoned;
    this.#wait(FIRST_MS);
  }

  /** An error came that nobody caught; the item is watched. */
  doubt(error: ErrorText): void {
    this.#error = error;
    this.#wait(FIRST_AFTER_ERROR_MS);
  }

  /** The item is settled, or nobody's concern any more. */
  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#held = [];
    this.#error = null;
  }

  #wait(ms: number): void {
    this.#waitMs = Math.min(ms, MAX_WAIT_MS);
    this.#next(this.#waitMs, () => {
      this.#around.collect();
      // Not in the same turn of the event loop: what was looked at in it is kept to its end.
      this.#next(COLLECTED_WITHIN_MS, () => this.#look());
    });
  }

  #next(ms: number, callback: () => void): void {
    this.#cancel?.();
    this.#cancel = this.#around.afterwards(ms, callback);
  }

  #look(): void {
    if (this.#held.some((thing) => thing.deref() !== undefined)) return this.#wait(2 * this.#waitMs);
    const [abandoned, error] = [this.#abandoned, this.#error];
    this.close();
    abandoned(givenUp(error));
  }
}

/** Returns what is said about an item that is given up; `error` is the last one that nobody caught while it was open. */
function givenUp(error: ErrorText | null): ErrorText {
  if (error === null) return { message: "it did not call back, and nothing is left that could", stack: "" };
  const { message, stack } = error;
  return {
    message: `${message} (nobody caught this error, and nothing is left that could call back)`,
    stack,
  };
}

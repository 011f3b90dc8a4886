/**
 * What follows when a worker is lost: it crashed, or an item was not through within its time.
 *
 * The item at fault gets an error. Where it is not known which item that is, what is left of the lease runs once more with
 * care: each result leaves the worker before the next item begins, so that the second time it is known. A browser may
 * end all workers for the fault of one: after that each of their leases runs alone.
 */

import { KIND } from "../wire/constants.ts";
import { toJson } from "../wire/json.ts";
import { encodeResults } from "../wire/results.ts";
import type { Care, Lease, Slot } from "./slot.ts";

/** How a worker was lost. `together`: it crashed together with others. */
export type Loss = "crash" | "together" | "timeout";

/** The lease with which a worker was lost, and what follows for it. */
export type Consequence = {
  /** Whether the item that the worker was on is known, and gets an error. */
  readonly isKnown: boolean;
  /** How what is left of the lease is to be run. */
  readonly care: Care;
};

const MAX_ERROR_CHARACTERS = 500;

/** How the reason begins where no worker can start, whatever the function. */
export const NO_WORKERS = "workers cannot start here";

/** Workers that may crash in a row before one has loaded the function. */
const MAX_FAILED_STARTS = 3;
/** So many count those that could not start together: it took longer to find out, and is nothing that passes. */
const TOGETHER = 2;

/** Returns what follows for the lease that the slot runs, which there must be. */
export function consequenceOf(slot: Slot, loss: Loss): Consequence {
  const [{ care }] = slot.queue;
  switch (loss) {
    case "timeout":
      return isItemKnown(slot) ? { isKnown: true, care } : { isKnown: false, care: more(care, "each") };
    case "crash":
      return { isKnown: care === "alone" || isItemKnown(slot), care: more(care, "each") };
    case "together":
      // Of those that ended together, only one that ran alone is known to have done it.
      return { isKnown: care === "alone", care: "alone" };
  }
}

/**
 * Gives the next item of a lease an error of the function.
 *
 * @returns the `results` message that says so
 */
export function failNextItem(lease: Lease, text: string): Uint8Array<ArrayBuffer> {
  const error = toJson({ message: text.slice(0, MAX_ERROR_CHARACTERS), stack: "" });
  const head = { lease: lease.number, offset: lease.answered++, busy_us: 0 };
  return encodeResults(head, [error], [KIND.ERROR]);
}

/** Counts workers that crash before one has loaded the function: where none can, the pool does not try for ever. */
export class FailedStarts {
  #inARow = 0;

  /** A worker crashed that had not loaded the function. Returns whether these were too many. */
  add(loss: Loss): boolean {
    this.#inARow += loss === "together" ? TOGETHER : 1;
    return this.#inARow >= MAX_FAILED_STARTS;
  }

  /** A worker has loaded the function, or another one is to be loaded. */
  clear(): void {
    this.#inARow = 0;
  }
}

/** Whether it is known which item of its first lease the slot is on: the next one without a result. */
function isItemKnown({ queue: [lease], open }: Slot): boolean {
  return lease.care !== "none" || lease.count - lease.answered === 1 ||
    (open?.lease === lease.number && open.item === lease.answered);
}

/** A lease that runs alone stays alone. */
function more(care: Care, atLeast: Care): Care {
  return care === "none" ? atLeast : care;
}

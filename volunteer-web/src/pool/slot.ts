/** One slot of a pool: a worker, the leases that it holds, and what is said to it. */

import { Batch } from "../worker/batch.ts";
import type { Gathering } from "./result_joiner.ts";
import { toJson } from "../wire/json.ts";
import { KIND } from "../wire/constants.ts";
import type { Order } from "../worker/messages.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A lease in the pool. */
export type Held = {
  readonly lease: number;
  readonly count: number;
  answered: number;
  /** The `lend`. */
  readonly message: Bytes;
  /**
   * Whether each answer is to leave before the next item: `each`, because a worker hung over it, or `alone`, because
   * one crashed, in which case no other such lease runs at the same time.
   */
  care: "none" | "each" | "alone";
};
/** A worker and its queue. */
export type Slot = {
  readonly port: MessagePort;
  readonly end: () => void;
  readonly out: Gathering;
  /** `empty` has no function yet. */
  state: "empty" | "loading" | "ready" | "ended";
  /** The first is being run. */
  queue: Held[];
  /** When the first of the queue was last got on with, by the pool's clock. */
  since: number;
  /** What it says is without an answer, while everything before is answered. */
  open: { readonly lease: number; readonly item: number } | null;
  /**
   * Leases that it was told to drop and has not confirmed. Until it has, it gets nothing new: otherwise the same
   * lease could come back to it, and answers from before be taken for answers from after.
   */
  dropping: Set<number>;
  /** Ends when its queue is empty. */
  retiring: boolean;
};

/** Larger leases are not given ahead: copying them again, if they move, costs more than it brings. */
export const MAX_AHEAD = 1024 * 1024;

/** Gives an order to the slot's worker. */
export function order(slot: Slot, order: Order): void {
  slot.port.postMessage(order);
}

/** Puts a lease at the end of the slot's queue and sends a copy of it to its worker. */
export function give(slot: Slot, held: Held): void {
  slot.queue.push(held);
  const { lease, answered, care } = held;
  if (answered > 0 || care !== "none") {
    order(slot, { order: "resume", lease, from: answered, careful: care !== "none" });
  }
  slot.port.postMessage(own(held.message));
}

/** Whether the slot may be given a lease. */
export function isFree(slot: Slot): boolean {
  return slot.state === "ready" && !slot.retiring && slot.dropping.size === 0;
}

/** Whether it is known which item of the first lease the slot is on: the next one without an answer. */
export function isCertain({ queue: [runs], open }: Slot): boolean {
  return runs.care !== "none" || runs.count - runs.answered === 1 ||
    (open?.lease === runs.lease && open.item === runs.answered);
}

/** Returns the answer to the next item of a lease for which a worker was lost: an error of the function. */
export function errorAnswer(held: Held, text: string): Bytes {
  const batch = new Batch();
  batch.begin(held.lease, held.answered);
  batch.add(KIND.ERROR, toJson({ message: text.slice(0, 500), stack: "" }));
  return batch.take(0);
}

/** Returns the buffer that holds these bytes and nothing else. */
function own(bytes: Bytes): ArrayBuffer {
  const alone = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return alone ? bytes.buffer : bytes.slice().buffer;
}

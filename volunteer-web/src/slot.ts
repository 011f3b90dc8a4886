/** One slot of a pool: a worker, the leases that it holds, and what is said to it. */

import { Batch } from "./answers.ts";
import { KIND } from "./wire.ts";
import type { Order } from "./worker_messages.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A lease in the pool. */
export type Held = {
  readonly lease: number;
  readonly count: number;
  answered: number;
  /** The `lend`; null when it was too long to copy and is with its worker. */
  message: Bytes | null;
  /** A worker crashed over it. */
  careful: boolean;
};
/** A worker and its queue. */
export type Slot = {
  readonly port: MessagePort;
  readonly end: () => void;
  /** `empty` has no function yet. */
  state: "empty" | "loading" | "ready" | "ended";
  /** The first is being run. */
  queue: Held[];
  /**
   * Leases that it was told to drop and has not confirmed. Until it has, it gets nothing new: otherwise the same
   * lease could come back to it, and answers from before be taken for answers from after.
   */
  dropping: Set<number>;
  /** Ends when its queue is empty. */
  retiring: boolean;
};

/** Larger leases are transferred to their worker, and not given ahead: copying them costs more than it brings. */
export const MAX_COPIED = 1024 * 1024;

/** Gives an order to the slot's worker. */
export function order(slot: Slot, order: Order): void {
  slot.port.postMessage(order);
}

/** Puts a lease at the end of the slot's queue and sends it to its worker. */
export function give(slot: Slot, held: Held): void {
  slot.queue.push(held);
  if (held.careful) order(slot, { order: "care", lease: held.lease, from: held.answered });
  const bytes = own(held.message!);
  if (bytes.byteLength <= MAX_COPIED) return slot.port.postMessage(bytes);
  held.message = null;
  slot.port.postMessage(bytes, [bytes]);
}

/** Whether the slot may be given a lease. */
export function isFree(slot: Slot): boolean {
  return slot.state === "ready" && !slot.retiring && slot.dropping.size === 0;
}

/** Returns the answer to the next item of a lease over which a worker crashed: an error of the function. */
export function crashAnswer(held: Held, text: string): Bytes {
  const batch = new Batch();
  batch.begin(held.lease, held.answered);
  batch.add(KIND.ERROR, JSON.stringify({ message: `the worker crashed: ${text}`.slice(0, 500), stack: "" }));
  return batch.take(0);
}

/** Returns the buffer that holds these bytes and nothing else. */
function own(bytes: Bytes): ArrayBuffer {
  const alone = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return alone ? bytes.buffer : bytes.slice().buffer;
}

/** One slot of a pool: a worker, the leases that it holds, and what is said to it. */

import type { Order } from "../worker/messages.ts";
import type { ResultJoiner } from "./result_joiner.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Whether each result of a lease is to leave its worker before the next item begins: `each`, because a worker hung over
 * the lease, or `alone`, because a worker crashed over it; then no other lease runs at the same time.
 */
export type Care = "none" | "each" | "alone";

/** A lease in the pool. */
export type Lease = {
  readonly number: number;
  /** The number of its items. */
  readonly count: number;
  /** The number of its items that have a result. */
  answered: number;
  /** The `lend`. */
  readonly message: Bytes;
  care: Care;
};

/** A worker and its queue. */
export type Slot = {
  readonly port: MessagePort;
  /** Ends the worker. */
  readonly end: () => void;
  readonly joiner: ResultJoiner;
  /** `empty` has no function yet. */
  state: "empty" | "loading" | "ready" | "ended";
  /** The worker runs the first. */
  queue: Lease[];
  /** When the worker began the first of the queue or sent a result of it, by the pool's clock. */
  since: number;
  /** The item that the worker says is without a result, while all before it have one. */
  open: { readonly lease: number; readonly item: number } | null;
  /** The last error that nobody caught, and the item that was open then. */
  stray: { readonly lease: number; readonly item: number; readonly text: string } | null;
  /**
   * Numbers of leases that the worker was told to drop and has not confirmed. Until it has, it gets nothing new:
   * otherwise the same lease could come back to it, and results from before be taken for results from after.
   */
  dropping: Set<number>;
  /** Whether the worker ends when its queue is empty. */
  retiring: boolean;
};

/** Gives an order to the slot's worker. */
export function order(slot: Slot, order: Order): void {
  slot.port.postMessage(order);
}

/** Puts a lease at the end of the slot's queue and sends a copy of it to its worker. */
export function give(slot: Slot, lease: Lease): void {
  slot.queue.push(lease);
  const { number, answered, care } = lease;
  if (answered > 0 || care !== "none") {
    order(slot, { order: "resume", lease: number, from: answered, careful: care !== "none" });
  }
  slot.port.postMessage(bufferOf(lease.message));
}

/** Takes a lease from the slot, and tells its worker. */
export function drop(slot: Slot, lease: Lease): Lease {
  slot.queue = slot.queue.filter((other) => other !== lease);
  slot.dropping.add(lease.number);
  order(slot, { order: "drop", lease: lease.number });
  return lease;
}

/** Takes from the slot the leases that it has not begun. */
export function dropAhead(slot: Slot): Lease[] {
  return slot.queue.slice(1).map((lease) => drop(slot, lease));
}

/** Returns the last error that nobody caught while the worker was on the item that it is on, with what goes before it. */
export function strayOf({ queue: [lease], stray }: Slot): string {
  const isOfItem = stray !== null && stray.lease === lease?.number && stray.item === lease.answered;
  return isOfItem ? `; the last error that nobody caught: ${stray.text}` : "";
}

/** Whether the slot may be given a lease. */
export function isFree(slot: Slot): boolean {
  return slot.state === "ready" && !slot.retiring && slot.dropping.size === 0;
}

/** Returns the buffer that holds these bytes and nothing else. */
function bufferOf(bytes: Bytes): ArrayBuffer {
  const isWhole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return isWhole ? bytes.buffer : bytes.slice().buffer;
}

/** Which lease goes to which slot. */

import type { LeaseQueue } from "./lease_queue.ts";
import { drop, give, isFree, type Lease, type Slot } from "./slot.ts";

/** Larger leases are not given ahead: copying them again, if they move, costs more than it brings. */
const MAX_AHEAD_BYTES = 1024 * 1024;

/**
 * Gives leases to the slots that may have one: first one to each that is idle, from those that wait or from what another
 * slot has ahead, then one more ahead to each that has one.
 *
 * @param now by the clock of the pool
 */
export function feed(slots: readonly Slot[], waiting: LeaseQueue, now: number): void {
  const free = slots.filter(isFree);
  for (const slot of free) {
    if (slot.queue.length > 0) continue;
    const lease = waiting.next(slots) ?? steal(slots);
    if (lease === null) return;
    slot.since = now;
    give(slot, lease);
  }
  for (const slot of free) {
    if (slot.queue.length !== 1) continue;
    const lease = waiting.next(slots, MAX_AHEAD_BYTES);
    if (lease === null) return;
    give(slot, lease);
  }
}

/** Takes the lease that some slot has ahead; returns null if none has one. */
function steal(slots: readonly Slot[]): Lease | null {
  const slot = slots.find(({ queue }) => queue.length > 1);
  return slot === undefined ? null : drop(slot, slot.queue[1]);
}

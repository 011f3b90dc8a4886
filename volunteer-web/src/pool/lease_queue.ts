/** The leases of a pool that no slot has, in the order in which they are to run. */

import type { Lease, Slot } from "./slot.ts";

export class LeaseQueue {
  #leases: Lease[] = [];

  /** The number of leases that wait. */
  get count(): number {
    return this.#leases.length;
  }

  /** Adds a lease that has come. */
  add(lease: Lease): void {
    this.#leases.push(lease);
  }

  /** Puts leases back to the front, in this order. */
  putBack(...leases: readonly Lease[]): void {
    this.#leases.unshift(...leases);
  }

  /** Forgets the leases of these numbers. */
  forget(gone: ReadonlySet<number>): void {
    this.#leases = this.#leases.filter(({ number }) => !gone.has(number));
  }

  /** Forgets all leases and returns their numbers. */
  clear(): number[] {
    const numbers = this.#leases.map(({ number }) => number);
    this.#leases = [];
    return numbers;
  }

  /**
   * Takes the lease that is to run next, of at most `maxBytes` bytes.
   *
   * A lease that must run alone waits until no slot runs anything; meanwhile, and while it runs, nothing else is taken.
   *
   * @param slots all slots, with what they run
   * @returns null when there is none, or none that may run now
   */
  next(slots: readonly Slot[], maxBytes = Infinity): Lease | null {
    if (slots.some(({ queue }) => queue.some(({ care }) => care === "alone"))) return null;
    const alone = this.#leases.findIndex(({ care }) => care === "alone");
    if (alone >= 0 && slots.some(({ queue }) => queue.length > 0)) return null;
    const at = Math.max(0, alone);
    if (at >= this.#leases.length || this.#leases[at].message.length > maxBytes) return null;
    return this.#leases.splice(at, 1)[0];
  }
}

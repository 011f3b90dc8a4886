/** The leases of a pool that no slot has, in the order in which they are to run. */

import type { Held, Slot } from "./slot.ts";

export class Waiting {
  #leases: Held[] = [];

  get count(): number {
    return this.#leases.length;
  }

  /** Adds a lease that has come. */
  add(held: Held): void {
    this.#leases.push(held);
  }

  /** Puts leases back to the front, in this order. */
  putBack(...leases: readonly Held[]): void {
    this.#leases.unshift(...leases);
  }

  /** Forgets the leases of these numbers. */
  forget(gone: ReadonlySet<number>): void {
    this.#leases = this.#leases.filter(({ lease }) => !gone.has(lease));
  }

  /** Forgets all leases and returns their numbers. */
  clear(): number[] {
    const numbers = this.#leases.map(({ lease }) => lease);
    this.#leases = [];
    return numbers;
  }

  /**
   * Takes the lease that is to run next, of at most `longest` bytes.
   *
   * @param slots what runs already: a lease that must run alone waits until nothing does, and everything else for it
   * @returns null when there is none, or none that may run now
   */
  next(slots: readonly Slot[], longest = Infinity): Held | null {
    if (slots.some(({ queue }) => queue.some(({ care }) => care === "alone"))) return null;
    const suspect = this.#leases.findIndex(({ care }) => care === "alone");
    if (suspect >= 0 && slots.some(({ queue }) => queue.length > 0)) return null;
    const at = Math.max(0, suspect);
    if (at >= this.#leases.length || this.#leases[at].message.length > longest) return null;
    return this.#leases.splice(at, 1)[0];
  }
}

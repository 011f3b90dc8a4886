/**
 * Carries what workers say from the sandboxed frame to the page, several messages at a time.
 *
 * A worker sends each answer at once when items are slow, so that no answer waits for the item behind it. To wake the
 * page, which is in another process, takes the core from under a worker for longer than that answer took to send: so
 * what comes within `CARRY_MS` waits here for the rest, and all workers' messages go together. An answer after a
 * pause goes at once, and so does what says that it must not wait.
 */

import type { Note, Said } from "./worker_messages.ts";

/** With what a worker holds back, and the page does not, less than the 50 ms that the wire allows. */
export const CARRY_MS = 25;
/** Bytes of results that are worth a journey of their own. */
const MAX_CARRIED = 60 * 1024;

/** Where the messages of a worker go. */
export type Destination = Pick<MessagePort, "postMessage">;

type Bag = {
  readonly to: Destination;
  said: (ArrayBuffer | Note)[];
  size: number;
  /** When it was last passed on. */
  passedAt: number;
};

export class Courier {
  #bags = new Map<number, Bag>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A worker starts; what it says goes `to` there. */
  open(worker: number, to: Destination): void {
    this.#bags.set(worker, { to, said: [], size: 0, passedAt: -Infinity });
  }

  /** A worker is ended: whatever it said and still says is of no use. */
  close(worker: number): void {
    this.#bags.delete(worker);
  }

  /** Takes what a worker says. */
  take(worker: number, said: Said): void {
    const bag = this.#bags.get(worker);
    if (bag === undefined) return;
    const waits = said instanceof ArrayBuffer;
    if (said instanceof Array) bag.said.push(...said);
    else bag.said.push(said);
    if (waits) bag.size += said.byteLength;
    if (!waits || bag.size >= MAX_CARRIED || performance.now() - bag.passedAt >= CARRY_MS) this.#pass();
    else this.#timer ??= setTimeout(() => this.#pass(), CARRY_MS);
  }

  #pass(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    for (const bag of this.#bags.values()) {
      if (bag.said.length === 0) continue;
      bag.to.postMessage(bag.said, bag.said.filter((said) => said instanceof ArrayBuffer));
      bag.said = [];
      bag.size = 0;
      bag.passedAt = now;
    }
  }
}

/**
 * Carries what workers say from the sandboxed frame to the page, several messages at a time.
 *
 * A worker sends each answer at once when items are slow, so that no answer waits for the item behind it. To wake the
 * page, which most browsers have in another process, takes the core from under a worker for longer than it took to
 * send: so what comes within `CARRY_MS` waits here for the rest, and all workers' messages go together. After a pause
 * they go at once, and so does what must not wait, with all that was said before it.
 */

import type { Note, Said } from "../worker/messages.ts";

/** With what a worker holds back, and the page does not, less than the 50 ms that the wire allows. */
const CARRY_MS = 25;
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
    if (said instanceof Array) bag.said.push(...said);
    else bag.said.push(said);
    if (said instanceof ArrayBuffer) bag.size += said.byteLength;
    const full = bag.size >= MAX_CARRIED;
    if (full || !mayWait(said) || performance.now() - bag.passedAt >= CARRY_MS) this.#pass();
    else this.#timer ??= setTimeout(() => this.#pass(), CARRY_MS);
  }

  #pass(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    for (const bag of this.#bags.values()) {
      const { said } = bag;
      if (said.length === 0) continue;
      bag.said = [];
      bag.size = 0;
      bag.passedAt = now;
      bag.to.postMessage(said, said.filter((one) => one instanceof ArrayBuffer));
    }
  }
}

/** Functions may report, and write to the console, for each item: that is no reason to wake the page for each. */
function mayWait(said: Said): boolean {
  return said instanceof ArrayBuffer || ("note" in said && (said.note === "report" || said.note === "log"));
}

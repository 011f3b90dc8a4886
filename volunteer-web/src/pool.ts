/**
 * The workers of this volunteer and the leases that they hold.
 *
 * Theory of operation. A slot is one worker. Leases wait here in the order in which they came; an idle slot gets
 * one, and a busy slot gets one more ahead, so that it need not wait for the next. Workers get copies, so that a
 * lease ahead can move to a slot that falls idle. A slot answers for the first lease of its queue only: answers to
 * any other come from a lease that moved, and are ignored. A worker that crashes, or does not let go of a withdrawn
 * lease, is replaced. Nobody knows which item made it crash, so what is left of its lease runs once more, with
 * care: each answer leaves before the next item. If it crashes again, that item is the culprit and gets an error.
 * One lease at a time runs with care, because a browser may end all workers for the fault of one.
 */

import { readResultsHead } from "./messages.ts";
import { crashAnswer, give, type Held, isFree, MAX_COPIED, order, type Slot } from "./slot.ts";
import type { Note } from "./worker_messages.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Starts workers; how, differs between a page and Deno. */
export interface WorkerHost {
  /**
   * Starts a worker that speaks through `port`.
   *
   * @param crashed called once if the worker ends by itself, with what is known of it
   * @returns how to end it
   */
  start(port: MessagePort, crashed: (text: string) => void): () => void;
}

/** What the pool tells. */
export interface PoolEvents {
  /** The first worker can run the function. */
  loaded(): void;
  /** No worker can. */
  broken(message: string, stack: string): void;
  /** A whole `results` message. */
  answered(message: Bytes): void;
  returned(leases: readonly number[]): void;
  log(level: "info" | "error", text: string): void;
}

/** A worker that does not let go of a withdrawn lease for so long is replaced. */
const LET_GO_MS = 2000;
/** Workers that may crash in a row before one has loaded the function. */
const MAX_STILLBORN = 3;

export class Pool {
  #host: WorkerHost;
  #events: PoolEvents;
  #wanted = 0;
  #code: string | null = null;
  #slots: Slot[] = [];
  #waiting: Held[] = [];
  #stillborn = 0;
  #told: "nothing" | "loaded" | "broken" = "nothing";

  constructor(host: WorkerHost, events: PoolEvents) {
    this.#host = host;
    this.#events = events;
  }

  /** Slots that run something now. */
  get busy(): number {
    return this.#slots.filter((slot) => slot.queue.length > 0).length;
  }

  /** The status in a line, for logs and tests. */
  toString(): string {
    const slots = this.#slots.map((slot) => `${slot.state} ${slot.queue.length}`).join(", ");
    return `<Pool of ${this.#wanted} [${slots}], ${this.#waiting.length} waiting>`;
  }

  /** Changes the number of slots at once; workers that are one too many finish the lease they run. */
  setSlots(slots: number): void {
    this.#wanted = slots;
    for (const slot of this.#slots) slot.retiring = false;
    const surplus = this.#slots.length - slots;
    // Idle ones go first.
    const leavers = [...this.#slots].sort((a, b) => a.queue.length - b.queue.length).slice(
      0,
      Math.max(0, surplus),
    );
    for (const slot of leavers) {
      slot.retiring = true;
      if (slot.queue.length === 0) this.#end(slot);
      else this.#takeBack(slot);
    }
    while (this.#slots.length < slots) this.#start();
    if (slots === 0) this.#returnWaiting();
    this.#feed();
  }

  /** Gives the workers their function; `reset` must have come before a second one. */
  load(code: string): void {
    this.#code = code;
    for (const slot of this.#slots) this.#loadInto(slot);
  }

  /** Takes a lease: a whole `lend` message, which belongs to the pool from now on. */
  lend(lease: number, count: number, message: Bytes): void {
    this.#waiting.push({ lease, count, answered: 0, message, careful: false });
    if (this.#wanted === 0) this.#returnWaiting();
    else this.#feed();
  }

  /** Forgets leases, also those that are being run. */
  withdraw(leases: readonly number[]): void {
    const gone = new Set(leases);
    this.#waiting = this.#waiting.filter(({ lease }) => !gone.has(lease));
    for (const slot of this.#slots) {
      const runs = slot.queue[0];
      if (runs !== undefined && gone.has(runs.lease)) this.#letGo(slot, runs, gone);
      else for (const held of slot.queue.filter(({ lease }) => gone.has(lease))) this.#drop(slot, held);
    }
    this.#feed();
  }

  /** Ends all workers and forgets the function and all leases. */
  reset(): void {
    this.#waiting = [];
    for (const slot of [...this.#slots]) this.#end(slot);
    this.#code = null;
    this.#stillborn = 0;
    this.#told = "nothing";
  }

  /** Starts workers ahead of the function, as many as are wanted. */
  prepare(): void {
    while (this.#slots.length < this.#wanted) this.#start();
  }

  #start(): void {
    const { port1, port2 } = new MessageChannel();
    const end = this.#host.start(port2, (text) => this.#crashed(slot, text));
    const slot: Slot = { port: port1, end, state: "empty", queue: [], dropping: new Set(), retiring: false };
    port1.onmessage = ({ data }) => this.#hear(slot, data);
    this.#slots.push(slot);
    this.#loadInto(slot);
  }

  #loadInto(slot: Slot): void {
    if (this.#code === null || slot.state !== "empty") return;
    slot.state = "loading";
    order(slot, { order: "load", code: this.#code });
  }

  #end(slot: Slot): void {
    slot.state = "ended";
    slot.port.close();
    slot.end();
    this.#slots = this.#slots.filter((other) => other !== slot);
  }

  #hear(slot: Slot, data: ArrayBuffer | Note): void {
    if (slot.state === "ended") return;
    if (data instanceof ArrayBuffer) return this.#answer(slot, new Uint8Array(data));
    switch (data.note) {
      case "loaded":
        slot.state = "ready";
        this.#stillborn = 0;
        if (this.#told === "nothing") {
          this.#told = "loaded";
          this.#events.loaded();
        }
        return this.#feed();
      case "broken":
        if (this.#told === "nothing") {
          this.#told = "broken";
          this.#events.broken(data.message, data.stack);
        }
        return;
      case "dropped":
        slot.dropping.delete(data.lease);
        if (slot.retiring && slot.queue.length === 0) this.#end(slot);
        return this.#feed();
      case "log":
        return this.#events.log(data.level, data.text);
    }
  }

  #answer(slot: Slot, message: Bytes): void {
    const { lease, offset, count } = readResultsHead(message);
    const held = slot.queue[0];
    if (held?.lease !== lease) return;
    if (offset !== held.answered || count < 1 || offset + count > held.count) {
      return this.#crashed(slot, "a worker answered what it was not asked");
    }
    held.answered += count;
    if (held.answered === held.count) {
      slot.queue.shift();
      if (slot.retiring && slot.queue.length === 0) this.#end(slot);
      this.#feed();
    }
    this.#events.answered(message);
  }

  #feed(): void {
    const ready = this.#slots.filter(isFree);
    for (const slot of ready) {
      if (slot.queue.length > 0) continue;
      const held = this.#next() ?? this.#steal();
      if (held === null) return;
      give(slot, held);
    }
    for (const slot of ready) {
      if (slot.queue.length !== 1) continue;
      const held = this.#next(MAX_COPIED);
      if (held === null) return;
      give(slot, held);
    }
  }

  /** Takes the first lease that waits and may run now, of at most `longest` bytes. */
  #next(longest = Infinity): Held | null {
    const care = this.#slots.some(({ queue }) => queue.some(({ careful }) => careful));
    const at = this.#waiting.findIndex(({ careful }) => !careful || !care);
    if (at < 0 || this.#waiting[at].message!.length > longest) return null;
    return this.#waiting.splice(at, 1)[0];
  }

  #steal(): Held | null {
    const victim = this.#slots.find((slot) => slot.queue.length > 1);
    return victim === undefined ? null : this.#drop(victim, victim.queue[1]);
  }

  #drop(slot: Slot, held: Held): Held {
    slot.queue = slot.queue.filter((other) => other !== held);
    slot.dropping.add(held.lease);
    order(slot, { order: "drop", lease: held.lease });
    return held;
  }

  /** Takes back what the slot has not begun. */
  #takeBack(slot: Slot): void {
    const ahead = slot.queue.slice(1);
    for (const held of ahead) this.#drop(slot, held);
    this.#waiting.unshift(...ahead);
  }

  /** Makes the slot stop what it runs, or replaces it. What it has ahead goes back to those who wait. */
  #letGo(slot: Slot, runs: Held, gone: ReadonlySet<number>): void {
    // The last first: a worker that drops what it runs begins with the next.
    const dropped = [...slot.queue].reverse().map((held) => this.#drop(slot, held));
    for (const held of dropped) if (!gone.has(held.lease)) this.#waiting.unshift(held);
    setTimeout(() => {
      if (slot.state === "ended" || !slot.dropping.has(runs.lease)) return;
      this.#events.log("info", "a worker did not stop and was replaced");
      this.#end(slot);
      this.setSlots(this.#wanted);
    }, LET_GO_MS);
  }

  #crashed(slot: Slot, text: string): void {
    if (slot.state === "ended") return;
    const [ran, ...ahead] = slot.queue;
    const born = slot.state === "ready";
    this.#end(slot);
    this.#events.log("error", `a worker crashed: ${text}`);
    this.#waiting.unshift(...ahead);
    if (ran !== undefined) this.#judge(ran, text);
    if (!born && ++this.#stillborn >= MAX_STILLBORN) {
      if (this.#told === "nothing") {
        this.#told = "broken";
        this.#events.broken(`workers cannot start here: ${text}`, "");
      }
      return;
    }
    // Later, because others may have crashed in the same moment and must not be given anything.
    queueMicrotask(() => this.setSlots(this.#wanted));
  }

  /** Decides what becomes of a lease over which a worker crashed. */
  #judge(ran: Held, text: string): void {
    if (ran.careful || ran.count - ran.answered === 1) {
      const answer = crashAnswer(ran, text);
      ran.answered++;
      this.#events.answered(answer);
    }
    if (ran.answered === ran.count) return;
    ran.careful = true;
    if (ran.message === null) this.#events.returned([ran.lease]);
    else this.#waiting.unshift(ran);
  }

  #returnWaiting(): void {
    if (this.#waiting.length === 0) return;
    const leases = this.#waiting.map(({ lease }) => lease);
    this.#waiting = [];
    this.#events.returned(leases);
  }
}

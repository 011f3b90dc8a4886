/**
 * The workers of this volunteer and the leases that they hold.
 *
 * Theory of operation. A slot is one worker. Leases wait here in the order in which they came; an idle slot gets
 * one, and a busy slot gets one more ahead, so that it need not wait for the next. Workers get copies, so that a
 * lease ahead can move to a slot that falls idle. A slot answers for the first lease of its queue only: answers to
 * any other come from a lease that moved, and are ignored. A worker that crashes, that has no answer within the time
 * limit of an item, or that does not let go of a withdrawn lease, is replaced. The item at fault gets an error. Where
 * nobody knows which one it is, what is left of the lease runs once more, with care: each answer leaves before the
 * next item, so that the second time it is known. A browser may end all workers for the fault of one: after that
 * each of their leases runs alone.
 */

import { Gathering } from "./result_joiner.ts";
import { type Limits, NO_LIMITS } from "../wire/hello.ts";
import { readResultsHead } from "../wire/messages.ts";
import type { Heard, PoolEvents, WorkerHost } from "./worker_host.ts";
import { errorAnswer, give, type Held, isCertain, isFree, MAX_AHEAD, order, type Slot } from "./slot.ts";
import { TimeLimit } from "./time_limit.ts";
import { Waiting } from "./lease_queue.ts";
import type { Note } from "../worker/messages.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A worker that does not let go of a withdrawn lease for so long is replaced. */
const LET_GO_MS = 2000;
/** Workers that may crash in a row before one has loaded the function. */
const MAX_STILLBORN = 3;

export class Pool {
  #host: WorkerHost;
  #events: PoolEvents;
  #wanted = 0;
  #code: string | null = null;
  #limits = NO_LIMITS;
  #timeLimit = new TimeLimit();
  #slots: Slot[] = [];
  #waiting = new Waiting();
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

  /** Milliseconds for which each slot that runs something has had no answer. */
  get unansweredMs(): number[] {
    const now = this.#timeLimit.now();
    return this.#slots.filter(({ queue }) => queue.length > 0).map(({ since }) => now - since);
  }

  /** The status in a line, for logs and tests. */
  toString(): string {
    const slots = this.#slots.map((slot) => `${slot.state} ${slot.queue.length}`).join(", ");
    return `<Pool of ${this.#wanted} [${slots}], ${this.#waiting.count} waiting>`;
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
  load(code: string, limits: Limits): void {
    this.#code = code;
    this.#limits = limits;
    for (const slot of this.#slots) this.#loadInto(slot);
    this.#timeLimit.set(limits.timeout_ms, () => this.check());
  }

  /**
   * Replaces workers that have been on an item for too long. A timer calls it, but browsers hold back the timers of
   * hidden pages: calling it also when there is another reason to run makes it more exact.
   */
  check(): void {
    for (const slot of [...this.#slots]) {
      if (slot.queue.length > 0 && this.#timeLimit.isOver(slot.since)) this.#expire(slot);
    }
  }

  /** Passes on the answers that wait for others; those that are still on their way from the workers are lost. */
  passOn(): void {
    for (const slot of this.#slots) slot.out.pass();
  }

  /** Takes a lease: a whole `lend` message, which belongs to the pool from now on. */
  lend(lease: number, count: number, message: Bytes): void {
    this.#waiting.add({ lease, count, answered: 0, message, care: "none" });
    if (this.#wanted === 0) this.#returnWaiting();
    else this.#feed();
  }

  /** Forgets leases, also those that are being run. */
  withdraw(leases: readonly number[]): void {
    const gone = new Set(leases);
    this.#waiting.forget(gone);
    for (const slot of this.#slots) {
      const runs = slot.queue[0];
      if (runs !== undefined && gone.has(runs.lease)) this.#letGo(slot, runs, gone);
      else for (const held of slot.queue.filter(({ lease }) => gone.has(lease))) this.#drop(slot, held);
    }
    this.#feed();
  }

  /** Ends all workers and forgets the function and all leases. */
  reset(): void {
    this.#timeLimit.clear();
    this.#limits = NO_LIMITS;
    this.#waiting.clear();
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
    const crashed = (text: string, together?: boolean) => this.#crashed(slot, text, together);
    const hear = (heard: Heard) => this.#hear(slot, heard);
    const end = this.#host.start(port2, crashed, hear);
    const slot: Slot = {
      port: port1,
      end,
      out: new Gathering((message) => this.#events.answered(message)),
      state: "empty",
      queue: [],
      since: 0,
      open: null,
      dropping: new Set(),
      retiring: false,
    };
    port1.onmessage = ({ data }) => hear(data);
    this.#slots.push(slot);
    this.#loadInto(slot);
  }

  #loadInto(slot: Slot): void {
    if (this.#code === null || slot.state !== "empty") return;
    slot.state = "loading";
    const { max_result, timeout_ms } = this.#limits;
    order(slot, { order: "load", code: this.#code, maxResult: max_result, prompt: timeout_ms !== null });
  }

  #end(slot: Slot): void {
    slot.state = "ended";
    slot.out.pass();
    slot.port.close();
    slot.end();
    this.#slots = this.#slots.filter((other) => other !== slot);
  }

  #hear(slot: Slot, heard: Heard): void {
    const several = heard instanceof Array;
    for (const data of several ? heard : [heard]) this.#take(slot, data);
    // What came together has waited elsewhere. With a time limit it has not, and came one by one.
    if (several && this.#limits.timeout_ms === null) slot.out.pass();
    else slot.out.rest();
  }

  #take(slot: Slot, data: ArrayBuffer | Note): void {
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
        // Also after others have loaded it: a slot that cannot be filled again must not be counted on.
        if (this.#told !== "broken") {
          this.#told = "broken";
          this.#events.broken(data.message, data.stack);
        }
        return;
      case "dropped":
        slot.dropping.delete(data.lease);
        if (slot.retiring && slot.queue.length === 0) this.#end(slot);
        return this.#feed();
      case "open":
        slot.open = data;
        return;
      case "report":
        return this.#events.reported(data.report);
      case "log":
        return this.#events.log(data.level, data.text);
      case "crashed":
        return this.#crashed(slot, data.text);
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
    slot.since = this.#timeLimit.now();
    const last = held.answered === held.count;
    if (last) {
      slot.queue.shift();
      this.#feed();
    }
    slot.out.add(message, last);
    if (slot.retiring && slot.queue.length === 0) this.#end(slot);
  }

  #feed(): void {
    const ready = this.#slots.filter(isFree);
    for (const slot of ready) {
      if (slot.queue.length > 0) continue;
      const held = this.#waiting.next(this.#slots) ?? this.#steal();
      if (held === null) return;
      slot.since = this.#timeLimit.now();
      give(slot, held);
    }
    for (const slot of ready) {
      if (slot.queue.length !== 1) continue;
      const held = this.#waiting.next(this.#slots, MAX_AHEAD);
      if (held === null) return;
      give(slot, held);
    }
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
    this.#waiting.putBack(...ahead);
  }

  /** Makes the slot stop what it runs, or replaces it. What it has ahead goes back to those who wait. */
  #letGo(slot: Slot, runs: Held, gone: ReadonlySet<number>): void {
    // The last first: a worker that drops what it runs begins with the next.
    const dropped = [...slot.queue].reverse().map((held) => this.#drop(slot, held));
    for (const held of dropped) if (!gone.has(held.lease)) this.#waiting.putBack(held);
    setTimeout(() => {
      if (slot.state === "ended" || !slot.dropping.has(runs.lease)) return;
      this.#events.log("info", "a worker did not stop and was replaced");
      this.#end(slot);
      this.setSlots(this.#wanted);
    }, LET_GO_MS);
  }

  #crashed(slot: Slot, text: string, together = false): void {
    if (slot.state === "ended") return;
    const born = slot.state === "ready";
    this.#events.log("error", `a worker crashed: ${text}`);
    const [runs] = slot.queue;
    // Of those that ended together, only one that ran alone is known to have done it.
    const guilty = runs !== undefined && (runs.care === "alone" || (!together && isCertain(slot)));
    this.#replace(slot, guilty ? `the worker crashed: ${text}` : null, together ? "alone" : "each");
    if (!born && ++this.#stillborn >= MAX_STILLBORN) {
      if (this.#told !== "broken") {
        this.#told = "broken";
        this.#events.broken(`workers cannot start here: ${text}`, "");
      }
      return;
    }
    // Later, because others may have crashed in the same moment and must not be given anything.
    queueMicrotask(() => this.setSlots(this.#wanted));
  }

  #expire(slot: Slot): void {
    this.#events.log("error", `${this.#timeLimit}: a worker was replaced`);
    if (isCertain(slot)) this.#replace(slot, `${this.#timeLimit}`, "none");
    else this.#replace(slot, null, "each");
    this.setSlots(this.#wanted);
  }

  /**
   * Ends a worker that is lost. What it had ahead goes back to those who wait, and what is left of the lease that it
   * ran with the given care, or what it had before.
   *
   * @param error of the item that it was on, or null when that is not known
   */
  #replace(slot: Slot, error: string | null, care: Held["care"]): void {
    const [runs, ...ahead] = slot.queue;
    this.#end(slot);
    this.#waiting.putBack(...ahead);
    if (runs === undefined) return;
    if (error !== null) {
      const answer = errorAnswer(runs, error);
      runs.answered++;
      this.#events.answered(answer);
    }
    if (care === "alone" || runs.care === "none") runs.care = care;
    if (runs.answered < runs.count) this.#waiting.putBack(runs);
  }

  #returnWaiting(): void {
    const leases = this.#waiting.clear();
    if (leases.length > 0) this.#events.returned(leases);
  }
}

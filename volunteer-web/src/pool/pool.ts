/**
 * The workers of this volunteer and the leases that they hold.
 *
 * Theory of operation. A slot is one worker. Leases wait here in the order in which they came; an idle slot gets
 * one, and a busy slot gets one more ahead, so that it need not wait for the next. Workers get copies, so that a
 * lease ahead can move to a slot that falls idle. The results of a slot count for the first lease of its queue only:
 * others are of a lease that moved, and are ignored. A worker that crashes, that has no result within the time limit of
 * an item, or that does not let go of a withdrawn lease, is replaced; what follows for its lease is in `worker_loss.ts`.
 */

import { type Limits, NO_LIMITS } from "../wire/hello.ts";
import { readResultsHead } from "../wire/results.ts";
import { type BrokenNote, type Delivery, type FromWorker, isResults, type Note } from "../worker/messages.ts";
import { feed } from "./feeding.ts";
import { LeaseQueue } from "./lease_queue.ts";
import { ResultJoiner } from "./result_joiner.ts";
import { drop, dropAhead, type Lease, order, type Slot, strayOf } from "./slot.ts";
import { TimeLimit } from "./time_limit.ts";
import type { PoolEvents, WorkerHost } from "./worker_host.ts";
import { consequenceOf, FailedStarts, failNextItem, type Loss, NO_WORKERS } from "./worker_loss.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Failure = Pick<BrokenNote, "message" | "stack">;

/** A worker that does not let go of a withdrawn lease within this time is replaced. */
const LET_GO_MS = 2000;

export class Pool {
  #host: WorkerHost;
  #events: PoolEvents;
  /** Slots to have. */
  #wanted = 0;
  #code: string | null = null;
  #limits = NO_LIMITS;
  #timeLimit = new TimeLimit();
  #slots: Slot[] = [];
  #waiting = new LeaseQueue();
  #failedStarts = new FailedStarts();
  /** What was told of the function. */
  #told: "nothing" | "loaded" | "broken" = "nothing";
  /** Why no worker could start when there was no function yet. */
  #failure: Failure | null = null;

  constructor(host: WorkerHost, events: PoolEvents) {
    this.#host = host;
    this.#events = events;
  }

  /** Slots that run something now. */
  get busy(): number {
    return this.#slots.filter((slot) => slot.queue.length > 0).length;
  }

  /** Milliseconds for which each slot that runs something has sent no result. */
  get unansweredMs(): number[] {
    const now = this.#timeLimit.now();
    return this.#slots.filter(({ queue }) => queue.length > 0).map(({ since }) => now - since);
  }

  /** The state in a line, for logs and tests. */
  toString(): string {
    const slots = this.#slots.map((slot) => `${slot.state} ${slot.queue.length}`).join(", ");
    return `<Pool of ${this.#wanted} [${slots}], ${this.#waiting.count} waiting>`;
  }

  /** Changes the number of slots at once; workers that are one too many finish the lease they run. */
  setSlots(slots: number): void {
    this.#wanted = slots;
    for (const slot of this.#slots) slot.retiring = false;
    const surplus = Math.max(0, this.#slots.length - slots);
    const idleFirst = [...this.#slots].sort((a, b) => a.queue.length - b.queue.length);
    for (const slot of idleFirst.slice(0, surplus)) {
      slot.retiring = true;
      if (slot.queue.length === 0) this.#end(slot);
      else this.#waiting.putBack(...dropAhead(slot));
    }
    while (this.#slots.length < slots) this.#start();
    if (slots === 0) this.#returnWaiting();
    this.#feed();
  }

  /** Gives the workers their function; `reset` must have come before a second one. */
  load(code: string, limits: Limits): void {
    this.#code = code;
    this.#limits = limits;
    // Nobody may have heard it then.
    if (this.#failure !== null) this.#events.broken(this.#failure.message, this.#failure.stack);
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

  /** Passes on the results that wait for others. Those that are still on their way from the workers are lost. */
  flush(): void {
    for (const slot of this.#slots) slot.joiner.flush();
  }

  /** Takes a lease: a whole `lend` message, which belongs to the pool from now on. */
  lend(number: number, count: number, message: Bytes): void {
    this.#waiting.add({ number, count, answered: 0, message, care: "none" });
    if (this.#wanted === 0) this.#returnWaiting();
    else this.#feed();
  }

  /** Forgets leases, also those that are being run. */
  withdraw(leases: readonly number[]): void {
    const gone = new Set(leases);
    this.#waiting.forget(gone);
    for (const slot of this.#slots) {
      const [running] = slot.queue;
      if (running !== undefined && gone.has(running.number)) this.#interrupt(slot, running, gone);
      else for (const lease of slot.queue.filter(({ number }) => gone.has(number))) drop(slot, lease);
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
    this.#failedStarts.clear();
    this.#told = "nothing";
    this.#failure = null;
  }

  #start(): void {
    const { port1, port2 } = new MessageChannel();
    const crashed = (text: string, together?: boolean) =>
      this.#crashed(slot, text, together ? "together" : "crash");
    const receive = (delivery: Delivery) => this.#receive(slot, delivery);
    const end = this.#host.start(port2, crashed, receive);
    const slot: Slot = {
      port: port1,
      end,
      joiner: new ResultJoiner((message) => this.#events.results(message)),
      state: "empty",
      queue: [],
      since: 0,
      open: null,
      stray: null,
      dropping: new Set(),
      retiring: false,
    };
    port1.onmessage = ({ data }: MessageEvent<FromWorker>) => receive({ messages: [data], held: false });
    this.#slots.push(slot);
    this.#loadInto(slot);
  }

  #loadInto(slot: Slot): void {
    if (this.#code === null || slot.state !== "empty") return;
    slot.state = "loading";
    const { max_result, timeout_ms } = this.#limits;
    const measured = timeout_ms !== null;
    order(slot, { order: "load", code: this.#code, maxResult: max_result, measured });
  }

  #end(slot: Slot): void {
    slot.state = "ended";
    slot.joiner.flush();
    slot.port.close();
    slot.end();
    this.#slots = this.#slots.filter((other) => other !== slot);
  }

  #receive(slot: Slot, { messages, held }: Delivery): void {
    for (const message of messages) {
      // A message before may have ended the worker, or told that it has ended.
      if (slot.state === "ended") break;
      if (isResults(message)) this.#takeResults(slot, new Uint8Array(message.results));
      else this.#takeNote(slot, message);
    }
    if (held) slot.joiner.flush();
    else slot.joiner.defer();
  }

  #takeResults(slot: Slot, message: Bytes): void {
    const { lease, offset, count } = readResultsHead(message);
    const [running] = slot.queue;
    if (running?.number !== lease) return;
    if (offset !== running.answered || count < 1 || offset + count > running.count) {
      return this.#crashed(slot, "a worker answered what it was not asked", "crash");
    }
    running.answered += count;
    slot.since = this.#timeLimit.now();
    const endsLease = running.answered === running.count;
    if (endsLease) {
      slot.queue.shift();
      // First of all: the worker may have nothing to do.
      this.#feed();
    }
    slot.joiner.add(message, endsLease);
    this.#endIfRetired(slot);
  }

  #takeNote(slot: Slot, note: Note): void {
    switch (note.note) {
      case "loaded":
        return this.#loaded(slot);
      case "broken":
        return this.#broken(note);
      case "dropped":
        slot.dropping.delete(note.lease);
        this.#endIfRetired(slot);
        return this.#feed();
      case "open":
        slot.open = note;
        return;
      case "stray":
        slot.stray = note;
        return;
      case "report":
        return this.#events.reported(note.report);
      case "console":
        return this.#events.wrote(note);
      case "crashed":
        return this.#crashed(slot, note.text, "crash");
    }
  }

  #loaded(slot: Slot): void {
    slot.state = "ready";
    this.#failedStarts.clear();
    if (this.#told === "nothing") {
      this.#told = "loaded";
      this.#events.loaded();
    }
    this.#feed();
  }

  #broken(failure: Failure): void {
    // Also after other workers have loaded the function: a slot that cannot be filled again must not be counted on.
    if (this.#told === "broken") return;
    this.#told = "broken";
    if (this.#code === null) this.#failure = failure;
    this.#events.broken(failure.message, failure.stack);
  }

  #feed(): void {
    feed(this.#slots, this.#waiting, this.#timeLimit.now());
  }

  /** Makes the slot stop what it runs, or replaces it. What it has ahead goes back to the leases that wait. */
  #interrupt(slot: Slot, running: Lease, gone: ReadonlySet<number>): void {
    // The last first: a worker that drops what it runs begins with the next.
    const dropped = [...slot.queue].reverse().map((lease) => drop(slot, lease));
    for (const lease of dropped) if (!gone.has(lease.number)) this.#waiting.putBack(lease);
    setTimeout(() => {
      if (slot.state === "ended" || !slot.dropping.has(running.number)) return;
      this.#events.log("info", "a worker did not stop and was replaced");
      this.#end(slot);
      this.setSlots(this.#wanted);
    }, LET_GO_MS);
  }

  #endIfRetired(slot: Slot): void {
    if (slot.retiring && slot.queue.length === 0) this.#end(slot);
  }

  #crashed(slot: Slot, text: string, loss: Loss): void {
    if (slot.state === "ended") return;
    const hadLoaded = slot.state === "ready";
    this.#events.log("error", `a worker crashed: ${text}`);
    this.#lose(slot, loss, `the worker crashed: ${text}`);
    if (!hadLoaded && this.#failedStarts.add(loss)) {
      return this.#broken({ message: `${NO_WORKERS}: ${text}`, stack: "" });
    }
    // Later, because others may have crashed in the same moment and must not be given anything.
    queueMicrotask(() => this.setSlots(this.#wanted));
  }

  #expire(slot: Slot): void {
    this.#events.log("error", `${this.#timeLimit}: a worker was replaced`);
    this.#lose(slot, "timeout", `${this.#timeLimit}${strayOf(slot)}`);
    this.setSlots(this.#wanted);
  }

  /**
   * Ends a worker that is lost. What it had ahead goes back to the leases that wait, and so does what is left of the
   * lease that it ran.
   *
   * @param error of the item that it was on, if that is known
   */
  #lose(slot: Slot, loss: Loss, error: string): void {
    const [running, ...ahead] = slot.queue;
    const consequence = running === undefined ? null : consequenceOf(slot, loss);
    this.#end(slot);
    this.#waiting.putBack(...ahead);
    if (consequence === null) return;
    running.care = consequence.care;
    if (consequence.isKnown) this.#events.results(failNextItem(running, error));
    if (running.answered < running.count) this.#waiting.putBack(running);
  }

  #returnWaiting(): void {
    const leases = this.#waiting.clear();
    if (leases.length > 0) this.#events.returned(leases);
  }
}

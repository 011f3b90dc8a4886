/**
 * A volunteer's side of one channel: the twin of the client's session.
 *
 * Theory of operation. Frames of the client, what the pool tells and the time go in; small frozen instructions for
 * the shell come out. What is to be sent waits in an outbox, and the shell pulls frames when its channel has room:
 * control before bulk, so a `pong` never waits behind results. The session knows no channel, no worker, no clock.
 * Its life: first `hello`; then the function, when the shell accepts it, and `ready` when the pool has loaded it; then leases and results; then exactly one `finish`.
 * Invariant: a lease is held from its `lend` until it is answered, returned or withdrawn, and results leave only for
 * leases that are held, in the order of their items. A breach of PROTOCOL.md ends this session, not the page.
 */

import { decodeMessage, encodeMessage } from "../wire/codec.ts";
import {
  DEFAULT_HEARTBEAT_MS,
  MAX_AGENT_CHARACTERS,
  MAX_DEVICE_CHARACTERS,
  MAX_GOODBYE_CHARACTERS,
  MAX_LEASES_NAMED,
  MAX_MESSAGE_TO_VOLUNTEER_BYTES,
  MAX_REPORTS_PER_SECOND,
  MAX_SLOTS,
  PART,
  PROTOCOL,
  ProtocolError,
  RECEIVED_EVERY_BYTES,
  TYPE,
} from "../wire/constants.ts";
import { Joiner, Outbox } from "../wire/framing.ts";
import type { BlobInfo, HelloInfo } from "../wire/hello.ts";
import type { Blob, FromVolunteer, LeaveReason } from "../wire/messages.ts";
import { joinReports, type Report, textless } from "../wire/report.ts";
import { readLendHead, readResultsHead } from "../wire/results.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** How a session ended. It is `lost` when the channel broke or nothing was heard, and no end said goodbye. */
export type Ending = {
  readonly by: "client" | "volunteer" | "lost";
  /** What the goodbye says; for `lost`, `silent` or `broken`. */
  readonly reason: string;
  readonly text: string;
};

/** What the shell is to do. */
export type Instruction =
  | { readonly do: "consider"; readonly info: HelloInfo }
  | { readonly do: "store"; readonly digest: string; readonly data: Bytes }
  | { readonly do: "lend"; readonly lease: number; readonly count: number; readonly message: Bytes }
  | { readonly do: "withdraw"; readonly leases: readonly number[] }
  | { readonly do: "finish"; readonly ending: Ending };

/** How the volunteer presents itself. */
export type Presentation = {
  readonly device: string;
  readonly agent: string;
  /** The same on each channel of this page or process. */
  readonly life?: string;
  /** The same, and kept when the page is loaded again. */
  readonly tab?: string;
};

/** Heartbeats without a sign of life after which the client counts as lost; the client waits as long for a volunteer. */
const SILENT_HEARTBEATS = 12;
/** Heartbeats without a sign of life after which a client is called silent, and milliseconds at least. */
const QUIET_HEARTBEATS = 2;
const MIN_QUIET_MS = 2000;
/**
 * Bytes of results that are sent before a goodbye, so that finished work is not done again. A page that is being
 * closed has less time: without its goodbye the client learns of its end only by its silence.
 */
const LAST_RESULTS_BYTES: Readonly<Record<LeaveReason, number>> = {
  left: 256 * 1024,
  failed: 256 * 1024,
  closed: 16 * 1024,
  declined: 0,
  protocol: 0,
};
const REPORT_EVERY_MS = 1000 / MAX_REPORTS_PER_SECOND;

export class Session {
  #joiner = new Joiner(MAX_MESSAGE_TO_VOLUNTEER_BYTES);
  #outbox = new Outbox();
  #presentation: Presentation;
  #slots: number;
  #state: "greeting" | "loading" | "working" | "finished" = "greeting";
  #info: HelloInfo | null = null;
  #held = new Map<number, { readonly count: number; answered: number }>();
  #lastLease = 0;
  /** The blob that was asked for and is not there yet, and the byte of it that comes next. */
  #wanted: { readonly digest: string; readonly bytes: number; next: number } | null = null;
  /** Bytes of leases and blobs of which the client does not know that they have arrived. */
  #arrived = 0;
  #heardAt: number;
  #tickedAt: number;
  #itemsDone = 0;
  #report: Report | null = null;
  #reportedAt = -Infinity;
  /** Whether the client knows of a result without a text. */
  #saidTextless = false;

  /** @param now milliseconds, as in every other method that takes the time */
  constructor(presentation: Presentation, slots: number, now: number) {
    this.#presentation = presentation;
    this.#slots = slots;
    this.#heardAt = now;
    this.#tickedAt = now;
  }

  /** What `hello` said, or null before it. */
  get info(): HelloInfo | null {
    return this.#info;
  }

  /** Items answered so far. */
  get itemsDone(): number {
    return this.#itemsDone;
  }

  /** Items that are lent and not answered. */
  get itemsHeld(): number {
    let items = 0;
    for (const lease of this.#held.values()) items += lease.count - lease.answered;
    return items;
  }

  /** The state in a line, for logs and tests. */
  toString(): string {
    return `<Session ${this.#state}, ${this.#held.size} leases, ${this.#itemsDone} items done>`;
  }

  /** Takes a frame of the client. */
  receive(frame: Bytes, now: number): Instruction[] {
    if (this.#state === "finished") return [];
    this.#heardAt = now;
    try {
      const message = this.#joiner.receive(frame);
      this.#meter(frame);
      return message === null ? [] : this.#handle(message);
    } catch (error) {
      if (error instanceof ProtocolError) return this.leave("protocol", error.message);
      throw error;
    }
  }

  /** Asks for a blob of `hello`, from a byte of it on; its bytes are to be stored as they come. */
  accept({ digest, bytes }: BlobInfo, from: number): void {
    if (this.#state !== "loading") return;
    this.#wanted = { digest, bytes, next: from };
    this.#send({ type: "accept", blobs: [{ digest, from }] });
  }

  /** The pool has loaded the function. */
  loaded(): void {
    if (this.#state !== "loading") return;
    this.#state = "working";
    this.#ready();
  }

  /** The owner of the device has yet to agree to what the job wants. Until then the volunteer lends no slot. */
  hesitate(): void {
    if (this.#state === "loading") this.#ready(0);
  }

  /** The function cannot be loaded here. The client decides what follows from that. */
  broken(message: string, stack: string): void {
    if (this.#state === "greeting" || this.#state === "finished") return;
    // So that the client can say which device it is.
    this.hesitate();
    this.#send({ type: "broken", message, stack });
  }

  /**
   * The pool has results.
   *
   * @param message a whole `results` message
   * @returns how many results it has; 0 when its lease is not held any more, and nothing is sent
   * @throws {RangeError} it does not continue where the last one ended: an error of ours
   */
  results(message: Bytes): number {
    const { lease, offset, count } = readResultsHead(message);
    const held = this.#held.get(lease);
    if (held === undefined || this.#state === "finished") return 0;
    if (offset !== held.answered || offset + count > held.count) {
      throw new RangeError(`results from ${offset} to ${offset + count} of lease ${lease}: ${this}`);
    }
    held.answered += count;
    if (held.answered === held.count) this.#held.delete(lease);
    this.#itemsDone += count;
    this.#outbox.push(message);
    return count;
  }

  /**
   * The function has reported of its work: the client hears of it now, or within `REPORT_EVERY_MS`. That a result has no
   * text does not wait, and is said once, whichever worker says it.
   */
  reported({ no_text, ...sums }: Report, now: number): void {
    if (this.#state === "finished") return;
    const news = textless(this.#saidTextless ? undefined : no_text);
    this.#report = joinReports(this.#report, { ...sums, ...news });
    const isNew = news.no_text !== undefined;
    this.#saidTextless ||= isNew;
    if (isNew && this.#sendReport()) this.#reportedAt = now;
    else this.#sendReportIfDue(now);
  }

  /** The pool hands leases back. */
  returned(leases: readonly number[]): void {
    const known = leases.filter((lease) => this.#held.delete(lease));
    for (let i = 0; i < known.length; i += MAX_LEASES_NAMED / 2) {
      this.#send({ type: "return", leases: known.slice(i, i + MAX_LEASES_NAMED / 2) });
    }
  }

  /** Lends another number of slots from now on; 0 is a pause. */
  setSlots(slots: number): void {
    if (slots === this.#slots) return;
    this.#slots = slots;
    if (this.#state === "working") this.#ready();
  }

  /** Ends the session from this side; all leases count as handed back, but for the results that wait already. */
  leave(reason: LeaveReason, text: string): Instruction[] {
    if (this.#state === "finished") return [];
    this.#sendReport();
    const goodbye = encodeMessage({ type: "goodbye", reason, text: text.slice(0, MAX_GOODBYE_CHARACTERS) });
    this.#outbox.finish(goodbye, LAST_RESULTS_BYTES[reason]);
    return this.#finish({ by: "volunteer", reason, text });
  }

  /** The channel broke. */
  cut(text: string): Instruction[] {
    return this.#state === "finished" ? [] : this.#finish({ by: "lost", reason: "broken", text });
  }

  /** Checks whether the client is alive; to be called about once a heartbeat. */
  tick(now: number): Instruction[] {
    if (this.#state === "finished") return [];
    const heartbeat = this.#info?.heartbeat_ms ?? DEFAULT_HEARTBEAT_MS;
    // A tick that is late itself means that this end slept: what the client said meanwhile is not read yet.
    if (now - this.#tickedAt > 2 * heartbeat) this.#heardAt = now;
    this.#tickedAt = now;
    this.#sendReportIfDue(now);
    if (now - this.#heardAt <= SILENT_HEARTBEATS * heartbeat) return [];
    const text = `nothing was heard from the client for ${Math.round((now - this.#heardAt) / 1000)} s`;
    return this.#finish({ by: "lost", reason: "silent", text });
  }

  /**
   * Whether nothing has been heard from the client for so long that it may be gone. It may be busy as well, so the session
   * goes on.
   */
  isQuiet(now: number): boolean {
    if (this.#info === null || this.#state === "finished") return false;
    const patience = Math.max(MIN_QUIET_MS, QUIET_HEARTBEATS * this.#info.heartbeat_ms);
    // While ticks are missing, this end sleeps.
    return now - this.#tickedAt <= patience && now - this.#heardAt > patience;
  }

  /** Returns the next frame to send, or null. */
  pull(): Bytes | null {
    return this.#outbox.pull();
  }

  #handle(bytes: Bytes): Instruction[] {
    if (bytes[0] === TYPE.LEND) return this.#lend(bytes);
    const message = decodeMessage(bytes);
    switch (message.type) {
      case "hello":
        return this.#hello(message.info);
      case "blob":
        return this.#blob(message);
      case "ping":
        this.#send({ type: "pong", token: message.token });
        return [];
      case "withdraw": {
        const leases = message.leases.filter((lease) => this.#held.delete(lease));
        return leases.length === 0 ? [] : [Object.freeze({ do: "withdraw", leases })];
      }
      case "goodbye":
        return this.#finish({ by: "client", reason: message.reason, text: message.text });
    }
  }

  #hello(info: HelloInfo): Instruction[] {
    if (this.#state !== "greeting") throw new ProtocolError("a second hello");
    this.#state = "loading";
    this.#info = info;
    return [Object.freeze({ do: "consider", info })];
  }

  #blob({ digest, offset, data }: Blob): Instruction[] {
    const wanted = this.#wanted;
    if (wanted?.digest !== digest) throw new ProtocolError("a blob that nobody has asked for");
    if (offset !== wanted.next) throw new ProtocolError(`byte ${offset} of a blob after byte ${wanted.next}`);
    wanted.next += data.length;
    if (wanted.next > wanted.bytes) throw new ProtocolError("a blob that is longer than it was said to be");
    if (wanted.next === wanted.bytes) this.#wanted = null;
    return [Object.freeze({ do: "store", digest, data })];
  }

  /** Lets the client know what has arrived (PROTOCOL.md, 2.3): what is large at once, the rest now and then. */
  #meter(frame: Bytes): void {
    const type = frame[0];
    const isLarge = type === TYPE.BLOB || type === PART.FIRST || type === PART.NEXT;
    if (!isLarge && type !== TYPE.LEND) return;
    this.#arrived += frame.length;
    if (!isLarge && this.#arrived < RECEIVED_EVERY_BYTES) return;
    this.#send({ type: "received", size: this.#arrived });
    this.#arrived = 0;
  }

  #lend(message: Bytes): Instruction[] {
    const { lease, count } = readLendHead(message);
    if (this.#state === "greeting") throw new ProtocolError("a lease before hello");
    if (lease <= this.#lastLease) throw new ProtocolError(`lease ${lease} after lease ${this.#lastLease}`);
    this.#lastLease = lease;
    this.#held.set(lease, { count, answered: 0 });
    return [Object.freeze({ do: "lend", lease, count, message })];
  }

  #sendReportIfDue(now: number): void {
    if (now - this.#reportedAt >= REPORT_EVERY_MS && this.#sendReport()) this.#reportedAt = now;
  }

  /** Returns whether there was one to send. */
  #sendReport(): boolean {
    if (this.#report === null || this.#state !== "working") return false;
    this.#send({ type: "report", report: this.#report });
    this.#report = null;
    return true;
  }

  #ready(lent = this.#slots): void {
    const slots = Math.max(0, Math.min(MAX_SLOTS, lent));
    const device = Array.from(this.#presentation.device).slice(0, MAX_DEVICE_CHARACTERS).join("");
    const agent = this.#presentation.agent.slice(0, MAX_AGENT_CHARACTERS);
    const { life = "", tab = "" } = this.#presentation;
    this.#send({ type: "ready", info: { protocol: PROTOCOL, slots, device, agent, life, tab } });
  }

  #finish(ending: Ending): Instruction[] {
    this.#state = "finished";
    this.#held.clear();
    return [Object.freeze({ do: "finish", ending: Object.freeze(ending) })];
  }

  #send(message: FromVolunteer): void {
    this.#outbox.push(encodeMessage(message));
  }
}

/**
 * Runs sessions, one at a time: carries out what a session orders, between a channel and the pool.
 *
 * The shell of `session.ts`: it reads the clock, sends frames while the channel has room, and ends once.
 */

import { type Channel, MAX_BUFFERED_BYTES } from "../connect/channel.ts";
import { Pool } from "../pool/pool.ts";
import type { PoolEvents, WorkerHost } from "../pool/worker_host.ts";
import { type Environment, ISOLATED, isSame } from "../wire/environment.ts";
import type { HelloInfo } from "../wire/hello.ts";
import type { LeaveReason } from "../wire/messages.ts";
import type { ConsoleLines } from "../worker/console.ts";
import { BlobStore } from "./blob_store.ts";
import { digestOf } from "./digest.ts";
import { gunzip } from "./gunzip.ts";
import { JobOwner } from "./job_owner.ts";
import { type Ending, type Instruction, type Presentation, Session } from "./session.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What a session runner tells. */
export interface SessionEvents {
  /** The client said which job this is. */
  greeted(info: HelloInfo): void;
  /** Returns whether the owner of the device takes such a job; after `ask`, `agree` is called when the owner agrees. */
  consider(info: HelloInfo): Verdict;
  /** So many of the function's bytes have arrived. */
  receiving(have: number, total: number): void;
  /** The first worker has loaded the function. */
  loaded(): void;
  /** The function cannot run here. */
  broken(message: string): void;
  /** This many more items have results. */
  answered(items: number): void;
  /** The function wrote to its console. */
  wrote(lines: ConsoleLines): void;
  /** A line for the owner's log. */
  log(level: "info" | "error", text: string): void;
}

/** What the owner of the device says to a job. `declined` gives the reason, for the client. */
export type Verdict = "take" | "ask" | { readonly declined: string };

const ANYBODY = new JobOwner(null, () => Promise.reject(new Error("there is nothing to check")));
/** What is said where the function is not the one that the client has announced. */
const BAD_DIGEST = "the function does not have its digest";
/** Time between two checks whether the client is alive. */
const TICK_MS = 1000;

/** The workers of a volunteer, and the sessions that use them one after the other. */
export class SessionRunner {
  #pool: Pool;
  #events: SessionEvents;
  #host: WorkerHost;
  #owner: JobOwner;
  #slots: number;
  #environment = ISOLATED;
  /** So that a client knows who comes back when a connection was lost: what was lent here has not ended this volunteer. */
  readonly #life = drawLife();
  /** Whether the owner has not agreed yet to what the job wants. */
  #isUndecided = false;
  #blobs = new BlobStore();
  #session: Session | null = null;
  #channel: Channel | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #closing: Promise<void> = Promise.resolve();
  #resolve: (ending: Ending) => void = () => undefined;

  /**
   * @param slots the number of workers to lend
   * @param owner for whom this volunteer works
   */
  constructor(host: WorkerHost, slots: number, events: SessionEvents, owner: JobOwner = ANYBODY) {
    this.#events = events;
    this.#owner = owner;
    this.#host = host;
    this.#slots = slots;
    const poolEvents: PoolEvents = {
      loaded: () => this.#tell((session) => session.loaded(), () => events.loaded()),
      broken: (message, stack) =>
        this.#tell((session) => session.broken(message, stack), () => events.broken(message)),
      results: (message) => {
        const items = this.#session?.results(message) ?? 0;
        this.#sendFrames();
        if (items > 0) events.answered(items);
      },
      returned: (leases) => this.#tell((session) => session.returned(leases)),
      reported: (report) => this.#tell((session) => session.reported(report, performance.now())),
      wrote: (lines) => events.wrote(lines),
      log: (level, text) => events.log(level, text),
    };
    this.#pool = new Pool(host, poolEvents);
    this.#pool.setSlots(slots);
  }

  /** Slots that run something now. */
  get busy(): number {
    return this.#pool.busy;
  }

  /** Slots that are lent: a page is one, however many the owner would lend. */
  get lent(): number {
    return this.#environment.context === "page" ? Math.min(1, this.#slots) : this.#slots;
  }

  /** Whether nothing has been heard for a while from a client that has said its job. */
  get isQuiet(): boolean {
    return this.#session?.isQuiet(performance.now()) ?? false;
  }

  /** Milliseconds for which each slot that runs something has sent no result. */
  get unansweredMs(): number[] {
    return this.#pool.unansweredMs;
  }

  /** Settles when the last channel is closed, with all that was sent on it. */
  get closing(): Promise<void> {
    return this.#closing;
  }

  /** Lends another number of slots, now and to the next clients; 0 is a pause. */
  setSlots(slots: number): void {
    this.#slots = slots;
    this.#pool.setSlots(this.lent);
    // Before the owner has agreed nothing is lent, whatever number of slots is chosen meanwhile.
    if (!this.#isUndecided) this.#tell((session) => session.setSlots(this.lent));
  }

  /** Starts workers before there is a channel, which saves their start from the time to the first result. */
  prepare(): void {
    this.#pool.setSlots(this.lent);
  }

  /**
   * Works for the client at the other end of an open channel.
   *
   * @returns how it ended; the channel is closed then
   */
  run(channel: Channel, presentation: Presentation): Promise<Ending> {
    this.#channel = channel;
    this.#session = new Session({ ...presentation, life: this.#life }, this.#slots, performance.now());
    this.prepare();
    this.#timer = setInterval(() => {
      this.#carryOut(this.#session?.tick(performance.now()));
      this.#sendFrames();
    }, TICK_MS);
    const ended = new Promise<Ending>((resolve) => this.#resolve = resolve);
    channel.listen({
      frame: (bytes) => {
        // Frames come also when timers are held back, because the page is hidden.
        this.#pool.check();
        this.#carryOut(this.#session?.receive(bytes, performance.now()));
        this.#sendFrames();
      },
      room: () => this.#sendFrames(),
      closed: (text) => this.#carryOut(this.#session?.cut(text)),
    });
    return ended;
  }

  /** Says goodbye, if there is a client, after the results that are finished. */
  leave(reason: LeaveReason, text = ""): void {
    this.#pool.flush();
    this.#carryOut(this.#session?.leave(reason, text));
  }

  /** Ends the workers of a volunteer that is not needed any more. */
  dismiss(): void {
    this.#moveTo(ISOLATED);
    this.#pool.reset();
  }

  /** The owner agrees to the job about which `consider` returned `ask`. */
  agree(): void {
    if (this.#isUndecided && this.#session !== null) this.#take(this.#session);
    this.#isUndecided = false;
    this.#sendFrames();
  }

  /** Has slots in another environment. */
  #moveTo(environment: Environment): void {
    if (isSame(environment, this.#environment)) return;
    this.#pool.reset();
    this.#environment = environment;
    this.#host.moveTo(environment);
  }

  /** Tells the session, if there is one, and then the owner. */
  #tell(session: (session: Session) => void, owner?: () => void): void {
    if (this.#session === null) return;
    session(this.#session);
    this.#sendFrames();
    owner?.();
  }

  #carryOut(instructions: readonly Instruction[] = []): void {
    for (const instruction of instructions) {
      switch (instruction.do) {
        case "consider":
          this.#events.greeted(instruction.info);
          this.#look(this.#session!, instruction.info);
          break;
        case "store":
          this.#store(this.#session!, instruction.digest, instruction.data);
          break;
        case "lend":
          this.#pool.lend(instruction.lease, instruction.count, instruction.message);
          break;
        case "withdraw":
          this.#pool.withdraw(instruction.leases);
          break;
        case "finish":
          this.#finish(instruction.ending);
          break;
      }
    }
  }

  /** Before anything is loaded: looks whether the job is of whom this volunteer came for. */
  #look(session: Session, info: HelloInfo): void {
    if (this.#owner.isAnybody) return this.#decide(session, info);
    this.#owner.refusal(info.job, info.client, this.#channel!.binding).then((refusal) => {
      if (session !== this.#session) return;
      if (refusal === null) this.#decide(session, info);
      else this.#decline(session, refusal);
      this.#sendFrames();
    });
  }

  #decide(session: Session, info: HelloInfo): void {
    const verdict = this.#events.consider(info);
    if (verdict === "take") {
      this.#take(session);
    } else if (verdict === "ask") {
      this.#isUndecided = true;
      session.hesitate();
    } else {
      this.#decline(session, verdict.declined);
    }
  }

  #decline(session: Session, why: string): void {
    // This says the device's name, so that the client can say which volunteer it is that declines.
    session.hesitate();
    this.#carryOut(session.leave("declined", why));
  }

  /** Gets the job's function, from the client if it is not here already, and has it loaded. */
  #take(session: Session): void {
    const { context, allow_net, function: bundle } = session.info!;
    this.#moveTo({ context, net: allow_net });
    session.setSlots(this.lent);
    this.#pool.setSlots(this.lent);
    const have = this.#blobs.begin(bundle);
    if (have === bundle.bytes) this.#load(session);
    else session.accept(bundle, have);
  }

  #store(session: Session, digest: string, data: Bytes): void {
    const have = this.#blobs.add(digest, data);
    const { bytes } = session.info!.function;
    this.#events.receiving(have, bytes);
    if (have === bytes) this.#load(session);
  }

  async #load(session: Session): Promise<void> {
    const { digest } = session.info!.function;
    const packed = this.#blobs.get(digest);
    try {
      if (await digestOf(packed) !== digest) {
        this.#blobs.forget(digest);
        if (session === this.#session) {
          this.#tell(() => this.#carryOut(session.leave("protocol", BAD_DIGEST)));
        }
        return;
      }
      const code = await gunzip(packed);
      if (session === this.#session) this.#pool.load(code, session.info!);
    } catch (error) {
      if (session !== this.#session) return;
      const { message } = error as Error;
      this.#tell((session) => session.broken(message, ""), () => this.#events.broken(message));
    }
  }

  /** Sends what the session has to say while the channel has room. */
  #sendFrames(): void {
    const channel = this.#channel;
    if (channel === null || this.#session === null) return;
    while (channel.buffered < MAX_BUFFERED_BYTES) {
      const frame = this.#session.pull();
      if (frame === null) return;
      channel.send(frame);
    }
  }

  #finish(ending: Ending): void {
    clearInterval(this.#timer);
    const channel = this.#channel;
    // A goodbye, if there is one, goes out however much waits already.
    for (let frame = this.#session?.pull(); frame; frame = this.#session?.pull()) channel?.send(frame);
    this.#session = null;
    this.#channel = null;
    this.#isUndecided = false;
    this.#closing = channel?.close() ?? this.#closing;
    // The next client's function must not find what this one's left in the workers.
    this.#pool.reset();
    this.#moveTo(ISOLATED);
    this.#resolve(ending);
  }
}

/** Draws 16 bytes as hexadecimal digits. */
function drawLife(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

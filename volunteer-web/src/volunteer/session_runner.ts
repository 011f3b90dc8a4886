/**
 * One volunteer on one channel: carries out what the session orders, between a channel and the pool.
 *
 * The shell of `session`: it reads the clock, pumps frames while the channel has room, and ends once.
 */

import { type Channel, MAX_BUFFERED } from "../connect/channel.ts";
import { gunzip } from "./gunzip.ts";
import type { HelloInfo } from "../wire/hello.ts";
import { ALONE, isSame, type Place } from "../wire/environment.ts";
import { Pool } from "../pool/pool.ts";
import type { PoolEvents, WorkerHost } from "../pool/worker_host.ts";
import { type Ending, type Instruction, type LeaveReason, type Presentation, Session } from "./session.ts";

/** What an attendance tells whoever shows it. */
export interface AttendanceEvents {
  /** The client said which job this is. */
  greeted(info: HelloInfo): void;
  /** Whether the owner takes such a job: if there is no answer yet, `agree` brings it. */
  consider(info: HelloInfo): Verdict;
  /** Workers have the function. */
  loaded(): void;
  /** The function cannot run here. */
  broken(message: string): void;
  /** So many items more are answered. */
  answered(items: number): void;
  /** A line for the owner's log. */
  log(level: "info" | "error", text: string): void;
}

/** What the owner of the device says to a job. */
export type Verdict = "take" | "ask" | { readonly declined: string };

/** Checks for a silent client so often. */
const TICK_MS = 1000;

/** Workers and the sessions that use them, one at a time. */
export class Attendance {
  #pool: Pool;
  #events: AttendanceEvents;
  #host: WorkerHost;
  #slots: number;
  #place = ALONE;
  /** The function of a job to which the owner has not agreed yet. */
  #undecided: Uint8Array<ArrayBuffer> | null = null;
  #session: Session | null = null;
  #channel: Channel | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #closing: Promise<void> = Promise.resolve();
  #resolve: (ending: Ending) => void = () => undefined;

  /** @param slots how many workers to lend */
  constructor(host: WorkerHost, slots: number, events: AttendanceEvents) {
    this.#events = events;
    this.#host = host;
    this.#slots = slots;
    const poolEvents: PoolEvents = {
      loaded: () => this.#tell((session) => session.loaded(), () => events.loaded()),
      broken: (message, stack) =>
        this.#tell((session) => session.broken(message, stack), () => events.broken(message)),
      answered: (message) => {
        const items = this.#session?.answered(message) ?? 0;
        this.#pump();
        if (items > 0) events.answered(items);
      },
      returned: (leases) => this.#tell((session) => session.returned(leases)),
      reported: (report) => this.#tell((session) => session.reported(report, performance.now())),
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
    return this.#place.context === "page" ? Math.min(1, this.#slots) : this.#slots;
  }

  /** Milliseconds for which each slot that runs something has had no answer. */
  get unansweredMs(): number[] {
    return this.#pool.unansweredMs;
  }

  /** Settles when the last channel is closed, with all that was sent on it. */
  get closing(): Promise<void> {
    return this.#closing;
  }

  /** Items that the client has lent and waits for. */
  get itemsHeld(): number {
    return this.#session?.itemsHeld ?? 0;
  }

  /** Lends another number of slots, now and to the next clients; 0 is a pause. */
  setSlots(slots: number): void {
    this.#slots = slots;
    this.#pool.setSlots(this.lent);
    // Who has not agreed lends nothing yet, whatever is chosen meanwhile.
    if (this.#undecided === null) this.#tell((session) => session.setSlots(this.lent));
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
  attend(channel: Channel, presentation: Presentation): Promise<Ending> {
    this.#channel = channel;
    this.#session = new Session(presentation, this.#slots, performance.now());
    this.prepare();
    this.#timer = setInterval(() => {
      this.#do(this.#session?.tick(performance.now()));
      this.#pump();
    }, TICK_MS);
    const ended = new Promise<Ending>((resolve) => this.#resolve = resolve);
    channel.listen({
      frame: (bytes) => {
        // Frames come also when timers are held back, because the page is hidden.
        this.#pool.check();
        this.#do(this.#session?.receive(bytes, performance.now()));
        this.#pump();
      },
      room: () => this.#pump(),
      closed: (text) => this.#do(this.#session?.cut(text)),
    });
    return ended;
  }

  /** Says goodbye, if a client listens, after what is finished. */
  leave(reason: LeaveReason, text = ""): void {
    this.#pool.passOn();
    this.#do(this.#session?.leave(reason, text));
  }

  /** Ends the workers of a volunteer that is not needed any more. */
  dismiss(): void {
    this.#settle(ALONE);
    this.#pool.reset();
  }

  /** The owner agrees to the job about which `consider` said `ask`. */
  agree(): void {
    if (this.#undecided !== null && this.#session !== null) this.#load(this.#session, this.#undecided);
    this.#undecided = null;
  }

  /** Has slots where the job wants them. */
  #settle(place: Place): void {
    if (isSame(place, this.#place)) return;
    this.#pool.reset();
    this.#place = place;
    this.#host.settle(place);
  }

  #tell(say: (session: Session) => void, also?: () => void): void {
    if (this.#session === null) return;
    say(this.#session);
    this.#pump();
    also?.();
  }

  #do(instructions: readonly Instruction[] = []): void {
    for (const instruction of instructions) {
      switch (instruction.do) {
        case "load":
          this.#events.greeted(instruction.info);
          this.#decide(this.#session!, instruction.info, instruction.bundle);
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

  #decide(session: Session, info: HelloInfo, bundle: Uint8Array<ArrayBuffer>): void {
    const verdict = this.#events.consider(info);
    if (verdict === "take") {
      this.#load(session, bundle);
    } else if (verdict === "ask") {
      this.#undecided = bundle;
      session.hesitate();
    } else {
      // With its name, so that the client can say who it is that declines.
      session.hesitate();
      this.#do(session.leave("declined", verdict.declined));
    }
  }

  async #load(session: Session, bundle: Uint8Array<ArrayBuffer>): Promise<void> {
    const { context, allow_net } = session.info!;
    this.#settle({ context, net: allow_net });
    session.setSlots(this.lent);
    this.#pool.setSlots(this.lent);
    try {
      const code = await gunzip(bundle);
      if (session === this.#session) this.#pool.load(code, session.info!);
    } catch (error) {
      if (session !== this.#session) return;
      const { message } = error as Error;
      this.#tell((session) => session.broken(message, ""), () => this.#events.broken(message));
    }
  }

  #pump(): void {
    const channel = this.#channel;
    if (channel === null || this.#session === null) return;
    while (channel.buffered < MAX_BUFFERED) {
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
    this.#undecided = null;
    this.#closing = channel?.close() ?? this.#closing;
    // The next client's function must not find what this one's left in the workers.
    this.#pool.reset();
    this.#settle(ALONE);
    this.#resolve(ending);
  }
}

/**
 * A volunteer over its whole life: connects, works, and comes back by itself whenever a connection ends.
 *
 * The same for a page and for a process without one. What it is doing is one frozen value, `Status`, which
 * `description.ts` turns into words.
 */

import { Attempts, type Failure, type Tries } from "./attempts.ts";
import { backoffMs, refusedMs } from "./backoff.ts";
import { Beside, type Search } from "./beside.ts";
import type { Channel } from "../connect/channel.ts";
import { ConnectError } from "../connect/error.ts";
import type { LeaveReason } from "../wire/messages.ts";
import { NO_WORKERS } from "../pool/worker_loss.ts";
import type { Ending, Presentation } from "./session.ts";
import type { SessionRunner } from "./session_runner.ts";

/** What a volunteer is doing. */
export type Status =
  | { readonly phase: "connecting"; readonly job: string | null }
  /** There is no job yet. */
  | { readonly phase: "waiting" }
  /** The channel is open and the function is being loaded. */
  | {
    readonly phase: "loading";
    readonly job: string;
    readonly title: string;
    /** What has arrived of a function that takes a while to arrive, in bytes. */
    readonly transfer?: { readonly have: number; readonly total: number };
  }
  /** The function wants something to which the owner has to agree. */
  | { readonly phase: "asking"; readonly job: string; readonly title: string }
  | {
    readonly phase: "working";
    readonly job: string;
    readonly title: string;
    readonly over: Channel["kind"];
  }
  /** Trying again at `retryAt`, in milliseconds of the clock of `performance.now`. */
  | { readonly phase: "lost"; readonly why: string; readonly retryAt: number }
  /** The job has enough volunteers; asking again at `retryAt`, and not sooner. */
  | { readonly phase: "refused"; readonly why: string; readonly retryAt: number }
  /** As it is now it cannot work; it tries again at `retryAt` all the same. */
  | { readonly phase: "unable"; readonly why: string; readonly retryAt: number }
  | { readonly phase: "left" };

/** Opens a channel, and tells on the way that there is no job, which one the server assigned, and what failed. */
export type Connector = (
  on: { waiting(): void; assigned(job: string): void; failed(error: ConnectError): void },
  signal: AbortSignal,
) => Promise<Channel>;

/** How the job of the last session ended, if it did: the owner is thanked for it until the next session. */
export type LastEnding = "none" | "done" | "stopped";

/** From here on a function may take a while to arrive. */
const LARGE_BYTES = 200_000;
const BETWEEN_RECEIVING_MS = 100;
/** A client that this volunteer cannot work for is tried again after this time. */
const UNABLE_MS = 30_000;
/** Time between two looks whether a client is silent. */
const LOOK_EVERY_MS = 500;
/** After a job's end the next one may be seconds away, or days. */
const AFTER_JOB_MS = 500;

export class Volunteer {
  #runner: SessionRunner;
  #connect: Connector;
  #presentation: Presentation;
  #changed: () => void;
  #status: Status = { phase: "left" };
  #lastEnding: LastEnding = "none";
  /** The kind of the open channel. */
  #over: Channel["kind"] = "pipe";
  #assigned: string | null = null;
  /** When it was last said what has arrived of the function. */
  #receivedAt = -Infinity;
  /** What was tried to reach a client, and how it ended. */
  #attempts = new Attempts();
  #failures = 0;
  #refusals = 0;
  /** The server or the client asked not to be tried again before this time. */
  #patientUntil = -Infinity;
  /** Gives up the attempt to connect that is under way. */
  #attempt: AbortController | null = null;
  /** Looks for another client while that of the session is silent. */
  #beside: Beside;
  /** A channel to another client, which is used next. */
  #next: { readonly channel: Channel; readonly job: string | null } | null = null;
  /** Ends the sleep between two attempts. */
  #wake: () => void = () => undefined;
  #running: Promise<void> | null = null;
  /** Whether it has joined and not left. */
  #wanted = false;

  /** @param changed called when `status` or `lastEnding` has changed */
  constructor(runner: SessionRunner, connect: Connector, presentation: Presentation, changed: () => void) {
    this.#runner = runner;
    this.#connect = connect;
    this.#presentation = presentation;
    this.#changed = changed;
    this.#beside = new Beside(
      (on, signal) => connect({ ...on, failed: () => undefined }, signal),
      (job) => job !== null && job !== this.#assigned,
      (channel, job) => this.#move(channel, job),
    );
  }

  get status(): Status {
    return this.#status;
  }

  get lastEnding(): LastEnding {
    return this.#lastEnding;
  }

  /** What was tried in vain since something came of it. */
  get tries(): Tries | null {
    return this.#attempts.tries;
  }

  /** How the search for another client goes, while that of the session is silent. */
  get search(): Search {
    return this.#beside.search;
  }

  /** The job for which the server made the connection; null if no server did. */
  get assigned(): string | null {
    return this.#assigned;
  }

  /** Starts, or starts again after leaving. */
  join(): void {
    this.#wanted = true;
    this.#failures = 0;
    this.#attempts.clear();
    this.#running ??= this.#run();
    this.#wake();
  }

  /** Hands everything back and stays away until `join`. */
  async leave(reason: LeaveReason, text = ""): Promise<void> {
    this.#wanted = false;
    this.#attempt?.abort();
    this.#runner.leave(reason, text);
    this.#runner.dismiss();
    this.#set({ phase: "left" });
    this.#wake();
    await this.#running;
    await this.#runner.closing;
  }

  /** Something has changed for the better, such as the network: tries again now, unless it was asked to wait. */
  hurry(): void {
    if (performance.now() < this.#patientUntil) return;
    this.#failures = 0;
    this.#wake();
  }

  /** To be called by the session runner's owner when a client has said its job. */
  greeted(job: string, title: string): void {
    this.#lastEnding = "none";
    this.#attempts.clear();
    this.#set({ phase: "loading", job, title });
  }

  /** To be called when the owner of the device is asked whether the job is taken. */
  asking(job: string, title: string): void {
    this.#set({ phase: "asking", job, title });
  }

  /** To be called when bytes of the function have arrived. */
  receiving(have: number, total: number): void {
    if (this.#status.phase !== "loading" || total < LARGE_BYTES) return;
    const now = performance.now();
    if (have < total && now - this.#receivedAt < BETWEEN_RECEIVING_MS) return;
    this.#receivedAt = now;
    this.#set({ ...this.#status, transfer: { have, total } });
  }

  /** To be called when the function is loaded. */
  loaded(): void {
    if (this.#status.phase !== "loading") return;
    const { job, title } = this.#status;
    this.#failures = 0;
    this.#refusals = 0;
    this.#set({ phase: "working", job, title, over: this.#over });
  }

  /** To be called when the function cannot be loaded. The client decides whether this volunteer stays. */
  broken(message: string): void {
    const isOurs = message.startsWith(NO_WORKERS);
    const why = isOurs ? message : `this job's function cannot run here: ${message}`;
    this.#set({ phase: "unable", why, retryAt: Infinity });
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      const waitMs = await this.#connectAndWork();
      if (this.#wanted && waitMs > 0) await this.#sleep(waitMs);
    }
    this.#running = null;
    this.#next?.channel.close();
    this.#next = null;
  }

  /** Connects and works until the session ends; returns the milliseconds to wait before the next time. */
  async #connectAndWork(): Promise<number> {
    let channel: Channel;
    try {
      if (this.#status.phase === "left") this.#set({ phase: "connecting", job: null });
      this.#runner.prepare();
      channel = this.#takeNext() ?? await this.#open();
    } catch (error) {
      return this.#wanted ? this.#failed(error) : 0;
    }
    if (!this.#wanted) {
      channel.close();
      return 0;
    }
    this.#over = channel.kind;
    if (this.#status.phase !== "connecting") this.#set({ phase: "connecting", job: this.#assigned });
    return this.#ended(await this.#work(channel));
  }

  async #open(): Promise<Channel> {
    const attempt = this.#attempt = new AbortController();
    this.#assigned = null;
    try {
      return await this.#connect({
        waiting: () => {
          this.#attempts.clear();
          this.#set({ phase: "waiting" });
        },
        assigned: (job) => {
          this.#assigned = job;
          this.#attempts.reachedServer();
          this.#set({ phase: "connecting", job });
        },
        failed: (error) => {
          this.#attempts.failed(failureOf(error), performance.now());
          this.#changed();
        },
      }, attempt.signal);
    } finally {
      this.#attempt = null;
    }
  }

  /** Works until the session ends; meanwhile looks elsewhere if its client is silent and there is nothing to do. */
  async #work(channel: Channel): Promise<Ending> {
    let search: Search = "none";
    const look = setInterval(() => {
      this.#beside.check(this.#runner.isQuiet && this.#runner.busy === 0, performance.now());
      if (search !== this.#beside.search) this.#changed();
      search = this.#beside.search;
    }, LOOK_EVERY_MS);
    try {
      return await this.#runner.run(channel, this.#presentation);
    } finally {
      clearInterval(look);
      this.#beside.stop();
    }
  }

  /** Goes to another client. */
  #move(channel: Channel, job: string | null): void {
    this.#next = { channel, job };
    // It may be there all the same, and needs to know.
    this.#runner.leave("left", "nothing was heard from this client");
  }

  #takeNext(): Channel | null {
    const next = this.#next;
    if (next === null) return null;
    this.#next = null;
    this.#assigned = next.job;
    return next.channel;
  }

  // Each of these sets the status and returns the milliseconds to wait before the next attempt.

  #failed(error: unknown): number {
    const waitMs = backoffMs(++this.#failures, Math.random());
    if (!(error instanceof ConnectError)) return this.#lost(String(error), waitMs);
    this.#attempts.failed(failureOf(error), performance.now());
    this.#patientUntil = performance.now() + error.waitMs;
    if (error.passing) return this.#lost(error.message, Math.max(waitMs, error.waitMs));
    return this.#unable(error.message);
  }

  #ended({ by, reason, text }: Ending): number {
    if (by === "volunteer") {
      if (reason === "declined") return this.#unable(text);
      return reason === "protocol" ? this.#unable(`the client broke the protocol: ${text}`) : 0;
    }
    // A client may hang up on a volunteer that cannot load its function.
    if (by === "lost" && this.#status.phase === "unable") return this.#unable(text);
    if (by === "lost") return this.#lostClient(text);
    switch (reason) {
      case "done":
      case "stopped":
        if (this.#status.phase === "working") this.#lastEnding = reason;
        return this.#lost("the job has ended", AFTER_JOB_MS);
      case "full":
        return this.#refused(text);
      case "protocol":
        return this.#unable(text || "the client and this volunteer do not understand each other");
      default:
        return this.#lostTouch(text);
    }
  }

  #lost(why: string, waitMs: number): number {
    this.#set({ phase: "lost", why, retryAt: performance.now() + waitMs });
    return waitMs;
  }

  #unable(why: string): number {
    const broken = this.#status.phase === "unable" ? this.#status.why : why;
    this.#set({ phase: "unable", why: broken, retryAt: performance.now() + UNABLE_MS });
    return UNABLE_MS;
  }

  #refused(why: string): number {
    const waitMs = refusedMs(++this.#refusals, Math.random());
    this.#patientUntil = performance.now() + waitMs;
    this.#set({ phase: "refused", why, retryAt: this.#patientUntil });
    return waitMs;
  }

  #lostTouch(text: string): number {
    const why = "the client lost touch with this device" + (text === "" ? "" : ` (${text})`);
    return this.#lostClient(why);
  }

  #lostClient(why: string): number {
    this.#attempts.failed({ part: "client", why, detail: "" }, performance.now());
    return this.#lost(why, backoffMs(++this.#failures, Math.random()));
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #set(status: Status): void {
    this.#status = Object.freeze(status);
    this.#changed();
  }
}

function failureOf({ part, message, detail }: ConnectError): Failure {
  return { part, why: message, detail };
}

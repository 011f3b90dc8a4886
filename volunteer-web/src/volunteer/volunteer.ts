/**
 * A volunteer over its whole life: connects, works, and comes back by itself whenever a connection ends.
 *
 * The same for a page and for a process without one. What it is doing is one frozen value, `Doing`, which
 * `status` turns into words.
 */

import type { Attendance } from "./session_runner.ts";
import { backoffMs, refusedMs } from "./backoff.ts";
import type { Channel } from "../connect/channel.ts";
import { ConnectError } from "../connect/error.ts";
import type { Ending, LeaveReason, Presentation } from "./session.ts";

/** What a volunteer is doing. */
export type Doing =
  | { readonly phase: "connecting"; readonly job: string | null }
  /** There is no job. */
  | { readonly phase: "waiting" }
  /** The channel is open and the function is being loaded. */
  | { readonly phase: "loading"; readonly job: string; readonly title: string }
  /** The function wants something to which the owner has to agree. */
  | { readonly phase: "asking"; readonly job: string; readonly title: string }
  | { readonly phase: "working"; readonly job: string; readonly title: string; readonly over: string }
  /** Trying again at `retryAt`, in milliseconds of the clock of `performance.now`. */
  | { readonly phase: "lost"; readonly why: string; readonly retryAt: number }
  /** The job has enough volunteers; asking again at `retryAt`, and not sooner. */
  | { readonly phase: "refused"; readonly why: string; readonly retryAt: number }
  /** As it is now it cannot work; it tries again at `retryAt` all the same. */
  | { readonly phase: "unable"; readonly why: string; readonly retryAt: number }
  | { readonly phase: "left" };

/** Opens a channel, and says on the way what it waits for. */
export type Connector = (
  on: { waiting(): void; assigned(job: string): void },
  signal: AbortSignal,
) => Promise<Channel>;

/** How the last session ended, as far as it is worth saying while the next one is awaited. */
export type Thanks = "none" | "done" | "stopped";

/** A client with which there is no understanding is tried again after so long. */
const UNABLE_MS = 30_000;
/** After a job's end the next one may be seconds away, or days. */
const AFTER_JOB_MS = 500;

export class Volunteer {
  #attendance: Attendance;
  #connect: Connector;
  #presentation: Presentation;
  #changed: () => void;
  #doing: Doing = { phase: "left" };
  #thanks: Thanks = "none";
  #over = "";
  #assigned: string | null = null;
  #failures = 0;
  #refusals = 0;
  /** Who asked for patience gets it: no try before this time. */
  #patientUntil = -Infinity;
  /** Gives up the attempt that is under way. */
  #attempt: AbortController | null = null;
  #wake: () => void = () => undefined;
  #running: Promise<void> | null = null;
  #wanted = false;

  /** @param changed called when `doing` or `thanks` has changed */
  constructor(attendance: Attendance, connect: Connector, presentation: Presentation, changed: () => void) {
    this.#attendance = attendance;
    this.#connect = connect;
    this.#presentation = presentation;
    this.#changed = changed;
  }

  get doing(): Doing {
    return this.#doing;
  }

  get thanks(): Thanks {
    return this.#thanks;
  }

  /** The job for which the server made the connection; null if no server did. */
  get assigned(): string | null {
    return this.#assigned;
  }

  /** Starts, or starts again after leaving. */
  join(): void {
    this.#wanted = true;
    this.#failures = 0;
    this.#running ??= this.#run();
    this.#wake();
  }

  /** Hands everything back and stays away until `join`. */
  async leave(reason: LeaveReason, text = ""): Promise<void> {
    this.#wanted = false;
    this.#attempt?.abort();
    this.#attendance.leave(reason, text);
    this.#attendance.dismiss();
    this.#set({ phase: "left" });
    this.#wake();
    await this.#running;
    await this.#attendance.closing;
  }

  /** Something has changed for the better, such as the network: does not wait any longer, unless it was asked to. */
  hurry(): void {
    if (performance.now() < this.#patientUntil) return;
    this.#failures = 0;
    this.#wake();
  }

  /** To be called by the attendance's owner when a client has said its job. */
  greeted(job: string, title: string): void {
    this.#thanks = "none";
    this.#set({ phase: "loading", job, title });
  }

  /** … and when the owner is to say whether it is taken. */
  asking(job: string, title: string): void {
    this.#set({ phase: "asking", job, title });
  }

  /** … and when the function is loaded. */
  loaded(): void {
    if (this.#doing.phase !== "loading") return;
    const { job, title } = this.#doing;
    this.#failures = 0;
    this.#refusals = 0;
    this.#set({ phase: "working", job, title, over: this.#over });
  }

  /** … or cannot be. The client decides whether this volunteer stays. */
  broken(message: string): void {
    this.#set({ phase: "unable", why: `this job's function cannot run here: ${message}`, retryAt: Infinity });
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      const waitMs = await this.#once();
      if (this.#wanted && waitMs > 0) await this.#sleep(waitMs);
    }
    this.#running = null;
  }

  /** Connects and works once; returns the milliseconds to wait before the next time. */
  async #once(): Promise<number> {
    this.#attempt = new AbortController();
    let channel: Channel;
    this.#assigned = null;
    try {
      if (this.#doing.phase === "left") this.#set({ phase: "connecting", job: null });
      this.#attendance.prepare();
      channel = await this.#connect({
        waiting: () => this.#set({ phase: "waiting" }),
        assigned: (job) => {
          this.#assigned = job;
          this.#set({ phase: "connecting", job });
        },
      }, this.#attempt.signal);
    } catch (error) {
      return this.#wanted ? this.#failed(error) : 0;
    } finally {
      this.#attempt = null;
    }
    if (!this.#wanted) {
      channel.close();
      return 0;
    }
    this.#over = channel.kind;
    if (this.#doing.phase !== "connecting") this.#set({ phase: "connecting", job: null });
    return this.#ended(await this.#attendance.attend(channel, this.#presentation));
  }

  #failed(error: unknown): number {
    const waitMs = backoffMs(++this.#failures, Math.random());
    if (!(error instanceof ConnectError)) return this.#lost(String(error), waitMs);
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
    if (by === "lost" && this.#doing.phase === "unable") return this.#unable(text);
    if (by === "lost") return this.#lost(text, backoffMs(++this.#failures, Math.random()));
    switch (reason) {
      case "done":
      case "stopped":
        if (this.#doing.phase === "working") this.#thanks = reason;
        return this.#lost("the job has ended", AFTER_JOB_MS);
      case "full":
        return this.#refused(text);
      case "protocol":
        return this.#unable(text || "the client and this volunteer do not understand each other");
      default:
        return this.#silent(text);
    }
  }

  #lost(why: string, waitMs: number): number {
    this.#set({ phase: "lost", why, retryAt: performance.now() + waitMs });
    return waitMs;
  }

  #unable(why: string): number {
    const broken = this.#doing.phase === "unable" ? this.#doing.why : why;
    this.#set({ phase: "unable", why: broken, retryAt: performance.now() + UNABLE_MS });
    return UNABLE_MS;
  }

  #refused(why: string): number {
    const waitMs = refusedMs(++this.#refusals, Math.random());
    this.#patientUntil = performance.now() + waitMs;
    this.#set({ phase: "refused", why, retryAt: this.#patientUntil });
    return waitMs;
  }

  #silent(text: string): number {
    const why = "the client lost touch with this device" + (text === "" ? "" : ` (${text})`);
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

  #set(doing: Doing): void {
    this.#doing = Object.freeze(doing);
    this.#changed();
  }
}

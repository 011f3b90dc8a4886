/** What a pool needs from the outside, and what it tells. */

import type { Environment } from "../wire/environment.ts";
import type { Report } from "../wire/report.ts";
import type { ConsoleLines } from "../worker/console.ts";
import type { Delivery } from "../worker/messages.ts";

/**
 * Takes what is known of the end of a worker that ended by itself.
 *
 * @param together whether it ended together with others, so that the fault need not be its own
 */
export type CrashHandler = (text: string, together?: boolean) => void;

/** Starts workers; how, differs between a page and Deno. */
export interface WorkerHost {
  /** Starts workers in another environment from now on. No worker runs when it is called. */
  moveTo(environment: Environment): void;
  /**
   * Starts a worker that the pool speaks to through the other end of `port`. What it says comes through that port too,
   * message by message, or to `receive`.
   *
   * @param crashed called if the worker ends by itself and no note says so
   * @returns how to end it
   */
  start(port: MessagePort, crashed: CrashHandler, receive: (delivery: Delivery) => void): () => void;
}

/** What the pool tells. */
export interface PoolEvents {
  /** The first worker can run the function. */
  loaded(): void;
  /** No worker can. */
  broken(message: string, stack: string): void;
  /** A whole `results` message. */
  results(message: Uint8Array<ArrayBuffer>): void;
  /** Leases that are handed back without results for all of their items. */
  returned(leases: readonly number[]): void;
  /** What a worker's function has reported since it last did. */
  reported(report: Report): void;
  /** What a worker's function wrote to its console. */
  wrote(lines: ConsoleLines): void;
  /** A line about the workers. */
  log(level: "info" | "error", text: string): void;
}

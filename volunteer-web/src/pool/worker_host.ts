/** What a pool needs from the outside, and what it tells. */

import type { Place } from "../wire/environment.ts";
import type { Report } from "../wire/report.ts";
import type { Note, Said } from "../worker/messages.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What comes from a worker at a time. */
export type Heard = Said | readonly (ArrayBuffer | Note)[];

/** Starts workers; how, differs between a page and Deno. */
export interface WorkerHost {
  /** Says where workers start from now on. All that were started have ended. */
  settle(place: Place): void;
  /**
   * Starts a worker that hears through `port`. What it says comes through that port, or to `hear`.
   *
   * @param crashed called if the worker ends by itself and no note says so, with what is known of it, and whether
   *   it ended together with others, so that the fault need not be its own
   * @param hear takes what the worker says, in its order: one message, or several in an array
   * @returns how to end it
   */
  start(
    port: MessagePort,
    crashed: (text: string, together?: boolean) => void,
    hear: (said: Heard) => void,
  ): () => void;
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
  /** What a worker's function has reported since it last did. */
  reported(report: Report): void;
  log(level: "info" | "error", text: string): void;
}

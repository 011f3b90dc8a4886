/**
 * What a pool and a worker say to each other.
 *
 * The pool speaks through a port. A lease is a bare `ArrayBuffer` there, a whole `lend` message of the data plane;
 * everything else is an `Order`. A worker says `FromWorker`.
 */

import type { Context } from "../wire/environment.ts";
import type { Report } from "../wire/report.ts";
import type { ConsoleLines } from "./console.ts";

/** The function to run: the text of a CommonJS script. Comes once, first. */
export type LoadOrder = {
  readonly order: "load";
  readonly code: string;
  /** Bytes that a result may have. */
  readonly maxResult: number;
  /** Whether the pool measures how long each item takes, because there is a time limit: then all results are urgent. */
  readonly measured: boolean;
};
/** The lease is no longer this worker's; always answered by `dropped`. */
export type DropOrder = { readonly order: "drop"; readonly lease: number };
/**
 * Another worker was lost over the lease that follows: begin at its item `from`. If `careful`, send each result before
 * the next item begins, so that the item at fault is known if a worker is lost again.
 */
export type ResumeOrder = {
  readonly order: "resume";
  readonly lease: number;
  readonly from: number;
  readonly careful: boolean;
};
export type Order = LoadOrder | DropOrder | ResumeOrder;

/** The function is ready. */
export type LoadedNote = {
  readonly note: "loaded";
  /** Where the module asks to be run. */
  readonly context: Context | null;
};
/** The function cannot run here: its export is `missing` or of the wrong `shape`, or to `load` it threw an error. */
export type BrokenNote = {
  readonly note: "broken";
  readonly why: "missing" | "shape" | "load";
  /** Of the error; empty if something else was thrown. */
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly context: Context | null;
};
/** The lease is given up, or was finished before the order came; no results of it will follow. */
export type DroppedNote = { readonly note: "dropped"; readonly lease: number };
/**
 * This item of the lease has no result yet, all before it have, and the worker's event loop turns: the function is
 * to call back. Comes only for items that take longer than `WORKER_HOLDS_MS`.
 */
export type OpenNote = { readonly note: "open"; readonly lease: number; readonly item: number };
/** While this item of the lease, and none before it, was without a result, an error came that nobody caught. */
export type StrayNote = {
  readonly note: "stray";
  readonly lease: number;
  readonly item: number;
  readonly text: string;
};
/** The function wrote to its console. */
export type ConsoleNote = { readonly note: "console" } & ConsoleLines;
/** The function has reported of its work; it is about what was done since the last such note. */
export type ReportNote = { readonly note: "report"; readonly report: Report };
/** Said by the sandbox, behind everything that the worker said: the worker ended by itself. */
export type CrashedNote = { readonly note: "crashed"; readonly text: string };
export type Note =
  | LoadedNote
  | BrokenNote
  | DroppedNote
  | OpenNote
  | StrayNote
  | ConsoleNote
  | ReportNote
  | CrashedNote;

/** A `results` message of the data plane. */
export type WorkerResults = {
  readonly results: ArrayBuffer;
  /** Whether the pool is to know of them now; else they may wait for others on the way to it. */
  readonly urgent: boolean;
};

/** What a worker says. */
export type FromWorker = WorkerResults | Note;

/** What the pool receives at a time: messages of one worker, in their order. */
export type Delivery = {
  readonly messages: readonly FromWorker[];
  /** Whether one of them has waited for others on the way, so that results in it need not wait in the page again. */
  readonly held: boolean;
};

/** Whether a message is results and not a note. */
export function isResults(message: FromWorker): message is WorkerResults {
  return "results" in message;
}

/**
 * First and only message to the global scope of a new worker; the one port that is transferred with it is the pool's.
 *
 * What the worker says goes through that port too, or, with `worker`, out of its global scope to the thread that
 * started it.
 */
export type Init = { readonly pando: "init"; readonly speaksThrough: "port" | "worker" };

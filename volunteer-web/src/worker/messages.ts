/**
 * What a pool and a worker say to each other.
 *
 * Leases and results are the bulk and travel as bare `ArrayBuffer`s, each a whole message of the data plane: a
 * `lend` to the worker, `results` from it. Everything else is one of the small objects below. An array is several
 * messages in their order. What the pool says comes through a port.
 */

import type { Context } from "../wire/environment.ts";
import type { Report } from "../wire/report.ts";

/** Function to run: the text of a CommonJS script. Comes once, first. */
export type LoadOrder = {
  readonly order: "load";
  readonly code: string;
  /** Bytes that a result may have. */
  readonly maxResult: number;
  /** Whether no answer may wait for others: somebody measures how long each takes. */
  readonly prompt: boolean;
};
/** The lease is no longer this worker's; always answered by `dropped`. */
export type DropOrder = { readonly order: "drop"; readonly lease: number };
/**
 * Another worker was lost over the lease that follows: begin at its item `from`. If `careful`, send each answer before
 * the next item, so that the culprit is known if it happens again.
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
  readonly note: "loaded"; /** Where the module asks to be run. */
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
/** The lease is given up, or was finished before the order came; no answers to it will follow. */
export type DroppedNote = { readonly note: "dropped"; readonly lease: number };
/**
 * This item of the lease has no answer yet, all before it have, and the worker's event loop turns: the function is
 * to call back. Comes only for items that take a while.
 */
export type OpenNote = { readonly note: "open"; readonly lease: number; readonly item: number };
/** The function wrote to the console. */
export type LogNote = { readonly note: "log"; readonly level: "info" | "error"; readonly text: string };
/** The function has reported of its work; it is about what was done since the last such note. */
export type ReportNote = { readonly note: "report"; readonly report: Report };
/** Said by who started the worker, behind everything that the worker said: it ended by itself. */
export type CrashedNote = { readonly note: "crashed"; readonly text: string };
export type Note = LoadedNote | BrokenNote | DroppedNote | OpenNote | LogNote | ReportNote | CrashedNote;
/** What a worker says at a time: results that may wait for others, results that may not, or a note. */
export type Said = ArrayBuffer | readonly [ArrayBuffer] | Note;

/**
 * First and only message to a new worker's global scope; its one transferred port is the pool's.
 *
 * `speaks`: what the worker says goes through that port as well, or to who started it.
 */
export type Birth = { readonly pando: "port"; readonly speaks: "port" | "starter" };

/** What comes of bundling a module. */

import type { Context } from "../wire/environment.ts";

/** Why there is no bundle; `text` is one sentence for the user, the place is that of the offending line. */
export type BundleError = {
  readonly kind:
    | "missing-file"
    | "syntax"
    | "resolve"
    | "export-missing"
    | "export-shape"
    | "load"
    | "internal";
  readonly text: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly source?: string;
  /** What a library said for which we have no words: for those who look for the reason. */
  readonly original?: string;
};

/** A name of what only a page has, and where a file of the user's uses it; line and column count from 1. */
export type PageUse = {
  readonly what: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
};

/** What `bundler.js` prints: a bundle, or why there is none. */
export type BundleOutcome =
  | {
    readonly ok: true;
    /** The script that volunteers run. */
    readonly code: string;
    /** Its source map, as JSON. */
    readonly map: string;
    /** What the bundle is made of, by names beside the module. */
    readonly files: readonly string[];
    /** Where the module asks to be run: absent if it does not. */
    readonly context?: Context;
    /** What in the user's own files only a page has: absent if there is nothing. */
    readonly page_use?: PageUse;
    /** Why it cannot be loaded in a worker, if it can only be loaded in a page; that is not tried here. */
    readonly not_in_worker?: BundleError;
    /** What may be wrong, and where. */
    readonly warnings: readonly BundleError[];
  }
  | {
    readonly ok: false;
    readonly error: BundleError;
    /** What was looked at before it failed, in the same form, there or not: a change of one of them may mend it. */
    readonly files: readonly string[];
  };

/** Loads a bundle once, in a worker as volunteers have it, to see that it exports what they will call. */

import type { BundleError } from "./outcome.ts";
import { DenoHost } from "../pool/deno_host.ts";
import { NO_LIMITS } from "../wire/hello.ts";
import { missingOfPage } from "../worker/missing_globals.ts";
import type { Context } from "../wire/environment.ts";
import { type BrokenNote, type FromWorker, isResults, type Order } from "../worker/messages.ts";

/** A module that takes longer to load counts as one that hangs. */
const TIMEOUT_MS = 10_000;

/**
 * Globals that workers of browsers have and those of Deno lack. A module that uses one of them while it loads cannot be
 * judged here: the volunteers find out whether it runs. The same holds, in a page, for a module that uses what only pages
 * have.
 */
const BROWSER_ONLY = ["OffscreenCanvas", "FileReaderSync", "requestAnimationFrame"];

/** What is wrong with a bundle; `stack` of the exception, if it was one. */
export type Fault = { readonly error: BundleError; readonly stack: string };
/** What is known of a module that was loaded. */
export type Finding = {
  readonly fault: Fault | null;
  /** Where the module asks to be run. */
  readonly context: Context | null;
  /** Whether the fault is only that it was not loaded in a page. */
  readonly wantsPage: boolean;
};

/** Loads `code` and looks at its exports. */
export async function checkExport(code: string): Promise<Finding> {
  const { port1: port, port2 } = new MessageChannel();
  const { promise, resolve } = Promise.withResolvers<Finding>();
  const end = new DenoHost().start(port2, (text) => resolve(failed(`Loading the module failed: ${text}`)));
  const timer = setTimeout(() => {
    resolve(failed(`Loading the module took longer than ${TIMEOUT_MS / 1000} s.`));
  }, TIMEOUT_MS);
  port.onmessage = ({ data: note }: MessageEvent<FromWorker>) => {
    if (isResults(note)) return;
    if (note.note === "loaded") resolve({ fault: null, context: note.context, wantsPage: false });
    if (note.note === "broken") resolve(judge(note));
  };
  try {
    port.postMessage(
      { order: "load", code, maxResult: NO_LIMITS.max_result, measured: false } satisfies Order,
    );
    return await promise;
  } finally {
    clearTimeout(timer);
    port.close();
    end();
  }
}

function fault(kind: BundleError["kind"], text: string, stack = ""): Fault {
  return { error: { kind, text }, stack };
}

function failed(text: string): Finding {
  return { fault: fault("load", text), context: null, wantsPage: false };
}

function judge({ name, message, stack, why, context }: BrokenNote): Finding {
  const found = (fault: Fault | null, wantsPage = false) => ({ fault, context, wantsPage });
  if (why === "missing") return found(fault("export-missing", message));
  if (why === "shape") return found(fault("export-shape", message));
  if (name === "ReferenceError" && isBrowserOnly(message)) return found(null);
  // An error without a message is told by its name already.
  const what = name === "" || message.startsWith(name) ? message : `${name}: ${message}`;
  return found(
    fault("load", `Loading the module failed: ${what}`, stack),
    missingOfPage(name, message) !== null,
  );
}

function isBrowserOnly(message: string): boolean {
  const name = message.match(/^(\S+) is not defined/)?.[1];
  return name !== undefined && BROWSER_ONLY.includes(name);
}

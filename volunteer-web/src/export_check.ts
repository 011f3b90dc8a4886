/** Loads a bundle once, in a worker as volunteers have it, to see that it exports what they will call. */

import type { BundleError } from "./bundler.ts";
import { denoHost } from "./deno_host.ts";
import { NO_LIMITS } from "./hello.ts";
import type { BrokenNote, Note, Order } from "./worker_messages.ts";

/** A module that takes longer to load is taken to hang. */
const TIMEOUT_MS = 10_000;

/**
 * What browsers have and Deno's workers lack. A module that touches these while it loads cannot be judged here;
 * whether it runs is for the volunteers to say.
 */
const BROWSER_ONLY = [
  "document",
  "window",
  "Image",
  "HTMLElement",
  "HTMLCanvasElement",
  "OffscreenCanvas",
  "XMLHttpRequest",
  "localStorage",
  "sessionStorage",
  "indexedDB",
  "screen",
  "history",
  "Audio",
  "AudioContext",
  "FileReaderSync",
  "requestAnimationFrame",
  "importScripts",
];

/** What is wrong with a bundle; `stack` of the exception, if it was one. */
export type Fault = { readonly error: BundleError; readonly stack: string };

/**
 * Loads `code` and looks at its export.
 *
 * @returns what is wrong, or null
 */
export async function checkExport(code: string): Promise<Fault | null> {
  const { port1: port, port2 } = new MessageChannel();
  const { promise, resolve } = Promise.withResolvers<Fault | null>();
  const end = denoHost.start(port2, (text) => resolve(fault("load", `Loading the module failed: ${text}`)));
  const timer = setTimeout(() => {
    resolve(fault("load", `Loading the module took longer than ${TIMEOUT_MS / 1000} s.`));
  }, TIMEOUT_MS);
  port.onmessage = ({ data: note }: MessageEvent<Note>) => {
    if (note.note === "loaded") resolve(null);
    if (note.note === "broken") resolve(judge(note));
  };
  try {
    port.postMessage({ order: "load", code, maxResult: NO_LIMITS.max_result } satisfies Order);
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

function judge({ name, message, stack, why }: BrokenNote): Fault | null {
  if (why === "missing") return fault("export-missing", message);
  if (why === "shape") return fault("export-shape", message);
  if (name === "ReferenceError" && isBrowserOnly(message)) return null;
  const what = name === "" ? message : `${name}: ${message}`;
  return fault("load", `Loading the module failed: ${what}`, stack);
}

function isBrowserOnly(message: string): boolean {
  const name = message.match(/^(\S+) is not defined/)?.[1];
  return name !== undefined && BROWSER_ONLY.includes(name);
}

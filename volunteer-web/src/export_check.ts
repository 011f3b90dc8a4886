/** Loads a bundle once, in a worker without permissions, to see that it exports what volunteers will call. */

import { BEYOND_BROWSERS } from "./beyond_browsers.ts";
import type { BundleError } from "./bundler.ts";
import { functionSource } from "./function_source.ts";

/** A module that takes longer to load is taken to hang. */
const TIMEOUT_MS = 10_000;
const MISSING = "Incompatible module, missing '/pando/1.0.0' property";
const SHAPE =
  "Incompatible module, '/pando/1.0.0' property is not a function or does not expect two arguments";

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

type Verdict = { shape: "good" | "missing" | "wrong" } | { name: string; message: string; stack: string };

/** What is wrong with a bundle; `stack` of the exception, if it was one. */
export type Fault = { readonly error: BundleError; readonly stack: string };

// Everything that Deno has beyond browsers is taken away first, as in a volunteer's worker.
const CHECKER = `onmessage = ({ data }) => {
  const post = postMessage;
  for (const name of ${JSON.stringify(BEYOND_BROWSERS)}) delete globalThis[name];
  globalThis.console = new Proxy({}, { get: () => () => undefined });
  try {
    const module = { exports: {} };
    const require = (name) => { throw new Error("Cannot find module '" + name + "'"); };
    (0, eval)(data).call(module.exports, module, module.exports, require);
    const run = module.exports == null ? undefined : module.exports["/pando/1.0.0"];
    post({ shape: run === undefined ? "missing" : typeof run === "function" && run.length === 2 ? "good" : "wrong" });
  } catch (error) {
    const { name, message, stack } = Object(error);
    post({ name: String(name || ""), message: String(message || error), stack: String(stack || "") });
  }
};`;

/**
 * Loads `code` and looks at its export.
 *
 * @returns what is wrong, or null
 */
export async function checkExport(code: string): Promise<Fault | null> {
  const url = URL.createObjectURL(new Blob([CHECKER], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module", deno: { permissions: "none" } } as WorkerOptions);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<Fault | null>((resolve) => {
      timer = setTimeout(() => {
        resolve(fault("load", `Loading the module took longer than ${TIMEOUT_MS / 1000} s.`));
      }, TIMEOUT_MS);
      worker.onmessage = ({ data }: MessageEvent<Verdict>) => resolve(judge(data));
      worker.onerror = (event) => {
        event.preventDefault();
        resolve(fault("load", `Loading the module failed: ${event.message}`));
      };
      worker.postMessage(functionSource(code));
    });
  } finally {
    clearTimeout(timer);
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}

function fault(kind: BundleError["kind"], text: string, stack = ""): Fault {
  return { error: { kind, text }, stack };
}

function judge(verdict: Verdict): Fault | null {
  if ("shape" in verdict) {
    if (verdict.shape === "missing") return fault("export-missing", MISSING);
    return verdict.shape === "wrong" ? fault("export-shape", SHAPE) : null;
  }
  if (verdict.name === "ReferenceError" && isBrowserOnly(verdict.message)) return null;
  const what = verdict.name === "" ? verdict.message : `${verdict.name}: ${verdict.message}`;
  return fault("load", `Loading the module failed: ${what}`, verdict.stack);
}

function isBrowserOnly(message: string): boolean {
  const name = message.match(/^(\S+) is not defined/)?.[1];
  return name !== undefined && BROWSER_ONLY.includes(name);
}

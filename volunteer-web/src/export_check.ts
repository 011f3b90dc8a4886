/** Loads a bundle once, in a worker without permissions, to see that it exports what volunteers will call. */

import { BEYOND_BROWSERS } from "./beyond_browsers.ts";
import type { BundleError } from "./bundler.ts";

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

type Verdict = { shape: "good" | "missing" | "wrong" } | { name: string; message: string };

// Everything that Deno has beyond browsers is taken away first, as in a volunteer's worker.
const CHECKER = `onmessage = ({ data }) => {
  const post = postMessage;
  for (const name of ${JSON.stringify(BEYOND_BROWSERS)}) delete globalThis[name];
  globalThis.console = new Proxy({}, { get: () => () => undefined });
  try {
    const module = { exports: {} };
    const require = (name) => { throw new Error("Cannot find module '" + name + "'"); };
    (0, eval)("(function (module, exports, require) {" + data + "\\n})")
      .call(module.exports, module, module.exports, require);
    const run = module.exports == null ? undefined : module.exports["/pando/1.0.0"];
    post({ shape: run === undefined ? "missing" : typeof run === "function" && run.length === 2 ? "good" : "wrong" });
  } catch (error) {
    post({ name: String(error && error.name), message: String(error && error.message || error) });
  }
};`;

/**
 * Loads `code` and looks at its export.
 *
 * @returns what is wrong, or null
 */
export async function checkExport(code: string): Promise<BundleError | null> {
  const url = URL.createObjectURL(new Blob([CHECKER], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module", deno: { permissions: "none" } } as WorkerOptions);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<BundleError | null>((resolve) => {
      timer = setTimeout(() => {
        resolve({ kind: "load", text: `Loading the module took longer than ${TIMEOUT_MS / 1000} s.` });
      }, TIMEOUT_MS);
      worker.onmessage = ({ data }: MessageEvent<Verdict>) => resolve(judge(data));
      worker.onerror = (event) => {
        event.preventDefault();
        resolve({ kind: "load", text: `Loading the module failed: ${event.message}` });
      };
      worker.postMessage(code);
    });
  } finally {
    clearTimeout(timer);
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}

function judge(verdict: Verdict): BundleError | null {
  if ("shape" in verdict) {
    if (verdict.shape === "missing") return { kind: "export-missing", text: MISSING };
    return verdict.shape === "wrong" ? { kind: "export-shape", text: SHAPE } : null;
  }
  if (verdict.name === "ReferenceError" && isBrowserOnly(verdict.message)) return null;
  return { kind: "load", text: `Loading the module failed: ${verdict.name}: ${verdict.message}` };
}

function isBrowserOnly(message: string): boolean {
  const name = message.match(/^(\S+) is not defined/)?.[1];
  return name !== undefined && BROWSER_ONLY.includes(name);
}

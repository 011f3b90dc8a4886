/**
 * Globals that a function may miss: an error about one that a page has names the option that gives it, and one about
 * another says who has it.
 */

const ELEMENT = /^(HTML|SVG|MathML)\w*Element$/;
/** Of these, workers of browsers have `XMLHttpRequest`; those of Deno have none. */
const PAGE_ONLY: ReadonlySet<string> = new Set([
  "document",
  "window",
  "Image",
  "Audio",
  "AudioContext",
  "OfflineAudioContext",
  "webkitAudioContext",
  "Option",
  "Node",
  "Element",
  "Document",
  "DocumentFragment",
  "ShadowRoot",
  "customElements",
  "DOMParser",
  "XMLSerializer",
  "XMLHttpRequest",
  "MutationObserver",
  "ResizeObserver",
  "IntersectionObserver",
  "getComputedStyle",
  "getSelection",
  "matchMedia",
  "screen",
  "history",
  "innerWidth",
  "innerHeight",
  "devicePixelRatio",
  "speechSynthesis",
  "alert",
  "confirm",
  "prompt",
]);

/** Whether a global is there in pages and not in workers. An element with an id is a global of a page, too. */
export function isOfPage(name: string): boolean {
  return isPageOnly(name) || name === "visualization";
}

function isPageOnly(name: string): boolean {
  return PAGE_ONLY.has(name) || ELEMENT.test(name);
}

const NO_WORKERS = "a function starts no workers; it runs on each core that a volunteer lends";
const BROWSERS = "only volunteers in browsers have it";
/** What is said of others. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["Worker", NO_WORKERS],
  ["SharedWorker", NO_WORKERS],
  ["SharedArrayBuffer", "no volunteer has it"],
  ["localStorage", "a function has no storage"],
  ["sessionStorage", "a function has no storage"],
  ["caches", "a function has no storage"],
  ["indexedDB", "a function has no storage"],
  ["OffscreenCanvas", BROWSERS],
  ["FileReaderSync", BROWSERS],
  ["requestAnimationFrame", BROWSERS],
]);

/** Returns the global of a page that an error says is missing, or null. */
export function missingOfPage(name: string, message: string): string | null {
  const missing = missingGlobal(name, message);
  return missing !== null && isPageOnly(missing) ? missing : null;
}

/** Returns the message of an error, with advice where somebody else has what is missing. */
export function withAdvice(name: string, message: string): string {
  if (missingOfPage(name, message) !== null) {
    return `${message}: the function runs in a worker; with --context=page it runs in a page`;
  }
  const elsewhere = ELSEWHERE.get(missingGlobal(name, message) ?? "");
  return elsewhere === undefined ? message : `${message}: ${elsewhere}`;
}

/** Returns the global that an error says is missing, or null. */
function missingGlobal(name: string, message: string): string | null {
  if (name !== "ReferenceError") return null;
  // As Chromium, Deno and Firefox say it; and as Safari does.
  const [, missing] = message.match(/^(?:Can't find variable: )?(\w+)(?: is not defined.*)?$/) ?? [];
  return missing ?? null;
}

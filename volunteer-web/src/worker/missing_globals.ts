/** Globals that a page has and a worker lacks: an error about one of them names the option that gives it. */

const ELEMENT = /^(HTML|SVG|MathML)\w*Element$/;
/** Of these, workers of browsers have `XMLHttpRequest`; those of Deno have none. */
const PAGE_ONLY: ReadonlySet<string> = new Set([
  "document",
  "window",
  "Image",
  "Audio",
  "AudioContext",
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

/** Returns the global of a page that an error says is missing, or null. */
export function missingOfPage(name: string, message: string): string | null {
  if (name !== "ReferenceError") return null;
  // As Chromium, Deno and Firefox say it; and as Safari does.
  const [, missing] = message.match(/^(?:Can't find variable: )?(\w+)(?: is not defined.*)?$/) ?? [];
  return missing !== undefined && isPageOnly(missing) ? missing : null;
}

/** Returns the message of an error, with advice where a page would have what is missing. */
export function withAdvice(name: string, message: string): string {
  return missingOfPage(name, message) === null
    ? message
    : `${message}: the function runs in a worker; with --context=page it runs in a page`;
}

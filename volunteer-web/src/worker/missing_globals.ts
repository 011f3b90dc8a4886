/** Globals that a page has and a worker lacks: an error about one of them names the option that gives it. */

/** Of these, workers of browsers have `XMLHttpRequest`; those of Deno have none. */
const PAGE_ONLY: ReadonlySet<string> = new Set([
  "document",
  "window",
  "Image",
  "Audio",
  "AudioContext",
  "Option",
  "Node",
  "Element",
  "HTMLElement",
  "HTMLCanvasElement",
  "HTMLImageElement",
  "SVGElement",
  "DOMParser",
  "XMLSerializer",
  "XMLHttpRequest",
  "MutationObserver",
  "ResizeObserver",
  "getComputedStyle",
  "matchMedia",
  "screen",
  "history",
]);

/** Returns the global of a page that an error says is missing, or null. */
export function missingOfPage(name: string, message: string): string | null {
  if (name !== "ReferenceError") return null;
  // As Chromium, Deno and Firefox say it; and as Safari does.
  const [, missing] = message.match(/^(?:Can't find variable: )?(\w+)(?: is not defined.*)?$/) ?? [];
  return missing !== undefined && PAGE_ONLY.has(missing) ? missing : null;
}

/** Returns the message of an error, with advice where a page would have what is missing. */
export function withAdvice(name: string, message: string): string {
  return missingOfPage(name, message) === null
    ? message
    : `${message}: the function runs in a worker; with --context=page it runs in a page`;
}

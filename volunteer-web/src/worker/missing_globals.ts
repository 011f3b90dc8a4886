/** Things that a page has and workers have not: who misses one of them is told which option gives it. */

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

/** Returns the thing of a page for want of which an error was thrown, or null. */
export function missingOfPage(name: string, message: string): string | null {
  if (name !== "ReferenceError") return null;
  // As Chromium, Deno and Firefox say it; and as Safari does.
  const [, missing] = message.match(/^(?:Can't find variable: )?(\w+)(?: is not defined.*)?$/) ?? [];
  return missing !== undefined && PAGE_ONLY.has(missing) ? missing : null;
}

/** Returns the message of an error, with a word on what to do where that is known. */
export function withAdvice(name: string, message: string): string {
  return missingOfPage(name, message) === null
    ? message
    : `${message}: the function runs in a worker; with --context=page it runs in a page`;
}

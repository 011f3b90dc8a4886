/** Starts the function in the window of a sandboxed frame that the owner of the device sees. */

import type { Birth } from "../worker/messages.ts";
import type { FromFrame } from "./messages.ts";

/** The frame is asked so often whether its process lives. */
const ASK_MS = 1000;
/** So many questions it may leave unanswered; while it is loading, more. */
const MAX_UNANSWERED = 5;
const MAX_UNANSWERED_LOADING = 16;
/** The function may speak to the page, which does not listen: more is meant to keep it busy. */
const MAX_WORDS = 1000;

/**
 * Puts such a frame on the page.
 *
 * @param home the element that it becomes a child of
 * @param src its address, which says what it may reach
 * @param port of the pool
 * @param crashed called once if it ends by itself
 * @returns how to end it
 */
export function startPageFrame(
  home: HTMLElement,
  src: string,
  port: MessagePort,
  crashed: (text: string) => void,
): () => void {
  const frame = document.createElement("iframe");
  const life = new MessageChannel();
  let unanswered = 0;
  let words = 0;
  let loads = 0;
  let born = false;

  const listen = (event: MessageEvent<FromFrame>) => {
    if (event.source !== frame.contentWindow) return;
    if (++words > MAX_WORDS) return fail("it floods the page with messages");
    if (event.data?.pando !== "ready") return;
    // A second document in the same frame is not the one that was given the function.
    if (born) return fail("the function left its page");
    born = true;
    unanswered = 0;
    // Its origin is opaque: there is no other way to name it.
    const birth: Birth = { pando: "port", speaks: "port" };
    frame.contentWindow?.postMessage(birth, "*", [port, life.port2]);
  };
  const end = () => {
    clearInterval(timer);
    removeEventListener("message", listen);
    life.port1.close();
    frame.remove();
    home.hidden = home.childElementCount === 0;
  };
  const fail = (text: string) => {
    clearInterval(timer);
    removeEventListener("message", listen);
    crashed(text);
  };
  const timer = setInterval(() => {
    // Counted, not timed: a page that slept finds the answers when it wakes.
    if (++unanswered > (born ? MAX_UNANSWERED : MAX_UNANSWERED_LOADING)) {
      fail(born ? "the browser ended it, perhaps for lack of memory" : "the frame for it does not load");
    }
    if (born) life.port1.postMessage(null);
  }, ASK_MS);

  life.port1.onmessage = () => unanswered = 0;
  addEventListener("message", listen);
  frame.addEventListener("load", () => {
    if (++loads > 1) fail("the function left its page");
  });
  frame.setAttribute("sandbox", "allow-scripts");
  frame.title = "What the job shows";
  frame.src = src;
  home.hidden = false;
  home.append(frame);
  return end;
}

/** Starts the function in the window of a sandbox that the owner of the device sees. */

import type { CrashHandler } from "../pool/worker_host.ts";
import type { Init } from "../worker/messages.ts";
import { Liveness } from "./liveness.ts";
import { BLOCKED, type FromSandbox } from "./messages.ts";

/** Messages that the function may post to the page, which ignores them: more are meant to keep the page busy. */
const MAX_MESSAGES = 1000;

/**
 * Puts such a sandbox on the page.
 *
 * @param stage the element that it becomes a child of
 * @param src its address, which says what it may reach
 * @param port of the pool
 * @param crashed called once if it ends by itself
 * @returns how to end it
 */
export function startSandboxWindow(
  stage: HTMLElement,
  src: string,
  port: MessagePort,
  crashed: CrashHandler,
): () => void {
  const sandbox = document.createElement("iframe");
  const life = new MessageChannel();
  let messages = 0;
  let loads = 0;
  const liveness = new Liveness(() => {
    if (liveness.ready) life.port1.postMessage(null);
  }, (text) => fail(text));

  const receive = (event: MessageEvent<FromSandbox>) => {
    if (event.source !== sandbox.contentWindow) return;
    if (++messages > MAX_MESSAGES) return fail("it floods the page with messages");
    if (event.data?.pando === "failed" && !liveness.ready) return fail(BLOCKED);
    if (event.data?.pando !== "ready") return;
    // A second document in the same iframe is not the one that was given the function.
    if (liveness.ready) return fail("the function left its page");
    liveness.loaded();
    const init: Init = { pando: "init", speaksThrough: "port" };
    // Its origin is opaque: there is no other way to name it.
    sandbox.contentWindow?.postMessage(init, "*", [port, life.port2]);
  };
  const stop = () => {
    liveness.stop();
    removeEventListener("message", receive);
  };
  const fail = (text: string) => {
    stop();
    crashed(text);
  };

  life.port1.onmessage = () => liveness.answered();
  addEventListener("message", receive);
  sandbox.addEventListener("load", () => {
    if (++loads > 1) fail("the function left its page");
  });
  sandbox.setAttribute("sandbox", "allow-scripts");
  sandbox.title = "What the job shows";
  sandbox.src = src;
  stage.hidden = false;
  stage.append(sandbox);
  return () => {
    stop();
    life.port1.close();
    sandbox.remove();
    stage.hidden = stage.childElementCount === 0;
  };
}

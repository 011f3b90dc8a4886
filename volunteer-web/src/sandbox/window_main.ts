/**
 * A sandbox in whose window the function runs: `document` and `<div id="visualization">` are its own.
 *
 * Its first message brings the port of the pool, and one by which the page learns that the sandbox's process lives. The
 * function may keep this thread busy for as long as it likes, so a worker of this sandbox answers there.
 */

import { serve } from "../worker/runtime.ts";
import { enableMarkupHandlers } from "./markup_handlers.ts";
import type { FromSandbox } from "./messages.ts";

// No policy of a browser governs these. A fresh window would have them again, but none can be made here in which
// scripts run: that is what the policy of this sandbox is for.
for (const name of Object.getOwnPropertyNames(globalThis)) {
  if (/^(webkit|moz)?RTC/.test(name)) delete (globalThis as Record<string, unknown>)[name];
}

enableMarkupHandlers();

const ANSWERING =
  "postMessage(null); onmessage = ({ ports: [port] }) => { port.onmessage = () => port.postMessage(null); };";
const answering = startAnswering();

function post(message: FromSandbox): void {
  parent.postMessage(message, "*");
}

/** Starts that worker. The sandbox is ready when it has spoken: a policy may forbid it, now or a moment later. */
function startAnswering(): Worker | null {
  const blocked = () => post({ pando: "failed" });
  try {
    const worker = new Worker(URL.createObjectURL(new Blob([ANSWERING], { type: "text/javascript" })));
    worker.onerror = blocked;
    worker.onmessage = () => post({ pando: "ready" });
    return worker;
  } catch {
    blocked();
    return null;
  }
}

addEventListener("message", function initialise({ source, ports }: MessageEvent) {
  if (source !== parent || ports.length !== 2) return;
  removeEventListener("message", initialise);
  answering?.postMessage(null, [ports[1]]);
  serve(ports[0], ports[0].postMessage.bind(ports[0]), "page");
});

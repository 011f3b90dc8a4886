/**
 * The sandbox: an iframe that starts and ends workers, and carries their messages to the page.
 *
 * Its origin is opaque and its CSP lets nothing in or out, and the workers, which come from a blob of its own,
 * inherit both. Leases do not pass through here: each worker is handed a port of the page. Results do, because from a
 * worker to here is not far, and several can go on together.
 */

import type { FromWorker, Init } from "../worker/messages.ts";
import { workerUrl } from "../worker/source.ts";
import { MessageBatcher } from "./batcher.ts";
import { BLOCKED, type FromSandbox, type ToSandbox } from "./messages.ts";

const MAX_CRASH_CHARACTERS = 500;

const url = workerUrl();
const workers = new Map<number, Worker>();
const batcher = new MessageBatcher();

function post(message: FromSandbox): void {
  // The page's origin is not known in here, and there is no secret in what is said.
  parent.postMessage(message, "*");
}

function start(id: number, port: MessagePort, back: MessagePort): void {
  batcher.open(id, back);
  const crashed = (text: string) =>
    batcher.take(id, { note: "crashed", text: text.slice(0, MAX_CRASH_CHARACTERS) });
  let worker: Worker;
  try {
    worker = new Worker(url);
  } catch {
    return crashed(typeof Worker === "undefined" ? "this browser has none" : BLOCKED);
  }
  worker.onerror = (event) => {
    event.preventDefault();
    // Without a message it is no error of the script: the script was not let in.
    crashed(event.message ?? BLOCKED);
  };
  worker.onmessageerror = () => crashed("a message that cannot be read");
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => batcher.take(id, data);
  worker.postMessage({ pando: "init", speaksThrough: "worker" } satisfies Init, [port]);
  workers.set(id, worker);
}

function end(id: number): void {
  workers.get(id)?.terminate();
  workers.delete(id);
  batcher.close(id);
}

addEventListener("message", (event: MessageEvent<ToSandbox>) => {
  if (event.source !== parent) return;
  const order = event.data;
  switch (order.pando) {
    case "ask":
      return post({ pando: "ready" });
    case "start":
      return start(order.worker, event.ports[0], event.ports[1]);
    case "end":
      return end(order.worker);
  }
});

post({ pando: "ready" });

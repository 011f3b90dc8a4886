/**
 * The sandboxed frame: starts and ends workers, and does nothing else.
 *
 * Its origin is opaque and its CSP lets nothing in or out, and the workers, which come from a blob of its own,
 * inherit both. Leases do not pass through here: each worker is handed a port of the page.
 */

import type { FromFrame, ToFrame } from "./frame_messages.ts";
import type { Birth } from "./worker_messages.ts";
import { workerUrl } from "./worker_source.ts";

const url = workerUrl();
const workers = new Map<number, Worker>();

function tell(message: FromFrame): void {
  // The page's origin is not known in here, and there is no secret in what is said.
  parent.postMessage(message, "*");
}

function start(id: number, port: MessagePort): void {
  const crashed = (text: string) => tell({ pando: "crashed", worker: id, text });
  let worker: Worker;
  try {
    worker = new Worker(url);
  } catch (error) {
    return crashed((error as Error).message);
  }
  worker.onerror = (event) => {
    event.preventDefault();
    crashed(event.message ?? "it could not start");
  };
  worker.onmessageerror = () => crashed("a message that cannot be read");
  worker.postMessage({ pando: "port" } satisfies Birth, [port]);
  workers.set(id, worker);
}

addEventListener("message", (event: MessageEvent<ToFrame>) => {
  if (event.source !== parent) return;
  const order = event.data;
  if (order.pando === "ask") tell({ pando: "ready" });
  if (order.pando === "start") start(order.worker, event.ports[0]);
  if (order.pando === "end") {
    workers.get(order.worker)?.terminate();
    workers.delete(order.worker);
  }
});

tell({ pando: "ready" });

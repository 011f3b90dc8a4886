/**
 * The sandboxed frame: starts and ends workers, and passes on what they say.
 *
 * Its origin is opaque and its CSP lets nothing in or out, and the workers, which come from a blob of its own,
 * inherit both. Leases do not pass through here: each worker is handed a port of the page. Results do, because from a
 * worker to here is not far, and several can go on together.
 */

import { Courier } from "./batcher.ts";
import type { FromFrame, ToFrame } from "./messages.ts";
import type { Birth, Said } from "../worker/messages.ts";
import { workerUrl } from "../worker/source.ts";

const url = workerUrl();
const workers = new Map<number, Worker>();
const courier = new Courier();

function tell(message: FromFrame): void {
  // The page's origin is not known in here, and there is no secret in what is said.
  parent.postMessage(message, "*");
}

function start(id: number, port: MessagePort, back: MessagePort): void {
  courier.open(id, back);
  const crashed = (text: string) => courier.take(id, { note: "crashed", text: text.slice(0, 500) });
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
  worker.onmessage = ({ data }: MessageEvent<Said>) => courier.take(id, data);
  worker.postMessage({ pando: "port", speaks: "starter" } satisfies Birth, [port]);
  workers.set(id, worker);
}

addEventListener("message", (event: MessageEvent<ToFrame>) => {
  if (event.source !== parent) return;
  const order = event.data;
  if (order.pando === "ask") tell({ pando: "ready" });
  if (order.pando === "start") start(order.worker, event.ports[0], event.ports[1]);
  if (order.pando === "end") {
    workers.get(order.worker)?.terminate();
    workers.delete(order.worker);
    courier.close(order.worker);
  }
});

tell({ pando: "ready" });

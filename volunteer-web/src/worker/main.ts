/** One slot as a worker. The same source runs in browsers and in Deno. */

import { live } from "./runtime.ts";
import type { Birth } from "./messages.ts";

// Bound before there is a function: for that one it does nothing.
const tellStarter = postMessage.bind(globalThis) as MessagePort["postMessage"];

addEventListener("message", (event) => {
  const { data, ports: [port] } = event as MessageEvent<Birth>;
  if (data?.pando !== "port" || port === undefined) return;
  live(port, data.speaks === "port" ? port.postMessage.bind(port) : tellStarter, "worker");
}, { once: true });

/** One slot as a worker. The same source runs in browsers and in Deno. */

import type { Init } from "./messages.ts";
import { serve } from "./runtime.ts";

// Bound before there is a function: the runtime takes `postMessage` away from it.
const postToStarter = postMessage.bind(globalThis) as MessagePort["postMessage"];

addEventListener("message", (event) => {
  const { data, ports: [port] } = event as MessageEvent<Init>;
  if (data?.pando !== "init" || port === undefined) return;
  serve(port, data.speaksThrough === "port" ? port.postMessage.bind(port) : postToStarter, "worker");
}, { once: true });

/** One slot as a worker. The same source runs in browsers and in Deno. */

import { live } from "./slot_life.ts";
import type { Birth } from "./worker_messages.ts";

addEventListener("message", (event) => {
  const { data, ports } = event as MessageEvent<Birth>;
  if (data?.pando === "port" && ports.length === 1) live(ports[0], "worker");
}, { once: true });

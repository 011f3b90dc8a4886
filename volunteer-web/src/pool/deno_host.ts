/** Starts workers in Deno, without any permission but to reach what its owner has granted. */

import type { Place } from "../wire/environment.ts";
import { addresses, ANYTHING } from "../wire/allowed_hosts.ts";
import type { WorkerHost } from "./worker_host.ts";
import type { Birth } from "../worker/messages.ts";
import { workerUrl } from "../worker/source.ts";

let url: string | null = null;
let permissions: unknown = "none";

function permissionsIn({ net }: Place): unknown {
  if (net.length === 0) return "none";
  const others = { env: false, ffi: false, import: false, read: false, run: false, sys: false, write: false };
  return { ...others, net: net.includes(ANYTHING) ? true : addresses(net) };
}

export const denoHost = {
  settle(place: Place) {
    permissions = permissionsIn(place);
  },
  start(port: MessagePort, crashed: (text: string) => void) {
    url ??= workerUrl();
    const worker = new Worker(url, { type: "module", deno: { permissions } } as WorkerOptions);
    worker.addEventListener("error", (event) => {
      // Otherwise the error would end the whole process.
      event.preventDefault();
      crashed(event.message);
    });
    worker.addEventListener("messageerror", () => crashed("a message that cannot be read"));
    worker.postMessage({ pando: "port", speaks: "port" } satisfies Birth, [port]);
    return () => worker.terminate();
  },
} satisfies WorkerHost;

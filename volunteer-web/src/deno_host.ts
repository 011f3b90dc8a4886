/** Starts workers in Deno, without any permission. */

import type { WorkerHost } from "./pool_types.ts";
import type { Birth } from "./worker_messages.ts";
import { workerUrl } from "./worker_source.ts";

let url: string | null = null;

export const denoHost: WorkerHost = {
  start(port, crashed) {
    url ??= workerUrl();
    const worker = new Worker(url, { type: "module", deno: { permissions: "none" } } as WorkerOptions);
    worker.addEventListener("error", (event) => {
      // Otherwise the error would end the whole process.
      event.preventDefault();
      crashed(event.message);
    });
    worker.addEventListener("messageerror", () => crashed("a message that cannot be read"));
    worker.postMessage({ pando: "port" } satisfies Birth, [port]);
    return () => worker.terminate();
  },
};

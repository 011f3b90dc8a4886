/** Starts workers in Deno, without any permission but to reach what its owner has granted. */

import { addresses, ANYTHING } from "../wire/allowed_hosts.ts";
import type { Environment } from "../wire/environment.ts";
import type { Init } from "../worker/messages.ts";
import { workerUrl } from "../worker/source.ts";
import type { CrashHandler, WorkerHost } from "./worker_host.ts";

export class DenoHost implements WorkerHost {
  #url: string | null = null;
  #permissions: unknown = "none";

  moveTo(environment: Environment): void {
    this.#permissions = permissionsIn(environment);
  }

  start(port: MessagePort, crashed: CrashHandler): () => void {
    this.#url ??= workerUrl();
    const options = { type: "module", deno: { permissions: this.#permissions } } as WorkerOptions;
    const worker = new Worker(this.#url, options);
    worker.addEventListener("error", (event) => {
      // Otherwise the error would end the whole process.
      event.preventDefault();
      crashed(event.message);
    });
    worker.addEventListener("messageerror", () => crashed("a message that cannot be read"));
    worker.postMessage({ pando: "init", speaksThrough: "port" } satisfies Init, [port]);
    return () => worker.terminate();
  }
}

function permissionsIn({ net }: Environment): unknown {
  if (net.length === 0) return "none";
  const others = { env: false, ffi: false, import: false, read: false, run: false, sys: false, write: false };
  return { ...others, net: net.includes(ANYTHING) ? true : addresses(net) };
}

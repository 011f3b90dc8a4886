/** Starts workers inside the sandboxed frame, out of the reach of the page's origin. */

import type { FromFrame, ToFrame } from "./frame_messages.ts";
import type { WorkerHost } from "./pool.ts";

const LOAD_TIMEOUT_MS = 15_000;
const MISSING = "the frame in which they run does not load";

/**
 * Returns a host that starts workers in the page's sandboxed frame. Workers that are asked for before the frame is
 * there start when it is; if it does not come, they count as crashed.
 */
export function frameHost(frame: HTMLIFrameElement): WorkerHost {
  const crashed = new Map<number, (text: string) => void>();
  const waiting: (() => void)[] = [];
  let state: "loading" | "ready" | "missing" = "loading";
  let workers = 0;

  addEventListener("message", (event: MessageEvent<FromFrame>) => {
    if (event.source !== frame.contentWindow) return;
    if (event.data.pando === "ready") {
      clearTimeout(timer);
      for (const start of waiting.splice(0)) start();
      state = "ready";
    } else if (event.data.pando === "crashed") {
      crash(event.data.worker, String(event.data.text).slice(0, 500));
    }
  });
  const timer = setTimeout(() => {
    state = "missing";
    for (const worker of [...crashed.keys()]) crash(worker, MISSING);
  }, LOAD_TIMEOUT_MS);
  function crash(worker: number, text: string): void {
    const onCrash = crashed.get(worker);
    crashed.delete(worker);
    onCrash?.(text);
  }
  // The frame's origin is opaque: there is no other way to name it.
  const tell = (message: ToFrame, ports: MessagePort[] = []) =>
    frame.contentWindow?.postMessage(message, "*", ports);
  tell({ pando: "ask" });
  return {
    start(port, onCrash) {
      const worker = ++workers;
      crashed.set(worker, onCrash);
      const start = () => {
        if (crashed.has(worker)) tell({ pando: "start", worker }, [port]);
      };
      if (state === "ready") start();
      else if (state === "loading") waiting.push(start);
      else setTimeout(() => crash(worker, MISSING));
      return () => {
        crashed.delete(worker);
        tell({ pando: "end", worker });
      };
    },
  };
}

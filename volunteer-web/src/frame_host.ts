/** Starts workers inside the sandboxed frame, out of the reach of the page's origin. */

import type { FromFrame, ToFrame } from "./frame_messages.ts";
import type { WorkerHost } from "./pool.ts";

const LOAD_TIMEOUT_MS = 15_000;

/**
 * Adds the frame to the page and returns a host that starts workers in it. Workers that are asked for before the
 * frame is there start when it is; if it does not come, they count as crashed.
 *
 * @param home the element that holds the frame
 */
export function frameHost(home: HTMLElement): WorkerHost {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.title = "Where the function runs";
  frame.tabIndex = -1;
  frame.src = "/frame.html";

  const crashed = new Map<number, (text: string) => void>();
  let waiting: (() => void)[] | null = [];
  let workers = 0;

  addEventListener("message", (event: MessageEvent<FromFrame>) => {
    if (event.source !== frame.contentWindow) return;
    if (event.data.pando === "ready") {
      clearTimeout(timer);
      for (const start of waiting ?? []) start();
      waiting = null;
    } else if (event.data.pando === "crashed") {
      const { worker, text } = event.data;
      crashed.get(worker)?.(String(text).slice(0, 500));
      crashed.delete(worker);
    }
  });
  const timer = setTimeout(() => {
    for (const [worker, tell] of crashed) {
      crashed.delete(worker);
      tell("the frame in which they run does not load");
    }
  }, LOAD_TIMEOUT_MS);
  home.append(frame);

  // The frame's origin is opaque: there is no other way to name it.
  const tell = (message: ToFrame, ports: MessagePort[] = []) =>
    frame.contentWindow?.postMessage(message, "*", ports);
  return {
    start(port, onCrash) {
      const worker = ++workers;
      crashed.set(worker, onCrash);
      const start = () => {
        if (crashed.has(worker)) tell({ pando: "start", worker }, [port]);
      };
      if (waiting === null) start();
      else waiting.push(start);
      return () => {
        crashed.delete(worker);
        tell({ pando: "end", worker });
      };
    },
  };
}

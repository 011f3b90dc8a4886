/** Starts what runs the function inside sandboxed frames, out of the reach of the page's origin. */

import type { FromFrame, ToFrame } from "./messages.ts";
import { startPageFrame } from "./window_host.ts";
import { ALONE, isSame, type Place } from "../wire/environment.ts";
import type { WorkerHost } from "../pool/worker_host.ts";

/** The frame is asked so often whether it is there; it can die with all its workers and without a word. */
const ASK_MS = 1000;
/** So many questions it may leave unanswered; while it is loading, more. */
const MAX_UNANSWERED = 5;
const MAX_UNANSWERED_LOADING = 16;

/**
 * Returns a host that starts workers in the page's sandboxed frame. Workers that are asked for before the frame is
 * there start when it is. If it does not come, or dies (browsers end its whole process when a worker takes too much
 * memory), its workers count as crashed and it is loaded again.
 *
 * Where the function is to have a page, that frame goes, and each slot is a frame of its own in `stage`.
 */
export function frameHost(frame: HTMLIFrameElement, stage: HTMLElement): WorkerHost {
  const crashed = new Map<number, (text: string, together?: boolean) => void>();
  const home = frame.parentElement!;
  let place = ALONE;
  let waiting: (() => void)[] = [];
  let ready = false;
  let unanswered = 0;
  let workers = 0;

  // The frame's origin is opaque: there is no other way to name it.
  const tell = (message: ToFrame, ports: MessagePort[] = []) =>
    frame.contentWindow?.postMessage(message, "*", ports);

  addEventListener("message", (event: MessageEvent<FromFrame>) => {
    if (frame.contentWindow === null || event.source !== frame.contentWindow) return;
    unanswered = 0;
    if (event.data.pando === "ready") {
      ready = true;
      for (const start of waiting.splice(0)) start();
    }
  });

  /** Puts a new frame in the place of the old one, whose process may be gone: only a new element gets another. */
  function renew(): void {
    unanswered = 0;
    ready = false;
    waiting = [];
    const fresh = frame.cloneNode() as HTMLIFrameElement;
    fresh.src = addressOf("/frame.html", place);
    frame.remove();
    frame = fresh;
    // Beside a frame for workers, one that shows something would share its process, and not end with it.
    if (place.context === "worker") home.append(frame);
  }

  function died(text: string): void {
    renew();
    const all = [...crashed.values()];
    crashed.clear();
    for (const crash of all) crash(text, true);
  }

  function ask(): void {
    if (place.context !== "worker") return;
    // Counted, not timed: a page that slept finds the answers when it wakes.
    if (++unanswered > (ready ? MAX_UNANSWERED : MAX_UNANSWERED_LOADING)) {
      died(ready ? "the browser ended it, perhaps for lack of memory" : "the frame for it does not load");
    }
    tell({ pando: "ask" });
  }
  ask();
  setInterval(ask, ASK_MS);

  return {
    settle(next) {
      if (isSame(place, next)) return;
      place = next;
      renew();
    },
    start(port, onCrash, hear) {
      if (place.context === "page") {
        return startPageFrame(stage, addressOf("/page_frame.html", place), port, onCrash);
      }
      const worker = ++workers;
      const { port1: from, port2: back } = new MessageChannel();
      from.onmessage = ({ data }) => hear(data);
      crashed.set(worker, onCrash);
      const start = () => {
        if (crashed.has(worker)) tell({ pando: "start", worker }, [port, back]);
      };
      if (ready) start();
      else waiting.push(start);
      return () => {
        crashed.delete(worker);
        from.close();
        tell({ pando: "end", worker });
      };
    },
  };
}

/** Returns the address of a frame: the server writes what it may reach into its policy. */
function addressOf(path: string, { net }: Place): string {
  return net.length === 0 ? path : `${path}?net=${encodeURIComponent(net.join(","))}`;
}

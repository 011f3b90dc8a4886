/** Starts what runs the function inside sandboxes, out of the reach of the page's origin. */

import type { CrashHandler, WorkerHost } from "../pool/worker_host.ts";
import { type Environment, ISOLATED, isSame } from "../wire/environment.ts";
import type { Delivery } from "../worker/messages.ts";
import { Liveness } from "./liveness.ts";
import type { FromSandbox, ToSandbox } from "./messages.ts";
import { startSandboxWindow } from "./window_host.ts";

/**
 * Starts workers in the page's sandbox. Workers that are asked for before it is ready start when it is. If it does not
 * load, or dies (browsers end its whole process when a worker takes too much memory), its workers count as crashed and
 * it is loaded again.
 *
 * Where the function is to have a page, there is no such sandbox, and each slot is a sandbox of its own on the stage.
 */
export class SandboxHost implements WorkerHost {
  #sandbox: HTMLIFrameElement;
  #home: HTMLElement;
  /** The address of the folder with the documents of sandboxes. */
  #folder: string;
  #stage: HTMLElement;
  #environment = ISOLATED;
  /** Of the sandbox for workers; null where there is none. */
  #liveness: Liveness | null = null;
  /** What to do when the sandbox is ready. */
  #whenReady: (() => void)[] = [];
  /** Whom to tell of a crash, by the numbers of living workers. */
  #crashed = new Map<number, CrashHandler>();
  #workers = 0;

  /**
   * @param sandbox the iframe for workers, in its place on the page
   * @param stage the element that gets the sandboxes that show something
   */
  constructor(sandbox: HTMLIFrameElement, stage: HTMLElement) {
    this.#sandbox = sandbox;
    this.#home = sandbox.parentElement!;
    // Absolute, whatever is in the page's text.
    this.#folder = new URL(".", sandbox.src).href;
    this.#stage = stage;
    addEventListener("message", (event: MessageEvent<FromSandbox>) => this.#receive(event));
    this.#watch();
    // It may have been ready before this listened.
    this.#post({ pando: "ask" });
  }

  moveTo(environment: Environment): void {
    if (isSame(this.#environment, environment)) return;
    this.#environment = environment;
    this.#renew();
  }

  start(port: MessagePort, crashed: CrashHandler, receive: (delivery: Delivery) => void): () => void {
    if (this.#environment.context === "page") {
      return startSandboxWindow(
        this.#stage,
        this.#addressOf("page_frame.html"),
        port,
        crashed,
      );
    }
    const worker = ++this.#workers;
    const { port1: from, port2: back } = new MessageChannel();
    from.onmessage = ({ data }: MessageEvent<Delivery>) => receive(data);
    this.#crashed.set(worker, crashed);
    const start = () => {
      if (this.#crashed.has(worker)) this.#post({ pando: "start", worker }, [port, back]);
    };
    if (this.#liveness?.ready) start();
    else this.#whenReady.push(start);
    return () => {
      this.#crashed.delete(worker);
      from.close();
      this.#post({ pando: "end", worker });
    };
  }

  #post(message: ToSandbox, ports: MessagePort[] = []): void {
    // The sandbox's origin is opaque: there is no other way to name it.
    this.#sandbox.contentWindow?.postMessage(message, "*", ports);
  }

  #receive(event: MessageEvent<FromSandbox>): void {
    if (this.#sandbox.contentWindow === null || event.source !== this.#sandbox.contentWindow) return;
    this.#liveness?.answered();
    if (event.data.pando !== "ready") return;
    this.#liveness?.loaded();
    for (const start of this.#whenReady.splice(0)) start();
  }

  #died(text: string): void {
    this.#renew();
    const all = [...this.#crashed.values()];
    this.#crashed.clear();
    for (const crashed of all) crashed(text, true);
  }

  /** Puts a new sandbox in the place of the old one, whose process may be gone: only a new element gets another. */
  #renew(): void {
    this.#liveness?.stop();
    this.#liveness = null;
    this.#whenReady = [];
    const fresh = this.#sandbox.cloneNode() as HTMLIFrameElement;
    fresh.src = this.#addressOf("frame.html");
    this.#sandbox.remove();
    this.#sandbox = fresh;
    // Beside a sandbox for workers, one that shows something would share its process, and not end with it.
    if (this.#environment.context !== "worker") return;
    this.#home.append(fresh);
    this.#watch();
  }

  /** Returns the address of a sandbox: the server writes into its policy what it may reach. */
  #addressOf(name: string): string {
    const { net } = this.#environment;
    return this.#folder + name + (net.length === 0 ? "" : `?net=${encodeURIComponent(net.join(","))}`);
  }

  #watch(): void {
    this.#liveness = new Liveness(() => this.#post({ pando: "ask" }), (text) => this.#died(text));
  }
}

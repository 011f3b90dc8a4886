/** Real workers for tests, from the same source as in production. */

import { DenoHost } from "../../src/pool/deno_host.ts";
import { DEFAULT_RESULT_BYTES } from "../../src/wire/constants.ts";
import { type FromWorker, isResults, type Note } from "../../src/worker/messages.ts";
import { decodeResults, encodeFromClient, type Results } from "./client.ts";

/** Bundles the workers' program and puts it where `build.ts` would. */
export async function useWorkerSource(): Promise<void> {
  if ("WORKER_SOURCE" in globalThis) return;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform=browser", "--format=iife", "src/worker/main.ts"],
    cwd: new URL("../..", import.meta.url),
  });
  const { stdout, success } = await command.output();
  if (!success) throw new Error("the worker cannot be bundled");
  Object.assign(globalThis, { WORKER_SOURCE: new TextDecoder().decode(stdout) });
}

/** One worker and what it said. */
export class TestWorker {
  readonly results: Results[] = [];
  readonly notes: Note[] = [];
  crashed = "";
  /** Whether each of the results is urgent. */
  readonly urgent: boolean[] = [];
  /** When each of the results came, in milliseconds since the worker's start. */
  readonly times: number[] = [];
  #port: MessagePort;
  #end: () => void;
  #wakers: (() => void)[] = [];
  #leases = 0;

  /** @param host of which it is a worker; its own if none is given */
  constructor(host = new DenoHost()) {
    const { port1, port2 } = new MessageChannel();
    const start = performance.now();
    this.#port = port1;
    this.#end = host.start(port2, (text) => {
      this.crashed = text;
      this.#wake();
    });
    port1.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (isResults(data)) {
        this.results.push(decodeResults(new Uint8Array(data.results)));
        this.times.push(performance.now() - start);
        this.urgent.push(data.urgent);
      } else this.notes.push(data);
      this.#wake();
    };
  }

  /** Loads a function given as the body of a module, or only as the text of the function. */
  async load(code: string, maxResult = DEFAULT_RESULT_BYTES, measured = false): Promise<Note> {
    const body = code.startsWith("function") || code.startsWith("async")
      ? `module.exports['/pando/1.0.0'] = ${code}`
      : code;
    this.order({ order: "load", code: body, maxResult, measured });
    await this.until(() => this.notes.some(({ note }) => note === "loaded" || note === "broken"));
    return this.notes.find(({ note }) => note === "loaded" || note === "broken")!;
  }

  order(order: unknown): void {
    this.#port.postMessage(order);
  }

  /** Lends items and returns the number of their lease. */
  lend(items: readonly string[]): number {
    const { buffer } = encodeFromClient({ type: "lend", lease: ++this.#leases, items });
    this.#port.postMessage(buffer, [buffer]);
    return this.#leases;
  }

  /** Lends items and returns their results with kinds, once all are there. */
  async run(items: readonly string[]): Promise<[kind: number, value: string][]> {
    const lease = this.lend(items);
    const answers = () =>
      this.results.filter((r) => r.lease === lease).flatMap((r) =>
        r.values.map((value, i) => [r.kinds?.[i] ?? 0, value] as [number, string])
      );
    await this.until(() => answers().length >= items.length);
    return answers();
  }

  /** Settles when `condition` holds, which is looked at whenever the worker said something; fails after 10 s. */
  async until(condition: () => boolean): Promise<void> {
    const deadline = setTimeout(() => this.#wake(), 10_000);
    const start = performance.now();
    try {
      while (!condition()) {
        if (performance.now() - start > 9_900) throw new Error(`not within 10 s: ${condition}`);
        await new Promise<void>((resolve) => this.#wakers.push(resolve));
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }

  end(): void {
    this.#port.close();
    this.#end();
  }
}

/** Runs `body` with a worker that has loaded `code`. */
export async function withWorker(code: string, body: (worker: TestWorker) => Promise<void>): Promise<void> {
  await useWorkerSource();
  const worker = new TestWorker();
  try {
    await worker.load(code);
    await body(worker);
  } finally {
    worker.end();
  }
}

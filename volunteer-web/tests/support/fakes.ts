/** Fakes of what a volunteer meets: a channel, workers, a browser's storage. */

import type { Channel, ChannelEvents } from "../../src/connect/channel.ts";
import { Pool } from "../../src/pool/pool.ts";
import { ResultJoiner } from "../../src/pool/result_joiner.ts";
import type { Slot } from "../../src/pool/slot.ts";
import type { CrashHandler, PoolEvents, WorkerHost } from "../../src/pool/worker_host.ts";
import { type Limits, NO_LIMITS } from "../../src/wire/hello.ts";
import type { FromClient, FromVolunteer } from "../../src/wire/messages.ts";
import type { Report } from "../../src/wire/report.ts";
import { readLendHead } from "../../src/wire/results.ts";
import type { ConsoleLines } from "../../src/worker/console.ts";
import type { Delivery, FromWorker, Order } from "../../src/worker/messages.ts";
import {
  blobMessages,
  type Bytes,
  ClientEnd,
  decodeResults,
  encodeFromClient,
  encodeResultsMessage,
  type Lend,
  type Results,
} from "./client.ts";
import { blobInfo, HELLO, packed, sleep, until } from "./helpers.ts";

/** A channel with the test as the client at its other end. */
export class FakeChannel implements Channel {
  readonly kind = "pipe";
  readonly binding: string | null = null;
  buffered = 0;
  closed = false;
  /** What the volunteer said, but for what has to do with blobs and what has arrived. */
  readonly said: (FromVolunteer | Results)[] = [];
  /** The rest of what it said. */
  readonly flow: FromVolunteer[] = [];
  /** The function that this client has. */
  #bundle: Bytes = new Uint8Array(0);
  #events: ChannelEvents | null = null;
  #end = new ClientEnd();

  listen(events: ChannelEvents): void {
    this.#events = events;
  }
  send(frame: Bytes): void {
    for (const message of this.#end.receive(frame)) {
      if (message.type === "accept") this.#sendBlobs(message);
      const isFlow = message.type === "accept" || message.type === "received";
      if (isFlow) this.flow.push(message);
      else this.said.push(message);
    }
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  say(message: FromClient | Lend): void {
    for (const frame of this.#end.frames(message)) this.#events!.frame(frame);
  }
  async hello(code: string, info: Partial<typeof HELLO> = {}): Promise<void> {
    await this.helloWith(await packed(code), info);
  }
  async helloWith(bundle: Bytes, info: Partial<typeof HELLO> = {}): Promise<void> {
    this.#bundle = bundle;
    this.say({ type: "hello", info: { ...HELLO, function: await blobInfo(bundle), ...info } });
  }
  #sendBlobs(accept: FromVolunteer & { type: "accept" }): void {
    // Not in the turn in which it is asked for: a channel never answers at once.
    queueMicrotask(() => blobMessages(accept, this.#bundle).forEach((message) => this.say(message)));
  }
  break(): void {
    this.#events!.closed("the connection broke");
  }
  room(): void {
    this.#events!.room();
  }
}

/** Returns a browser's storage that is empty. */
export function fakeStorage(): () => Pick<Storage, "getItem" | "setItem"> {
  const kept = new Map<string, string>();
  return () => ({
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  });
}

/** A browser's storage where that is forbidden. */
export function forbiddenStorage(): never {
  throw new Error("forbidden");
}

/** Returns a message of a worker with results that are all text. */
export function resultsFrom(lease: number, offset: number, values: string[], urgent = false): FromWorker {
  const { buffer } = encodeResultsMessage({ lease, offset, busy_us: 1, kinds: null, values });
  return { results: buffer, urgent };
}

/** A worker that the test plays. */
export class FakeWorker {
  /** The numbers of the leases that came, in their order. */
  readonly leases: number[] = [];
  readonly orders: Order[] = [];
  ended = false;
  readonly crash: CrashHandler;
  /** Says something by another way than the port. */
  readonly deliver: (delivery: Delivery) => void;
  #port: MessagePort;

  constructor(port: MessagePort, crash: CrashHandler, deliver: (delivery: Delivery) => void) {
    this.#port = port;
    this.crash = crash;
    this.deliver = deliver;
    port.onmessage = ({ data }: MessageEvent<ArrayBuffer | Order>) => {
      if (data instanceof ArrayBuffer) return void this.leases.push(readLendHead(new Uint8Array(data)).lease);
      this.orders.push(data);
      if (data.order === "load") this.say({ note: "loaded", context: null });
    };
  }

  /** The numbers of the leases that it was told to drop. */
  get dropped(): number[] {
    return this.orders.flatMap((order) => order.order === "drop" ? [order.lease] : []);
  }

  say(message: FromWorker): void {
    this.#port.postMessage(message);
  }

  answer(lease: number, offset: number, values: string[]): void {
    this.say(resultsFrom(lease, offset, values));
  }

  end(): void {
    this.ended = true;
    this.#port.close();
  }
}

/** A pool whose workers the test plays, and what the pool told. */
export class FakeWorkers implements PoolEvents, WorkerHost {
  readonly workers: FakeWorker[] = [];
  readonly received: Results[] = [];
  readonly back: number[] = [];
  readonly told: string[] = [];
  readonly reports: Report[] = [];
  readonly pool = new Pool(this, this);

  moveTo(): void {}
  start(port: MessagePort, crashed: CrashHandler, receive: (delivery: Delivery) => void): () => void {
    const worker = new FakeWorker(port, crashed, receive);
    this.workers.push(worker);
    return () => worker.end();
  }
  loaded(): void {
    this.told.push("loaded");
  }
  broken(message: string): void {
    this.told.push(`broken: ${message}`);
  }
  results(message: Bytes): void {
    this.received.push(decodeResults(message));
  }
  returned(leases: readonly number[]): void {
    this.back.push(...leases);
  }
  reported(report: Report): void {
    this.reports.push(report);
  }
  wrote({ lines }: ConsoleLines): void {
    this.told.push(...lines);
  }
  log(_: string, text: string): void {
    this.told.push(text);
  }

  lend(lease: number, ...items: string[]): void {
    this.pool.lend(lease, items.length, encodeFromClient({ type: "lend", lease, items }));
  }

  /** Waits until `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    await until(condition, () => `${this.pool}`);
  }
}

/** Runs `body` with a pool of `slots` workers that have loaded. */
export async function withPool(
  slots: number,
  body: (stage: FakeWorkers) => Promise<void>,
  limits: Limits = NO_LIMITS,
): Promise<void> {
  const stage = new FakeWorkers();
  try {
    stage.pool.setSlots(slots);
    stage.pool.load("code", limits);
    await stage.until(() => stage.workers.every((worker) => worker.orders.length === 1));
    await stage.until(() => stage.told.includes("loaded") || slots === 0);
    await sleep(5);
    await body(stage);
  } finally {
    stage.pool.reset();
  }
}

/** A slot with what was posted to its worker. */
export type FakeSlot = Slot & { readonly posted: unknown[] };

/** Returns a slot that is ready and has no lease, unless `more` says otherwise. */
export function fakeSlot(more: Partial<Slot> = {}): FakeSlot {
  const posted: unknown[] = [];
  return {
    posted,
    port: { postMessage: (message: unknown) => posted.push(message) } as unknown as MessagePort,
    end: () => undefined,
    joiner: new ResultJoiner(() => undefined),
    state: "ready",
    queue: [],
    since: 0,
    open: null,
    stray: null,
    dropping: new Set(),
    retiring: false,
    ...more,
  };
}

/** Takes the place of timers and of `performance.now` until it is restored: time passes when the test says so. */
export class FakeTime {
  #real = { setTimeout, clearTimeout, setInterval, clearInterval };
  #realNow = performance.now;
  #now = 1000;
  #timers = new Map<number, { readonly callback: () => void; readonly every: number | null; at: number }>();

  constructor() {
    let timers = 0;
    const start = (callback: () => void, ms: number, every: number | null) => {
      this.#timers.set(++timers, { callback, every, at: this.#now + ms });
      return timers;
    };
    const stop = (timer: number) => void this.#timers.delete(timer);
    Object.assign(globalThis, {
      setTimeout: (callback: () => void, ms: number) => start(callback, ms, null),
      setInterval: (callback: () => void, ms: number) => start(callback, ms, ms),
      clearTimeout: stop,
      clearInterval: stop,
    });
    performance.now = () => this.#now;
  }

  /** Lets milliseconds pass, one at a time. */
  pass(ms: number): void {
    for (const end = this.#now + ms; this.#now < end;) {
      this.#now++;
      for (const [id, timer] of [...this.#timers].filter(([, { at }]) => at === this.#now)) {
        if (timer.every === null) this.#timers.delete(id);
        else timer.at += timer.every;
        timer.callback();
      }
    }
  }

  restore(): void {
    Object.assign(globalThis, this.#real);
    performance.now = this.#realNow;
  }
}

/** Runs `body` in fake time. */
export function inFakeTime(body: (time: FakeTime) => void): void {
  const time = new FakeTime();
  try {
    body(time);
  } finally {
    time.restore();
  }
}

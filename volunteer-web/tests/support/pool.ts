/** A pool whose workers are played by the test. */

import { type Limits, NO_LIMITS } from "../../src/wire/hello.ts";
import { decodeFromVolunteer, encodeMessage, type Results } from "../../src/wire/messages.ts";
import { Pool } from "../../src/pool/pool.ts";
import type { Heard, PoolEvents, WorkerHost } from "../../src/pool/worker_host.ts";
import type { Report } from "../../src/wire/report.ts";
import type { Order } from "../../src/worker/messages.ts";
import { within } from "./helpers.ts";

/** Returns a `results` message as workers say it. */
export function answers(lease: number, offset: number, values: string[]): ArrayBuffer {
  const message: Results = { type: "results", lease, offset, busy_us: 1, kinds: null, values };
  return encodeMessage("volunteer", message).buffer;
}

/** A worker whose part this test plays. */
export class Puppet {
  readonly leases: number[] = [];
  readonly orders: Order[] = [];
  ended = false;
  readonly crash: (text: string, together?: boolean) => void;
  #port: MessagePort;

  /** Says something by another way than the port. */
  readonly tell: (said: Heard) => void;

  constructor(
    port: MessagePort,
    crash: (text: string, together?: boolean) => void,
    tell: (said: Heard) => void,
  ) {
    this.#port = port;
    this.crash = crash;
    this.tell = tell;
    port.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.leases.push(new DataView(data).getUint32(4, true));
      else {
        this.orders.push(data);
        if (data.order === "load") this.say({ note: "loaded" });
      }
    };
  }

  get dropped(): number[] {
    return this.orders.flatMap((order) => order.order === "drop" ? [order.lease] : []);
  }

  say(note: unknown): void {
    this.#port.postMessage(note);
  }

  answer(lease: number, offset: number, values: string[]): void {
    const buffer = answers(lease, offset, values);
    this.#port.postMessage(buffer, [buffer]);
  }

  close(): void {
    this.#port.close();
  }
}

export class Stage implements PoolEvents, WorkerHost {
  readonly puppets: Puppet[] = [];
  readonly results: Results[] = [];
  readonly back: number[] = [];
  readonly told: string[] = [];
  readonly reports: Report[] = [];
  readonly pool = new Pool(this, this);

  settle(): void {}
  start(
    port: MessagePort,
    crashed: (text: string, together?: boolean) => void,
    hear: (said: Heard) => void,
  ): () => void {
    const puppet = new Puppet(port, crashed, hear);
    this.puppets.push(puppet);
    return () => {
      puppet.ended = true;
      puppet.close();
    };
  }
  loaded(): void {
    this.told.push("loaded");
  }
  broken(message: string): void {
    this.told.push(`broken: ${message}`);
  }
  answered(message: Uint8Array<ArrayBuffer>): void {
    this.results.push(decodeFromVolunteer(message) as Results);
  }
  returned(leases: readonly number[]): void {
    this.back.push(...leases);
  }
  reported(report: Report): void {
    this.reports.push(report);
  }
  log(_: string, text: string): void {
    this.told.push(text);
  }

  lend(lease: number, ...items: string[]): void {
    this.pool.lend(lease, items.length, encodeMessage("client", { type: "lend", lease, items }));
  }

  /** Waits until `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    const look = async () => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    await within(5000, look(), `${condition} in ${this.pool}`);
  }
}

/** Runs `body` with a pool of `slots` workers that have loaded. */
export async function withPool(
  slots: number,
  body: (stage: Stage) => Promise<void>,
  limits: Limits = NO_LIMITS,
): Promise<void> {
  const stage = new Stage();
  try {
    stage.pool.setSlots(slots);
    stage.pool.load("code", limits);
    await stage.until(() => stage.puppets.every((puppet) => puppet.orders.length === 1));
    await stage.until(() => stage.told.includes("loaded") || slots === 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await body(stage);
  } finally {
    stage.pool.reset();
  }
}

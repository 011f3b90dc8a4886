import { decodeFromVolunteer, encodeMessage, type Results } from "../src/messages.ts";
import { Pool, type PoolEvents, type WorkerHost } from "../src/pool.ts";
import type { Order } from "../src/worker_messages.ts";
import { assert, assertSame, within } from "./helpers.ts";

/** A worker whose part this test plays. */
class Puppet {
  readonly leases: number[] = [];
  readonly orders: Order[] = [];
  ended = false;
  readonly crash: (text: string) => void;
  #port: MessagePort;

  constructor(port: MessagePort, crash: (text: string) => void) {
    this.#port = port;
    this.crash = crash;
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
    const message: Results = { type: "results", lease, offset, busy_us: 1, kinds: null, values };
    const { buffer } = encodeMessage("volunteer", message);
    this.#port.postMessage(buffer, [buffer]);
  }

  close(): void {
    this.#port.close();
  }
}

class Stage implements PoolEvents, WorkerHost {
  readonly puppets: Puppet[] = [];
  readonly results: Results[] = [];
  readonly back: number[] = [];
  readonly told: string[] = [];
  readonly pool = new Pool(this, this);

  start(port: MessagePort, crashed: (text: string) => void): () => void {
    const puppet = new Puppet(port, crashed);
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
async function withPool(slots: number, body: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = new Stage();
  try {
    stage.pool.setSlots(slots);
    stage.pool.load("code");
    await stage.until(() => stage.puppets.every((puppet) => puppet.orders.length === 1));
    await stage.until(() => stage.told.includes("loaded") || slots === 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await body(stage);
  } finally {
    stage.pool.reset();
  }
}

Deno.test("the pool is loaded once, with the first worker that is", () =>
  withPool(3, (stage) => {
    assertSame(stage.told, ["loaded"]);
    return Promise.resolve();
  }));

Deno.test("idle slots get one lease each, then each one more ahead; the rest waits", () =>
  withPool(2, async (stage) => {
    for (let lease = 1; lease <= 5; lease++) stage.lend(lease, "x");
    await stage.until(() => stage.puppets.every(({ leases }) => leases.length === 2));
    assertSame(stage.puppets.map(({ leases }) => leases), [[1, 3], [2, 4]]);
    stage.puppets[0].answer(1, 0, ["X"]);
    await stage.until(() => stage.puppets[0].leases.length === 3);
    assertSame(stage.puppets[0].leases, [1, 3, 5]);
  }));

Deno.test("a lease ahead of a busy slot moves to one that falls idle, and is answered once", () =>
  withPool(2, async (stage) => {
    for (let lease = 1; lease <= 3; lease++) stage.lend(lease, "x");
    const [slow, fast] = stage.puppets;
    await stage.until(() => slow.leases.length === 2 && fast.leases.length === 1);
    fast.answer(2, 0, ["X"]);
    await stage.until(() => fast.leases.includes(3));
    // The slow one had begun it, too late to hear that it lost it.
    slow.answer(3, 0, ["from the slow one"]);
    fast.answer(3, 0, ["from the fast one"]);
    await stage.until(() => stage.results.length === 2);
    assertSame([slow.dropped, stage.results[1].values], [[3], ["from the fast one"]]);
  }));

Deno.test("partial answers pass, and a lease ends with its last", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a", "b", "c");
    stage.puppets[0].answer(1, 0, ["A", "B"]);
    await stage.until(() => stage.results.length === 1);
    assertSame(stage.pool.busy, 1);
    stage.puppets[0].answer(1, 2, ["C"]);
    await stage.until(() => stage.pool.busy === 0);
  }));

Deno.test("after a crash the rest of the lease runs once more with care, and the item that crashes again is an error", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a", "b", "c");
    stage.lend(2, "d");
    await stage.until(() => stage.puppets[0].leases.length === 2);
    stage.puppets[0].answer(1, 0, ["A"]);
    await stage.until(() => stage.results.length === 1);
    stage.puppets[0].crash("out of memory");
    await stage.until(() => stage.puppets[1]?.leases.length === 2);
    const [, second] = stage.puppets;
    assertSame([second.leases, second.orders[1]], [[1, 2], { order: "care", lease: 1, from: 1 }]);
    second.crash("out of memory");
    const { offset, kinds, values } = stage.results[1];
    assertSame([offset, kinds], [1, [1]]);
    assertSame(JSON.parse(values[0] as string).message, "the worker crashed: out of memory");
    await stage.until(() => stage.puppets[2]?.leases.length === 2);
    assertSame(stage.puppets[2].orders[1], { order: "care", lease: 1, from: 2 });
    stage.puppets[2].answer(1, 2, ["C"]);
    await stage.until(() => stage.results.length === 3);
    assertSame(stage.back, []);
  }));

Deno.test("a crash with one item left is that item's error at once", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a");
    await stage.until(() => stage.puppets[0].leases.length === 1);
    stage.puppets[0].crash("out of memory");
    assertSame([stage.results.length, stage.results[0].kinds, stage.pool.busy], [1, [1], 0]);
  }));

Deno.test("when all workers crash at once, their leases run with care one after the other", () =>
  withPool(2, async (stage) => {
    stage.lend(1, "a", "b");
    stage.lend(2, "c", "d");
    await stage.until(() => stage.puppets.every(({ leases }) => leases.length === 1));
    for (const puppet of stage.puppets.slice()) puppet.crash("out of memory");
    await stage.until(() => stage.puppets.slice(2).some(({ leases }) => leases.length === 1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const running = stage.puppets.slice(2).flatMap(({ leases }) => leases);
    assertSame([running.length, stage.results, stage.back], [1, [], []]);
    const runs = stage.puppets.find(({ leases, ended }) => !ended && leases.length === 1)!;
    runs.answer(running[0], 0, ["A", "B"]);
    await stage.until(() => stage.puppets.slice(2).flatMap(({ leases }) => leases).length === 2);
  }));

Deno.test("a lease that is too long to copy is handed back after a crash", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "x".repeat(2_000_000), "b");
    await stage.until(() => stage.puppets[0].leases.length === 1);
    stage.puppets[0].crash("out of memory");
    assertSame(stage.back, [1]);
  }));

Deno.test("a worker that answers what it was not asked is replaced", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a", "b");
    stage.puppets[0].answer(1, 1, ["B"]);
    await stage.until(() => stage.puppets.length === 2);
    assertSame([stage.back, stage.results], [[], []]);
  }));

Deno.test("workers that never start are broken, and not tried for ever", async () => {
  const stage = new Stage();
  stage.pool.setSlots(1);
  for (let i = 1; i <= 3; i++) {
    await stage.until(() => stage.puppets.length === i);
    stage.puppets.at(-1)!.crash("no");
  }
  assert(stage.told.includes("broken: workers cannot start here: no"), stage.told.join());
  stage.pool.reset();
});

Deno.test("withdrawing stops what runs; the slot works on when it has let go", () =>
  withPool(1, async (stage) => {
    const [puppet] = stage.puppets;
    stage.lend(1, "a");
    stage.lend(2, "b");
    await stage.until(() => puppet.leases.length === 2);
    stage.pool.withdraw([1]);
    await stage.until(() => puppet.dropped.length === 2);
    assertSame(puppet.dropped, [2, 1]);
    puppet.say({ note: "dropped", lease: 2 });
    puppet.say({ note: "dropped", lease: 1 });
    await stage.until(() => puppet.leases.length === 3);
    assertSame(puppet.leases, [1, 2, 2]);
    puppet.answer(2, 0, ["B"]);
    await stage.until(() => stage.results.length === 1);
  }));

Deno.test("a worker that does not let go is replaced", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a");
    await stage.until(() => stage.puppets[0].leases.length === 1);
    stage.pool.withdraw([1]);
    stage.lend(2, "b");
    await stage.until(() => stage.puppets[1]?.leases.length === 1);
    assertSame([stage.puppets[0].ended, stage.puppets[1].leases], [true, [2]]);
  }));

Deno.test("a pause finishes what runs and hands back what waits; resuming starts workers again", () =>
  withPool(2, async (stage) => {
    for (let lease = 1; lease <= 6; lease++) stage.lend(lease, "x");
    await stage.until(() => stage.puppets.every(({ leases }) => leases.length === 2));
    stage.pool.setSlots(0);
    assertSame(stage.back.sort(), [3, 4, 5, 6]);
    stage.lend(7, "x");
    assertSame(stage.back.at(-1), 7);
    stage.puppets[0].answer(1, 0, ["X"]);
    stage.puppets[1].answer(2, 0, ["X"]);
    await stage.until(() => stage.puppets.every(({ ended }) => ended));
    assertSame(stage.results.length, 2);
    stage.pool.setSlots(1);
    stage.lend(8, "x");
    await stage.until(() => stage.puppets[2]?.leases.length === 1);
  }));

Deno.test("fewer slots: idle ones end at once, busy ones when they are through", () =>
  withPool(3, async (stage) => {
    stage.lend(1, "x");
    stage.lend(2, "x");
    await stage.until(() => stage.puppets[1].leases.length === 1);
    stage.pool.setSlots(1);
    assertSame(stage.puppets.map(({ ended }) => ended), [false, false, true]);
    stage.puppets[0].answer(1, 0, ["X"]);
    await stage.until(() => stage.puppets.filter(({ ended }) => ended).length === 2);
    stage.puppets[1].answer(2, 0, ["X"]);
    await stage.until(() => stage.results.length === 2);
  }));

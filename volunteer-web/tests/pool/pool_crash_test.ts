import assert from "node:assert/strict";
import { type FakeWorkers, inFakeTime, resultsFrom, withPool } from "../support/fakes.ts";
import { sleep } from "../support/helpers.ts";

const message = ({ values }: { values: readonly unknown[] }) => JSON.parse(values[0] as string).message;

Deno.test("after a crash the rest of the lease runs once more with care, and the item that crashes again is an error", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a", "b", "c");
    stage.lend(2, "d");
    await stage.until(() => stage.workers[0].leases.length === 2);
    stage.workers[0].answer(1, 0, ["A"]);
    await stage.until(() => stage.received.length === 1);
    stage.workers[0].crash("it broke");
    await stage.until(() => stage.workers[1]?.leases.length === 2);
    const [, second] = stage.workers;
    assert.deepEqual([second.leases, second.orders[1]], [[1, 2], {
      order: "resume",
      lease: 1,
      from: 1,
      careful: true,
    }]);
    second.crash("it broke");
    const { offset, kinds } = stage.received[1];
    assert.deepEqual([offset, kinds, message(stage.received[1])], [1, [1], "the worker crashed: it broke"]);
    await stage.until(() => stage.workers[2]?.leases.length === 2);
    assert.deepEqual(stage.workers[2].orders[1], { order: "resume", lease: 1, from: 2, careful: true });
    stage.workers[2].answer(1, 2, ["C"]);
    await stage.until(() => stage.received.length === 3);
    assert.deepEqual(stage.back, []);
  }));

Deno.test("a crash with one item left is that item's error at once", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a");
    await stage.until(() => stage.workers[0].leases.length === 1);
    stage.workers[0].crash("it broke");
    assert.deepEqual([stage.received.length, stage.received[0].kinds, stage.pool.busy], [1, [1], 0]);
  }));

Deno.test("of workers that crash together each one's lease runs alone, and only the one at fault gets an error", () =>
  withPool(2, async (stage) => {
    const living = () => stage.workers.filter(({ ended }) => !ended);
    const running = () => living().flatMap(({ leases }) => leases);
    const allDie = () => living().forEach((worker) => worker.crash("out of memory", true));
    for (let lease = 1; lease <= 3; lease++) stage.lend(lease, "x");
    await stage.until(() => stage.workers.every(({ leases }) => leases.length > 0));
    allDie();
    await stage.until(() => running().length > 0);
    await sleep(20);
    // The other suspect waits, and so does the lease that was not begun.
    assert.deepEqual([running().length, stage.received.length], [1, 0]);
    const [innocent] = running();
    living().find(({ leases }) => leases.length > 0)!.answer(innocent, 0, ["X"]);
    const guilty = 3 - innocent;
    await stage.until(() => running().includes(guilty));
    assert.deepEqual(running().sort(), [innocent, guilty].sort());
    allDie();
    assert.deepEqual(stage.received.map(({ lease, kinds }) => [lease, kinds]), [[innocent, null], [guilty, [
      1,
    ]]]);
    await stage.until(() => running().includes(3));
    assert.deepEqual(stage.back, []);
  }));

Deno.test("a long lease too runs again after a crash", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "x".repeat(2_000_000), "b");
    await stage.until(() => stage.workers[0].leases.length === 1);
    stage.workers[0].crash("it broke");
    await stage.until(() => stage.workers[1]?.leases.length === 1);
    assert.deepEqual([stage.workers[1].leases, stage.back], [[1], []]);
  }));

const LIMITS = { timeout_ms: 60, max_result: 1000 };
const timedOut = "no result within 0.06 s (--timeout)";

/** Waits until the first worker was replaced, and that its successor got the lease. */
async function replaced(stage: FakeWorkers, lease: number): Promise<void> {
  await stage.until(() => stage.workers[0].ended && stage.workers.at(-1)!.leases.includes(lease));
}

Deno.test("an item that takes too long, when it is known which: its error, and the others run as usual", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a", "b", "c");
    await stage.until(() => stage.workers[0].leases.length === 1);
    stage.workers[0].answer(1, 0, ["A"]);
    stage.workers[0].say({ note: "open", lease: 1, item: 1 });
    await replaced(stage, 1);
    assert.deepEqual([stage.received[1].offset, stage.received[1].kinds], [1, [1]]);
    assert.deepEqual([message(stage.received[1]), stage.pool.busy], [timedOut, 1]);
    assert.deepEqual(stage.workers[1].orders[1], { order: "resume", lease: 1, from: 2, careful: false });
  }, LIMITS));

Deno.test("when it is not known which, the rest of the lease runs with care, and the limit holds again", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a", "b", "c");
    stage.lend(2, "d");
    await replaced(stage, 2);
    assert.deepEqual(stage.received, []);
    assert.deepEqual(stage.workers[1].orders[1], { order: "resume", lease: 1, from: 0, careful: true });
    stage.workers[1].answer(1, 0, ["A"]);
    await stage.until(() => stage.workers[2]?.leases.length === 2);
    assert.deepEqual(stage.received.map(({ offset }) => offset), [0, 1]);
    assert.deepEqual(message(stage.received[1]), timedOut);
    stage.workers[2].answer(1, 2, ["C"]);
    stage.workers[2].answer(2, 0, ["D"]);
    await stage.until(() => stage.received.length === 4);
    assert.deepEqual(stage.back, []);
  }, LIMITS));

Deno.test("with a time limit results are urgent, and those of a moment still go on as one", () =>
  withPool(1, async (stage) => {
    const [worker] = stage.workers;
    assert.deepEqual(worker.orders.map((order) => order.order === "load" && order.measured), [true]);
    stage.lend(1, "a", "b", "c", "d");
    await stage.until(() => worker.leases.length === 1);
    inFakeTime(() => {
      for (const [i, value] of ["A", "B", "C", "D"].entries()) {
        worker.deliver({ messages: [resultsFrom(1, i, [value], true)], held: false });
      }
    });
    assert.deepEqual(stage.received.map(({ values }) => values), [["A"], ["B", "C", "D"]]);
  }, LIMITS));

Deno.test("leases over which workers hung run with care at the same time", () =>
  withPool(2, async (stage) => {
    stage.lend(1, "a", "b");
    stage.lend(2, "c", "d");
    await stage.until(() => stage.workers.length === 4 && `${stage.pool}`.includes("[ready 1, ready 1]"));
    assert.deepEqual([stage.received, stage.workers.length], [[], 4]);
  }, LIMITS));

Deno.test("a lease that is got on with is not over the limit, however long it takes", () =>
  withPool(1, async (stage) => {
    stage.lend(1, ...Array(20).fill("a"));
    for (let item = 0; item < 20; item++) {
      await sleep(25);
      stage.workers[0].answer(1, item, ["A"]);
    }
    await stage.until(() => stage.pool.busy === 0);
    assert.deepEqual([stage.workers.length, stage.workers[0].ended], [1, false]);
  }, LIMITS));

Deno.test("without a limit nothing is too long", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a");
    await sleep(400);
    assert.deepEqual([stage.received, stage.workers.length], [[], 1]);
    assert.ok(stage.pool.unansweredMs[0] > 300, `${stage.pool.unansweredMs}`);
  }));

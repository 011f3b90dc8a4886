import { NO_LIMITS } from "../../src/wire/hello.ts";
import assert from "node:assert/strict";
import { FakeWorkers, resultsFrom, withPool } from "../support/fakes.ts";

Deno.test("the pool is loaded once, with the first worker that is", () =>
  withPool(3, (stage) => {
    assert.deepEqual(stage.told, ["loaded"]);
    return Promise.resolve();
  }));

Deno.test("idle slots get one lease each, then each one more ahead; the rest waits", () =>
  withPool(2, async (stage) => {
    for (let lease = 1; lease <= 5; lease++) stage.lend(lease, "x");
    await stage.until(() => stage.workers.every(({ leases }) => leases.length === 2));
    assert.deepEqual(stage.workers.map(({ leases }) => leases), [[1, 3], [2, 4]]);
    stage.workers[0].answer(1, 0, ["X"]);
    await stage.until(() => stage.workers[0].leases.length === 3);
    assert.deepEqual(stage.workers[0].leases, [1, 3, 5]);
  }));

Deno.test("what the function reports is passed on", () =>
  withPool(1, async (stage) => {
    const report = { cpu_ms: 1, data_transfer_ms: 2, items: 3, units: "u" };
    stage.workers[0].say({ note: "report", report });
    await stage.until(() => stage.reports.length === 1);
    assert.deepEqual(stage.reports, [report]);
  }));

Deno.test("a lease ahead of a busy slot moves to one that falls idle, and is answered once", () =>
  withPool(2, async (stage) => {
    for (let lease = 1; lease <= 3; lease++) stage.lend(lease, "x");
    const [slow, fast] = stage.workers;
    await stage.until(() => slow.leases.length === 2 && fast.leases.length === 1);
    fast.answer(2, 0, ["X"]);
    await stage.until(() => fast.leases.includes(3));
    // The slow one had begun it, too late to hear that it lost it.
    slow.answer(3, 0, ["from the slow one"]);
    fast.answer(3, 0, ["from the fast one"]);
    await stage.until(() => stage.received.length === 2);
    assert.deepEqual([slow.dropped, stage.received[1].values], [[3], ["from the fast one"]]);
  }));

Deno.test("partial answers pass, and a lease ends with its last", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a", "b", "c");
    stage.workers[0].answer(1, 0, ["A", "B"]);
    await stage.until(() => stage.received.length === 1);
    assert.equal(stage.pool.busy, 1);
    stage.workers[0].answer(1, 2, ["C"]);
    await stage.until(() => stage.pool.busy === 0);
  }));

Deno.test("several messages that come together are taken in their order, and results of a lease pass as one", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a", "b", "c", "d");
    stage.lend(2, "e", "f");
    const [worker] = stage.workers;
    await stage.until(() => worker.leases.length === 2);
    const report = { cpu_ms: 1, data_transfer_ms: 2, items: 3, units: "u" };
    worker.deliver({ messages: [resultsFrom(1, 0, ["A"])], held: false });
    const messages = [
      resultsFrom(1, 1, ["B"]),
      { note: "report" as const, report },
      resultsFrom(1, 2, ["C", "D"]),
      resultsFrom(2, 0, ["E"]),
    ];
    worker.deliver({ messages, held: true });
    assert.deepEqual(stage.received.map(({ lease, values }) => [lease, values]), [
      [1, ["A"]],
      [1, ["B", "C", "D"]],
      [2, ["E"]],
    ]);
    assert.deepEqual(stage.reports, [report]);
    assert.equal(stage.pool.busy, 1);
  }));

Deno.test("a worker that is said to have crashed has answered what came before", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a", "b");
    const [worker] = stage.workers;
    await stage.until(() => worker.leases.length === 1);
    const crashed = { note: "crashed" as const, text: "it broke" };
    worker.deliver({
      messages: [resultsFrom(1, 0, ["A"]), crashed, resultsFrom(1, 1, ["too late"])],
      held: true,
    });
    assert.deepEqual(stage.received.map(({ offset, kinds }) => [offset, kinds]), [[0, null], [1, [1]]]);
    assert.ok(stage.told.includes("a worker crashed: it broke"), `${stage.told}`);
    await stage.until(() => stage.workers.length === 2);
  }));

Deno.test("a worker that answers what it was not asked is replaced", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a", "b");
    stage.workers[0].answer(1, 1, ["B"]);
    await stage.until(() => stage.workers.length === 2);
    assert.deepEqual([stage.back, stage.received], [[], []]);
  }));

Deno.test("workers that never start are broken, and not tried for ever", async () => {
  const stage = new FakeWorkers();
  stage.pool.setSlots(1);
  for (let i = 1; i <= 3; i++) {
    await stage.until(() => stage.workers.length === i);
    stage.workers.at(-1)!.crash("no");
  }
  assert.ok(stage.told.includes("broken: workers cannot start here: no"), stage.told.join());
  stage.pool.reset();
});

Deno.test("that workers never started is told again when there is a function: nobody may have heard it", async () => {
  const stage = new FakeWorkers();
  stage.pool.setSlots(1);
  for (let i = 1; i <= 3; i++) {
    await stage.until(() => stage.workers.length === i);
    stage.workers.at(-1)!.crash("no");
  }
  stage.told.length = 0;
  stage.pool.load("code", NO_LIMITS);
  assert.deepEqual(stage.told, ["broken: workers cannot start here: no"]);
  stage.pool.reset();
  stage.told.length = 0;
  stage.pool.setSlots(1);
  stage.pool.load("code", NO_LIMITS);
  assert.deepEqual(stage.told, []);
  stage.pool.reset();
});

Deno.test("withdrawing stops what runs; the slot works on when it has let go", () =>
  withPool(1, async (stage) => {
    const [worker] = stage.workers;
    stage.lend(1, "a");
    stage.lend(2, "b");
    await stage.until(() => worker.leases.length === 2);
    stage.pool.withdraw([1]);
    await stage.until(() => worker.dropped.length === 2);
    assert.deepEqual(worker.dropped, [2, 1]);
    worker.say({ note: "dropped", lease: 2 });
    worker.say({ note: "dropped", lease: 1 });
    await stage.until(() => worker.leases.length === 3);
    assert.deepEqual(worker.leases, [1, 2, 2]);
    worker.answer(2, 0, ["B"]);
    await stage.until(() => stage.received.length === 1);
  }));

Deno.test("a worker that does not let go is replaced", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a");
    await stage.until(() => stage.workers[0].leases.length === 1);
    stage.pool.withdraw([1]);
    stage.lend(2, "b");
    await stage.until(() => stage.workers[1]?.leases.length === 1);
    assert.deepEqual([stage.workers[0].ended, stage.workers[1].leases], [true, [2]]);
  }));

Deno.test("a pause finishes what runs and hands back what waits; resuming starts workers again", () =>
  withPool(2, async (stage) => {
    for (let lease = 1; lease <= 6; lease++) stage.lend(lease, "x");
    await stage.until(() => stage.workers.every(({ leases }) => leases.length === 2));
    stage.pool.setSlots(0);
    assert.deepEqual(stage.back.sort(), [3, 4, 5, 6]);
    stage.lend(7, "x");
    assert.equal(stage.back.at(-1), 7);
    stage.workers[0].answer(1, 0, ["X"]);
    stage.workers[1].answer(2, 0, ["X"]);
    await stage.until(() => stage.workers.every(({ ended }) => ended));
    assert.equal(stage.received.length, 2);
    stage.pool.setSlots(1);
    stage.lend(8, "x");
    await stage.until(() => stage.workers[2]?.leases.length === 1);
  }));

Deno.test("fewer slots: idle ones end at once, busy ones when they are through", () =>
  withPool(3, async (stage) => {
    stage.lend(1, "x");
    stage.lend(2, "x");
    await stage.until(() => stage.workers[1].leases.length === 1);
    stage.pool.setSlots(1);
    assert.deepEqual(stage.workers.map(({ ended }) => ended), [false, false, true]);
    stage.workers[0].answer(1, 0, ["X"]);
    await stage.until(() => stage.workers.filter(({ ended }) => ended).length === 2);
    stage.workers[1].answer(2, 0, ["X"]);
    await stage.until(() => stage.received.length === 2);
  }));

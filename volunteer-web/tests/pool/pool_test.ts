import { assert, assertSame } from "../support/helpers.ts";
import { answers, Stage, withPool } from "../support/pool.ts";

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

Deno.test("what the function reports is passed on", () =>
  withPool(1, async (stage) => {
    const report = { cpu_ms: 1, data_transfer_ms: 2, items: 3, units: "u" };
    stage.puppets[0].say({ note: "report", report });
    await stage.until(() => stage.reports.length === 1);
    assertSame(stage.reports, [report]);
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

Deno.test("several messages that come together are taken in their order, and answers of a lease pass as one", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a", "b", "c", "d");
    stage.lend(2, "e", "f");
    const [puppet] = stage.puppets;
    await stage.until(() => puppet.leases.length === 2);
    const report = { cpu_ms: 1, data_transfer_ms: 2, items: 3, units: "u" };
    puppet.tell(answers(1, 0, ["A"]));
    puppet.tell([
      answers(1, 1, ["B"]),
      { note: "report", report },
      answers(1, 2, ["C", "D"]),
      answers(2, 0, ["E"]),
    ]);
    assertSame(stage.results.map(({ lease, values }) => [lease, values]), [
      [1, ["A"]],
      [1, ["B", "C", "D"]],
      [2, ["E"]],
    ]);
    assertSame(stage.reports, [report]);
    assertSame(stage.pool.busy, 1);
  }));

Deno.test("a worker that is said to have crashed has answered what came before", () =>
  withPool(1, async (stage) => {
    stage.lend(1, "a", "b");
    const [puppet] = stage.puppets;
    await stage.until(() => puppet.leases.length === 1);
    puppet.tell([answers(1, 0, ["A"]), { note: "crashed", text: "it broke" }, answers(1, 1, ["too late"])]);
    assertSame(stage.results.map(({ offset, kinds }) => [offset, kinds]), [[0, null], [1, [1]]]);
    assert(stage.told.includes("a worker crashed: it broke"), `${stage.told}`);
    await stage.until(() => stage.puppets.length === 2);
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

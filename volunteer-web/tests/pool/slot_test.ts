import assert from "node:assert/strict";
import { type Care, drop, dropAhead, give, isFree, type Lease, strayOf } from "../../src/pool/slot.ts";
import { fakeSlot } from "../support/fakes.ts";

const lease = (number: number, answered = 0, care: Care = "none"): Lease => ({
  number,
  count: 3,
  answered,
  message: new Uint8Array([number]),
  care,
});

Deno.test("a lease is sent as it is; one that begins later or wants care is announced", () => {
  const slot = fakeSlot();
  give(slot, lease(1));
  give(slot, lease(2, 2));
  give(slot, lease(3, 0, "each"));
  assert.deepEqual(slot.posted.map((m) => m instanceof ArrayBuffer ? [...new Uint8Array(m)] : m), [
    [1],
    { order: "resume", lease: 2, from: 2, careful: false },
    [2],
    { order: "resume", lease: 3, from: 0, careful: true },
    [3],
  ]);
  assert.deepEqual(slot.queue.map(({ number }) => number), [1, 2, 3]);
});

Deno.test("a lease that is part of a larger buffer is sent without the rest of it", () => {
  const slot = fakeSlot();
  give(slot, { ...lease(1), message: new Uint8Array([1, 2, 3]).subarray(1, 2) });
  assert.deepEqual(slot.posted, [new Uint8Array([2]).buffer]);
});

Deno.test("a slot that is told to drop a lease is not free until it has", () => {
  const slot = fakeSlot({ queue: [lease(1), lease(2), lease(3)] });
  assert.ok(isFree(slot));
  assert.deepEqual(dropAhead(slot).map(({ number }) => number), [2, 3]);
  assert.deepEqual(slot.posted, [{ order: "drop", lease: 2 }, { order: "drop", lease: 3 }]);
  assert.deepEqual([slot.queue.length, [...slot.dropping], isFree(slot)], [1, [2, 3], false]);
  slot.dropping.clear();
  assert.equal(drop(slot, slot.queue[0]).number, 1);
  assert.deepEqual(slot.queue, []);
});

Deno.test("the last error that nobody caught is told of the item that was open then, and of no other", () => {
  const stray = { lease: 1, item: 2, text: "lost" };
  assert.equal(
    strayOf(fakeSlot({ queue: [lease(1, 2)], stray })),
    "; the last error that nobody caught: lost",
  );
  for (const queue of [[lease(1, 1)], [lease(2, 2)], []]) {
    assert.equal(strayOf(fakeSlot({ queue, stray })), "");
  }
  assert.equal(strayOf(fakeSlot({ queue: [lease(1)] })), "");
});

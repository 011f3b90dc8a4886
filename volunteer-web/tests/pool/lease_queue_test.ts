import assert from "node:assert/strict";
import { LeaseQueue } from "../../src/pool/lease_queue.ts";
import { type Care, type Lease } from "../../src/pool/slot.ts";
import { fakeSlot } from "../support/fakes.ts";

const lease = (number: number, care: Care = "none", bytes = 1): Lease => ({
  number,
  count: 1,
  answered: 0,
  message: new Uint8Array(bytes),
  care,
});

function queueOf(...leases: Lease[]): LeaseQueue {
  const queue = new LeaseQueue();
  for (const lease of leases) queue.add(lease);
  return queue;
}

Deno.test("leases leave in the order in which they came, and those that are put back leave first", () => {
  const queue = queueOf(lease(1), lease(2));
  queue.putBack(lease(8), lease(9));
  assert.equal(queue.count, 4);
  assert.deepEqual([1, 2, 3, 4, 5].map(() => queue.next([])?.number), [8, 9, 1, 2, undefined]);
});

Deno.test("a lease that is too long stays, and so does everything behind it", () => {
  const queue = queueOf(lease(1, "none", 10), lease(2));
  assert.equal(queue.next([], 9), null);
  assert.equal(queue.next([], 10)?.number, 1);
});

Deno.test("some leases are forgotten, or all", () => {
  const queue = queueOf(lease(1), lease(2), lease(3));
  queue.forget(new Set([2, 7]));
  assert.deepEqual(queue.clear(), [1, 3]);
  assert.deepEqual([queue.count, queue.clear()], [0, []]);
});

Deno.test("a lease that runs alone waits until nothing runs, and everything else waits for it", () => {
  const queue = queueOf(lease(1), lease(2, "alone"), lease(3));
  const [idle, busy] = [fakeSlot(), fakeSlot({ queue: [lease(9)] })];
  assert.equal(queue.next([idle, busy]), null);
  assert.equal(queue.next([idle])?.number, 2);
  const alone = fakeSlot({ queue: [lease(2, "alone")] });
  assert.equal(queue.next([idle, alone]), null);
  assert.equal(queue.next([idle, busy])?.number, 1);
});

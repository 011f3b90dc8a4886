import assert from "node:assert/strict";
import { feed } from "../../src/pool/feeding.ts";
import { LeaseQueue } from "../../src/pool/lease_queue.ts";
import type { Lease } from "../../src/pool/slot.ts";
import { fakeSlot } from "../support/fakes.ts";

const lease = (number: number, bytes = 1): Lease => ({
  number,
  count: 1,
  answered: 0,
  message: new Uint8Array(bytes),
  care: "none",
});

function waiting(...leases: Lease[]): LeaseQueue {
  const queue = new LeaseQueue();
  for (const lease of leases) queue.add(lease);
  return queue;
}

const numbers = (slots: readonly { queue: Lease[] }[]) =>
  slots.map(({ queue }) => queue.map((l) => l.number));

Deno.test("each idle slot gets a lease before any gets one ahead", () => {
  const slots = [fakeSlot({ queue: [lease(9)] }), fakeSlot(), fakeSlot()];
  feed(slots, waiting(...[1, 2, 3, 4].map((n) => lease(n))), 50);
  assert.deepEqual(numbers(slots), [[9, 3], [1, 4], [2]]);
  assert.deepEqual(slots.map(({ since }) => since), [0, 50, 50]);
});

Deno.test("a slot that falls idle when nothing waits gets what another has ahead", () => {
  const slots = [fakeSlot({ queue: [lease(1), lease(2)] }), fakeSlot()];
  feed(slots, waiting(), 0);
  assert.deepEqual(numbers(slots), [[1], [2]]);
  assert.deepEqual([...slots[0].dropping], [2]);
});

Deno.test("slots that are not ready, are retiring or have yet to let go of a lease get none", () => {
  const slots = [
    fakeSlot({ state: "loading" }),
    fakeSlot({ retiring: true }),
    fakeSlot({ dropping: new Set([7]) }),
  ];
  const queue = waiting(lease(1));
  feed(slots, queue, 0);
  assert.deepEqual([numbers(slots), queue.count], [[[], [], []], 1]);
});

Deno.test("a large lease is given to an idle slot, and never ahead", () => {
  const slots = [fakeSlot()];
  feed(slots, waiting(lease(1, 2_000_000), lease(2, 2_000_000)), 0);
  assert.deepEqual(numbers(slots), [[1]]);
});

import assert from "node:assert/strict";
import type { Care, Lease } from "../../src/pool/slot.ts";
import { consequenceOf, FailedStarts, failNextItem, type Loss } from "../../src/pool/worker_loss.ts";
import { KIND } from "../../src/wire/constants.ts";
import { decodeResults } from "../support/client.ts";
import { fakeSlot } from "../support/fakes.ts";

const lease = (care: Care = "none", answered = 0): Lease => ({
  number: 5,
  count: 3,
  answered,
  message: new Uint8Array(1),
  care,
});

const cases: [what: string, lease: Lease, open: number | null, loss: Loss, isKnown: boolean, care: Care][] = [
  ["a first crash", lease(), null, "crash", false, "each"],
  ["a crash with one item left", lease("none", 2), null, "crash", true, "each"],
  ["a crash while the worker waits for an item", lease("none", 1), 1, "crash", true, "each"],
  ["a crash after the worker waited for an item", lease("none", 2 - 1), 0, "crash", false, "each"],
  ["a crash with care", lease("each"), null, "crash", true, "each"],
  ["a crash of many", lease("each"), null, "together", false, "alone"],
  ["a crash of many, of which one ran alone", lease("alone"), null, "together", true, "alone"],
  ["a crash of one that ran alone", lease("alone"), null, "crash", true, "alone"],
  ["a timeout", lease(), null, "timeout", false, "each"],
  ["a timeout of a known item", lease(), 0, "timeout", true, "none"],
  ["a timeout with care", lease("each"), null, "timeout", true, "each"],
  ["a timeout of one that ran alone", lease("alone"), null, "timeout", true, "alone"],
];
for (const [what, running, item, loss, isKnown, care] of cases) {
  Deno.test(`${what}: ${isKnown ? "the item is known" : "the item is not known"}, care ${care}`, () => {
    const open = item === null ? null : { lease: 5, item };
    assert.deepEqual(consequenceOf(fakeSlot({ queue: [running], open }), loss), { isKnown, care });
  });
}

Deno.test("the item at fault gets an error, which is short", () => {
  const running = lease("none", 1);
  const { lease: number, offset, kinds, values } = decodeResults(failNextItem(running, "x".repeat(1000)));
  assert.deepEqual([number, offset, kinds, running.answered], [5, 1, [KIND.ERROR], 2]);
  assert.deepEqual(JSON.parse(values[0] as string), { message: "x".repeat(500), stack: "" });
});

Deno.test("three failed starts in a row are too many", () => {
  const starts = new FailedStarts();
  assert.deepEqual([starts.add("crash"), starts.add("crash")], [false, false]);
  starts.clear();
  assert.deepEqual([starts.add("crash"), starts.add("crash"), starts.add("crash")], [false, false, true]);
  starts.clear();
  // The frame in which they run did not load, twice.
  assert.deepEqual([starts.add("together"), starts.add("together")], [false, true]);
});

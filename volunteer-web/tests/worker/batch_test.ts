import assert from "node:assert/strict";
import { Batch, bytesOf, isTooLong } from "../../src/worker/batch.ts";
import { KIND } from "../../src/wire/constants.ts";
import { decodeResults } from "../support/client.ts";

Deno.test("a batch is the results of one lease that follow each other, with their time", () => {
  const batch = new Batch();
  batch.begin(4, 10);
  batch.add(KIND.RESULT, "a");
  batch.add(KIND.RESULT, "é");
  assert.equal(batch.count, 2);
  assert.deepEqual(decodeResults(batch.take(1.5)), {
    type: "results",
    lease: 4,
    offset: 10,
    busy_us: 1500,
    kinds: null,
    values: ["a", "é"],
  });
  batch.add(KIND.RESULT, "b");
  batch.add(KIND.DECLINED, "");
  const { offset, kinds, busy_us } = decodeResults(batch.take(-1));
  assert.deepEqual([batch.count, offset, kinds, busy_us], [0, 12, [0, 2], 0]);
});

Deno.test("what waits of another lease is forgotten", () => {
  const batch = new Batch();
  batch.begin(1);
  batch.add(KIND.ERROR, '{"message":"no","stack":""}');
  batch.begin(2);
  assert.equal(batch.count, 0);
  batch.add(KIND.RESULT, "a");
  const { lease, offset, kinds } = decodeResults(batch.take(0));
  assert.deepEqual([lease, offset, kinds], [2, 0, null]);
});

Deno.test("a batch is full before its message is too long, whatever is in it", () => {
  for (
    const [maxResult, value] of [[16 * 1024 * 1024, "€".repeat(1000)], [1, "€".repeat(100)], [
      1000,
      "",
    ]] as const
  ) {
    const batch = new Batch(maxResult);
    batch.begin(1);
    assert.equal(batch.isFullFor("€".repeat(400_000)), false, "one value is always sent");
    while (!batch.isFullFor(value)) batch.add(KIND.RESULT, value);
    const { length } = batch.take(0);
    assert.ok(length <= Math.min(1024 * 1024, maxResult + 65_536), `${length} bytes`);
    assert.ok(length > 10_000, `${length} bytes are not much`);
  }
  const binary = new Batch();
  binary.begin(1);
  while (!binary.isFullFor(new Uint8Array(3000))) binary.add(KIND.BINARY, new Uint8Array(3000));
  assert.ok(binary.take(0).length < 1.1 * 1024 * 1024);
});

Deno.test("the bytes of a result are a copy", () => {
  const array = new Uint8Array([1, 2, 3]);
  const [whole, view] = [bytesOf(array.buffer)!, bytesOf(new DataView(array.buffer, 1, 1))!];
  array.fill(9);
  assert.deepEqual([[...whole], [...view]], [[1, 2, 3], [2]]);
  assert.deepEqual([bytesOf(null), bytesOf("text"), bytesOf([1]), bytesOf(undefined)], [
    null,
    null,
    null,
    null,
  ]);
});

Deno.test("a result is too long by its bytes", () => {
  assert.deepEqual([isTooLong("éé", 4), isTooLong("éé", 3), isTooLong("aaa", 3), isTooLong("aaaa", 3)], [
    false,
    true,
    false,
    true,
  ]);
  assert.deepEqual([isTooLong(new Uint8Array(3), 3), isTooLong(new Uint8Array(4), 3)], [false, true]);
});

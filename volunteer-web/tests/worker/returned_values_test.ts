import assert from "node:assert/strict";
import { failureOf, isThenable, Timers } from "../../src/worker/returned_values.ts";

Deno.test("what stands for a timer of the function is known as that, a number or an object", () => {
  let next: number | object = 10;
  const timers = new Timers(() => next);
  next = 14;
  assert.deepEqual([11, 13, 14].map((value) => timers.has(value)), [true, false, false]);
  assert.equal(timers.has("11"), false);
  class Timeout {}
  next = new Timeout();
  assert.deepEqual([new Timeout(), {}, null, "x"].map((value) => timers.has(value)), [
    true,
    false,
    false,
    false,
  ]);
});

Deno.test("promises of all makes, and rejections without a reason", () => {
  const like = Object.assign(() => 1, { then: () => undefined });
  assert.deepEqual([Promise.resolve(), { then() {} }, like, { then: 1 }, null, "x"].map(isThenable), [
    ...[true, true, true],
    ...[false, false, false],
  ]);
  assert.deepEqual([failureOf(true), failureOf(0)], [true, { message: "rejected with 0" }]);
});

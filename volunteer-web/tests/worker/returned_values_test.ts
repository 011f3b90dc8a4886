import assert from "node:assert/strict";
import { failureOf, isThenable, ReturnedValues } from "../../src/worker/returned_values.ts";

Deno.test("what stands for a timer of the function is known as that, a number or an object", () => {
  let next: number | object = 10;
  const values = new ReturnedValues(() => next);
  next = 14;
  assert.deepEqual([11, 13, 14].map((value) => values.isTimer(value)), [true, false, false]);
  assert.equal(values.isTimer("11"), false);
  class Timeout {}
  next = new Timeout();
  assert.deepEqual([new Timeout(), {}, null, "x"].map((value) => values.isTimer(value)), [
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

Deno.test("a call's own value is kept, unless it stands for a timer or may hold the callback", () => {
  let next = 10;
  const values = new ReturnedValues(() => next);
  values.note(1, "a");
  assert.deepEqual([values.of(1)?.value, values.of(2)], ["a", null]);
  next = 14;
  values.note(2, 12);
  assert.equal(values.of(2), null);
  for (const value of [{}, null, true, () => 1]) values.note(3, value);
  assert.equal(values.of(3), null);
});

import assert from "node:assert/strict";
import { failureOf, isThenable, ReturnedValues } from "../../src/worker/returned_values.ts";

/** What the outside is, with timers that the test fires. */
function stage() {
  const state = { timer: 10 as number | object, open: 1 };
  const timers: (() => void)[] = [];
  const said: unknown[] = [];
  const values = new ReturnedValues({
    later: (ms, callback) => {
      assert.equal(ms, 10_000);
      timers.push(callback);
    },
    newTimer: () => state.timer,
    noCallback: (value) => said.push(value),
  }, () => state.open);
  return { state, timers, said, values, fire: () => timers.shift()?.() };
}

Deno.test("a value for which no callback comes is said once", () => {
  const { values, said, fire, timers, state } = stage();
  values.ignore(1, 49);
  fire();
  assert.deepEqual(said, [49]);
  state.open = 2;
  values.ignore(2, 50);
  assert.equal(timers.length, 0);
});

Deno.test("there is one timer for many values, and the item that waits is the one that counts", () => {
  const { values, said, fire, timers, state } = stage();
  for (let call = 1; call <= 100; call++) {
    values.ignore(call, call);
    state.open = call;
  }
  assert.equal(timers.length, 1);
  fire();
  assert.deepEqual([said, timers.length], [[], 1]);
  fire();
  assert.deepEqual(said, [100]);
});

Deno.test("nothing is said while callbacks come, nor of values that say nothing", () => {
  const { values, said, fire, timers, state } = stage();
  values.ignore(1, "a");
  state.open = 0;
  fire();
  assert.equal(timers.length, 0);
  for (const value of [null, true, {}, () => 1, Symbol()]) values.ignore(2, value);
  assert.deepEqual([said, timers.length], [[], 0]);
});

Deno.test("what stands for a timer of the function is known as that, a number or an object", () => {
  const { values, state } = stage();
  state.timer = 14; // it was 10
  assert.deepEqual([11, 13, 14].map((value) => values.isTimer(value)), [true, false, false]);
  class Timeout {}
  state.timer = new Timeout();
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

/** The loop of a worker, over a clock of its own: how soon what waits outside is heard, and answers leave. */

import assert from "node:assert/strict";
import { Runner } from "../../src/worker/runner.ts";
import { DEFAULT_RESULT_BYTES, WORKER_HOLDS_MS } from "../../src/wire/constants.ts";
import { encodeFromClient } from "../support/client.ts";

/** Milliseconds between turns of the event loop at most, besides the item that runs. */
const TURN_MS = 25;

/**
 * Runs one lease of items that take their milliseconds and then call back; with another one behind it if `queued`.
 *
 * @returns the longest time without a turn of the event loop, how many there were, when each message left, in ms, and
 *   whether it is urgent
 */
function ran(
  items: readonly number[],
  resultLength: number,
  startMs = 1000,
  { careful = false, queued = false } = {},
): { silentMs: number; turns: number; left: number[]; urgent: boolean[] } {
  let now = startMs, turned = startMs, silentMs = 0, turns = 0;
  const waiting: (() => void)[] = [], left: number[] = [], urgent: boolean[] = [];
  const runner = new Runner(
    (item, callback) => {
      now += Number(item);
      callback(null, "y".repeat(resultLength));
    },
    {
      now: () => now,
      later: () => undefined,
      soon: (callback) => void waiting.push(callback),
      send: (_, isUrgent) => {
        left.push(now - startMs);
        urgent.push(isUrgent);
      },
      dropped: () => undefined,
      open: () => undefined,
      stray: () => undefined,
      afterwards: () => () => undefined,
      collect: () => undefined,
      warn: () => undefined,
      noText: () => undefined,
      newTimer: () => 0,
    },
    DEFAULT_RESULT_BYTES,
  );
  if (careful) runner.resume({ order: "resume", lease: 1, from: 0, careful });
  const lend = (lease: number, items: string[]) =>
    runner.lend(encodeFromClient({ type: "lend", lease, items }));
  if (queued) waiting.push(() => lend(2, ["1"]));
  lend(1, items.map(String));
  for (;;) {
    silentMs = Math.max(silentMs, now - turned);
    turned = now;
    const next = waiting.shift();
    if (next === undefined) return { silentMs, turns, left, urgent };
    turns++;
    next();
  }
}

const many = (count: number, ms: number) => Array<number>(count).fill(ms);

for (
  const [what, items, resultLength] of [
    ["items of 10 ms", many(200, 10), 10],
    ["items of 10 ms with long results", many(200, 10), 200_000],
    ["items of 0.01 ms", many(20_000, 0.01), 10],
    ["short items whose long results fill a batch at once", many(5000, 0.1), 50_000],
    ["slow items before fast ones", [TURN_MS, TURN_MS - 1, ...many(5000, 0.01)], 10],
  ] as const
) {
  Deno.test(`the event loop turns every ${TURN_MS} ms: ${what}`, () => {
    for (const start of [0, 1000]) {
      const { silentMs } = ran(items, resultLength, start);
      const most = TURN_MS + Math.max(...items);
      assert.ok(silentMs <= most + 0.001, `after ${silentMs} ms, and not ${most}`);
    }
  });
}

Deno.test("each result leaves before the next item when they take more than a millisecond", () => {
  assert.deepEqual(ran([3, 3, 400], 10).left, [3, 6, 406]);
});

Deno.test("results may wait for others outside, unless they end their lease", () => {
  assert.deepEqual(ran([3, 3, 400], 10).urgent, [false, false, true]);
  // The pool gives the next lease to the worker that is through with its own.
  assert.deepEqual(ran([3, 30, 3], 10, 1000, { queued: true }).urgent, [false, false, true, true]);
});

Deno.test("where the next item may be the worker's last, no result waits, and the event loop turns before it", () => {
  const { left, urgent, turns } = ran([3, 0, 0, 3], 10, 1000, { careful: true });
  assert.deepEqual([left, urgent], [[3, 3, 3, 6], [true, true, true, true]]);
  assert.equal(turns, 3);
});

Deno.test("results leave in time, however fast the items", () => {
  const { left } = ran(many(20_000, 0.01), 10);
  assert.ok(left.every((at, i) => at - (left[i - 1] ?? 0) <= WORKER_HOLDS_MS + 0.02), `${left}`);
});

Deno.test("the event loop does not turn for each of them: that costs more than sending", () => {
  const { turns, left } = ran(many(100, 10), 10);
  assert.equal(left.length, 100);
  assert.ok(turns <= 100 * 10 / TURN_MS, `${turns} turns`);
});

/** The loop of a worker, over a clock of its own: how soon what waits outside is heard, and answers leave. */

import { encodeMessage } from "../../src/wire/messages.ts";
import { Runner } from "../../src/worker/runner.ts";
import { DEFAULT_RESULT } from "../../src/wire/constants.ts";
import { assert, assertSame } from "../support/helpers.ts";

/** Milliseconds between turns of the event loop at most, besides the item that runs. */
const TURN_MS = 25;

/**
 * Runs one lease of items that take their milliseconds and then call back; with another one behind it if `queued`.
 *
 * @returns the longest time without a turn of the event loop, how many there were, when each message left, in ms, and
 *   whether it may wait for others
 */
function ran(
  items: readonly number[],
  resultLength: number,
  startMs = 1000,
  { careful = false, queued = false } = {},
): { silentMs: number; turns: number; left: number[]; waits: boolean[] } {
  let now = startMs, turned = startMs, silentMs = 0, turns = 0;
  const waiting: (() => void)[] = [], left: number[] = [], waits: boolean[] = [];
  const runner = new Runner(
    (item, callback) => {
      now += Number(item);
      callback(null, "y".repeat(resultLength));
    },
    {
      now: () => now,
      later: () => undefined,
      soon: (callback) => void waiting.push(callback),
      answer: (_, mayWait) => {
        left.push(now - startMs);
        waits.push(mayWait);
      },
      dropped: () => undefined,
      open: () => undefined,
      warn: () => undefined,
    },
    DEFAULT_RESULT,
  );
  if (careful) runner.resume({ order: "resume", lease: 1, from: 0, careful });
  const lend = (lease: number, items: string[]) =>
    runner.lend(encodeMessage("client", { type: "lend", lease, items }));
  if (queued) waiting.push(() => lend(2, ["1"]));
  lend(1, items.map(String));
  for (;;) {
    silentMs = Math.max(silentMs, now - turned);
    turned = now;
    const next = waiting.shift();
    if (next === undefined) return { silentMs, turns, left, waits };
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
      assert(silentMs <= most + 0.001, `after ${silentMs} ms, and not ${most}`);
    }
  });
}

Deno.test("each answer leaves before the next item when they take more than a millisecond", () => {
  assertSame(ran([3, 3, 400], 10).left, [3, 6, 406]);
});

Deno.test("an answer may wait for others outside, unless it is the last", () => {
  assertSame(ran([3, 3, 400], 10).waits, [true, true, false]);
  // The pool gives out leases by who is through with his.
  assertSame(ran([3, 30, 3], 10, 1000, { queued: true }).waits, [true, true, false, false]);
});

Deno.test("where the next item may be the worker's last, no answer waits, and the event loop turns before it", () => {
  const { left, waits, turns } = ran([3, 0, 0, 3], 10, 1000, { careful: true });
  assertSame([left, waits], [[3, 3, 3, 6], [false, false, false, false]]);
  assertSame(turns, 3);
});

Deno.test("answers leave at least every 15 ms, however fast the items", () => {
  const { left } = ran(many(20_000, 0.01), 10);
  assert(left.every((at, i) => at - (left[i - 1] ?? 0) <= 15.02), `${left}`);
});

Deno.test("the event loop does not turn for each of them: that costs more than sending", () => {
  const { turns, left } = ran(many(100, 10), 10);
  assertSame(left.length, 100);
  assert(turns <= 100 * 10 / TURN_MS, `${turns} turns`);
});

/** The item that waits for a callback: when it is given up. Garbage is what the test says, and time is its own. */

import assert from "node:assert/strict";
import type { ErrorText } from "../../src/worker/error_text.ts";
import { OpenItem } from "../../src/worker/open_item.ts";

/** Time, and a `WeakRef` whose targets are collected when something is to be collected and they are in `garbage`. */
function surroundings() {
  const garbage = new Set<object>();
  const gone = new Set<object>();
  const looks: number[] = [];
  let now = 0;
  let due: { readonly at: number; readonly callback: () => void } | null = null;
  const around = {
    afterwards(ms: number, callback: () => void) {
      assert.equal(due, null, "two timers");
      const mine = due = { at: now + ms, callback };
      return () => void (due = due === mine ? null : due);
    },
    collect() {
      looks.push(now);
      for (const thing of garbage) gone.add(thing);
    },
  };
  const passes = (ms: number) => {
    const end = now + ms;
    while (due !== null && due.at <= end) {
      const { at, callback } = due;
      now = at;
      due = null;
      callback();
    }
    now = end;
  };
  return { garbage, gone, looks, around, passes, isIdle: () => due === null };
}

/** Runs `body` where a `WeakRef` forgets what is `gone`. */
function withGarbage(gone: ReadonlySet<object>, body: () => void): void {
  const real = WeakRef.prototype.deref;
  WeakRef.prototype.deref = function (this: WeakRef<object>) {
    const thing = real.call(this);
    return thing !== undefined && gone.has(thing) ? undefined : thing;
  };
  try {
    body();
  } finally {
    WeakRef.prototype.deref = real;
  }
}

const LOST: ErrorText = { message: "lost", stack: "" };

Deno.test("an item that is held stays open; it is looked at after 5 s, and each time after twice as long", () => {
  const { gone, looks, around, passes } = surroundings();
  const item = new OpenItem(around);
  withGarbage(gone, () => {
    item.watch([() => 1], () => assert.fail("it is held"));
    passes(3_600_000);
  });
  assert.deepEqual(looks.slice(0, 3), [5000, 15_050, 35_100]);
  // In the end every ten minutes.
  assert.ok(looks.at(-1)! - looks.at(-2)! === 600_050, `${looks}`);
});

Deno.test("after an error that nobody caught it is looked at soon", () => {
  const { gone, looks, around, passes } = surroundings();
  const item = new OpenItem(around);
  withGarbage(gone, () => {
    item.watch([() => 1], () => assert.fail("it is held"));
    passes(4000);
    item.doubt(LOST);
    passes(1000);
  });
  assert.deepEqual(looks, [4050, 4200, 4450, 4900]);
});

for (const error of [LOST, null]) {
  Deno.test(`when nothing holds it any more it is given up once, ${error === null ? "without" : "with"} the error`, () => {
    const { garbage, gone, around, passes, isIdle } = surroundings();
    const [callback, promise] = [() => 1, Promise.resolve()];
    const said: ErrorText[] = [];
    const item = new OpenItem(around);
    withGarbage(gone, () => {
      item.watch([callback, promise], (text) => said.push(text));
      if (error !== null) item.doubt(error);
      garbage.add(callback);
      passes(100_000);
      assert.deepEqual(said, [], "the promise may bring something");
      garbage.add(promise);
      passes(1_000_000);
    });
    assert.equal(said.length, 1);
    assert.equal(
      said[0].message,
      error === null
        ? "it did not call back, and nothing is left that could"
        : "lost (nobody caught this error, and nothing is left that could call back)",
    );
    assert.ok(isIdle());
  });
}

Deno.test("an item that is settled is not looked at, and the next one does not inherit its error", () => {
  const { garbage, gone, looks, around, passes, isIdle } = surroundings();
  const item = new OpenItem(around);
  withGarbage(gone, () => {
    item.watch([() => 1], () => assert.fail("it was settled"));
    item.doubt(LOST);
    item.close();
    assert.ok(isIdle());
    const next = () => 2;
    garbage.add(next);
    const said: ErrorText[] = [];
    item.watch([next], (text) => said.push(text));
    passes(11_000);
    assert.deepEqual([looks, said.length, said[0].message.includes("lost")], [[5000], 1, false]);
  });
});

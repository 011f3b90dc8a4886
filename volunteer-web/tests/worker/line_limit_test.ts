import assert from "node:assert/strict";
import { LineLimit } from "../../src/worker/line_limit.ts";

Deno.test("so many lines are let through in a window, and the others are counted once", () => {
  const limit = new LineLimit(2, 100);
  assert.ok(limit.isOpen(0));
  assert.deepEqual([0, 1, 2, 100].map((now) => limit.take(now)), [true, true, false, false]);
  assert.deepEqual([limit.isOpen(100), limit.isOpen(101)], [false, true]);
  limit.skip(5);
  assert.deepEqual([limit.takeSkipped(), limit.takeSkipped()], [7, 0]);
  assert.deepEqual([101, 102, 103].map((now) => limit.take(now)), [true, true, false]);
});

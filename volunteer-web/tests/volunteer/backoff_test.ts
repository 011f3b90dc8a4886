import assert from "node:assert/strict";
import { backoffMs, refusedMs } from "../../src/volunteer/backoff.ts";

Deno.test("tries come quickly at first, then at most every 30 s, and spread", () => {
  assert.deepEqual([1, 2, 3, 20].map((failures) => backoffMs(failures, 1)), [500, 1000, 2000, 30_000]);
  assert.deepEqual([1, 20].map((failures) => backoffMs(failures, 0)), [375, 22_500]);
});

Deno.test("a job that has enough volunteers is asked again after 10 s at least, then less and less often", () => {
  assert.deepEqual([1, 2, 3, 20].map((refusals) => refusedMs(refusals, 1)), [
    12_000,
    24_000,
    48_000,
    120_000,
  ]);
  assert.ok(refusedMs(1, 0) >= 10_000, `${refusedMs(1, 0)}`);
});

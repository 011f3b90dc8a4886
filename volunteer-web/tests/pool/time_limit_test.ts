import assert from "node:assert/strict";
import { TimeLimit } from "../../src/pool/time_limit.ts";
import { sleep, until } from "../support/helpers.ts";

Deno.test("without a limit nothing is over", () => {
  const limit = new TimeLimit();
  assert.equal(limit.isOver(limit.now() - 1e9), false);
});

Deno.test("a limit is checked while it passes, and over some time after it; not any more when it is cleared", async () => {
  const limit = new TimeLimit();
  let checks = 0;
  limit.set(40, () => checks++);
  const since = limit.now();
  assert.equal(`${limit}`, "no result within 0.04 s (--timeout)");
  await until(() => checks >= 4);
  assert.equal(limit.isOver(limit.now() - 40), false, "a worker may hold a result");
  await until(() => {
    checks = 0;
    return limit.isOver(since);
  });
  limit.clear();
  checks = 0;
  await sleep(30);
  assert.deepEqual([checks, limit.isOver(since - 1e9)], [0, false]);
});

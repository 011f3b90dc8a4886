import assert from "node:assert/strict";
import { AwakeClock } from "../../src/pool/awake_clock.ts";

Deno.test("a clock counts what it sees, and at most a step of a time in which nobody looked", () => {
  const clock = new AwakeClock(100, 1000);
  assert.deepEqual([1050, 1100, 9000, 9090, 9090].map((now) => clock.read(now)), [50, 100, 200, 290, 290]);
  assert.equal(clock.read(9000), 290, "it went back");
});

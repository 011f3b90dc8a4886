import assert from "node:assert/strict";
import { StatusLog } from "../../src/page/status_log.ts";
import type { Status } from "../../src/volunteer/volunteer.ts";

const lost = (why: string): Status => ({ phase: "lost", why, retryAt: 0 });

Deno.test("each change of the status is one line", () => {
  const log = new StatusLog();
  assert.deepEqual(log.lineFor({ phase: "waiting" }, "waiting", "no job"), { level: "info", text: "no job" });
  assert.equal(log.lineFor({ phase: "waiting" }, "waiting", "no job"), null);
  assert.deepEqual(log.lineFor(lost("a"), "lost", "a: in 3 s"), { level: "info", text: "a: in 3 s" });
  assert.equal(log.lineFor(lost("a"), "lost", "a: in 2 s"), null, "a second has passed");
  assert.equal(log.lineFor(lost("b"), "lost", "b: in 2 s")?.text, "b: in 2 s");
});

Deno.test("that this device cannot work is an error", () => {
  const unable: Status = { phase: "unable", why: "no", retryAt: 0 };
  assert.deepEqual(new StatusLog().lineFor(unable, "unable", "No."), { level: "error", text: "No." });
});

Deno.test("a pause is no news, and neither is what was said last when it ends", () => {
  const log = new StatusLog();
  const working: Status = { phase: "working", job: "j", title: "", over: "pipe" };
  assert.equal(log.lineFor(working, "working", "Working.")?.text, "Working.");
  assert.equal(log.lineFor(working, "paused", "Paused."), null);
  assert.equal(log.lineFor(working, "working", "Working."), null);
  assert.equal(log.lineFor(lost("a"), "paused", "Paused."), null);
});

import assert from "node:assert/strict";
import { StatusLog } from "../../src/page/status_log.ts";
import type { Tries } from "../../src/volunteer/attempts.ts";
import type { State } from "../../src/volunteer/description.ts";
import type { Status } from "../../src/volunteer/volunteer.ts";

const described = (status: Status, state: State, text: string, tries: Tries | null = null) => (
  { status, state, text, tries }
);
const lost = (why: string): Status => ({ phase: "lost", why, retryAt: 0 });

Deno.test("each change of the status is one line", () => {
  const log = new StatusLog();
  assert.deepEqual(log.lineFor(described({ phase: "waiting" }, "waiting", "no job")), {
    level: "info",
    text: "no job",
  });
  assert.equal(log.lineFor(described({ phase: "waiting" }, "waiting", "no job")), null);
  assert.deepEqual(log.lineFor(described(lost("a"), "lost", "a: in 3 s")), {
    level: "info",
    text: "a: in 3 s",
  });
  assert.equal(log.lineFor(described(lost("a"), "lost", "a: in 2 s")), null, "a second has passed");
  assert.equal(log.lineFor(described(lost("b"), "lost", "b: in 2 s"))?.text, "b: in 2 s");
});

Deno.test("that this device cannot work is an error", () => {
  const unable: Status = { phase: "unable", why: "no", retryAt: 0 };
  assert.deepEqual(new StatusLog().lineFor(described(unable, "unable", "No.")), {
    level: "error",
    text: "No.",
  });
});

Deno.test("a pause is no news, and neither is what was said last when it ends", () => {
  const log = new StatusLog();
  const working: Status = { phase: "working", job: "j", title: "", over: "pipe" };
  assert.equal(log.lineFor(described(working, "working", "Working."))?.text, "Working.");
  assert.equal(log.lineFor(described(working, "paused", "Paused.")), null);
  assert.equal(log.lineFor(described(working, "working", "Working.")), null);
  assert.equal(log.lineFor(described(lost("a"), "paused", "Paused.")), null);
});

Deno.test("a reason is one line, however often it is tried again", () => {
  const log = new StatusLog();
  const tries = (count: number, detail = ""): Tries => (
    { count, since: 0, last: { part: "path", why: "no way", detail } }
  );
  const connecting: Status = { phase: "connecting", job: "j" };
  assert.equal(log.lineFor(described(connecting, "connecting", "Connecting…"))?.text, "Connecting…");
  assert.equal(log.lineFor(described(connecting, "connecting", "No way…", tries(1)))?.text, "No way…");
  assert.equal(log.lineFor(described(lost("no way"), "lost", "No way in 5 s", tries(2))), null);
  assert.equal(log.lineFor(described(connecting, "connecting", "No way (3)", tries(3))), null);
  assert.equal(log.lineFor(described(lost("no way"), "lost", "No way: x", tries(4, "x")))?.text, "No way: x");
});

Deno.test("that another client is looked for is a line", () => {
  const log = new StatusLog();
  const working: Status = { phase: "working", job: "j", title: "", over: "pipe" };
  log.lineFor(described(working, "working", "Ready."));
  assert.equal(log.lineFor(described(working, "connecting", "Nothing heard."))?.text, "Nothing heard.");
  assert.equal(log.lineFor(described(working, "connecting", "Nothing heard, no job.")), null);
});

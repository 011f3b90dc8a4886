/** The numbers that both halves of Pando know, and the latency budget. */

import assert from "node:assert/strict";
import * as constants from "../../src/wire/constants.ts";
import { shared } from "../support/helpers.ts";

const known = constants as unknown as Readonly<Record<string, unknown>>;

Deno.test("both halves have the same limits", async () => {
  const limits: Record<string, number> = JSON.parse(await shared("limits.json"));
  assert.ok(Object.keys(limits).length > 20, "shared/limits.json is nearly empty");
  for (const [name, value] of Object.entries(limits)) assert.equal(known[name], value, name);
});

Deno.test("both halves have the same version", async () => {
  const python = await shared("pando_shared/__init__.py");
  assert.equal(python.match(/__version__ = "(.*)"/)?.[1], constants.VERSION);
  assert.equal(Number(python.match(/^PROTOCOL = (\d+)$/m)?.[1]), constants.PROTOCOL);
});

Deno.test("a result leaves the volunteer as soon as PROTOCOL.md says, wherever it waits on the way", async () => {
  const { RESULTS_WITHIN_MS, WORKER_HOLDS_MS, SANDBOX_HOLDS_MS, PAGE_HOLDS_MS } = constants;
  const text = (await shared("PROTOCOL.md")).replace(/\s+/g, " ");
  const [, promised] = text.match(/at least every (\d+) ms while there is something to send/) ?? [];
  assert.equal(Number(promised), RESULTS_WITHIN_MS);
  // In a browser results wait in the worker and in the sandbox; elsewhere in the worker and in the page.
  assert.ok(WORKER_HOLDS_MS + SANDBOX_HOLDS_MS <= RESULTS_WITHIN_MS, "with a sandbox");
  assert.ok(WORKER_HOLDS_MS + PAGE_HOLDS_MS <= RESULTS_WITHIN_MS, "without a sandbox");
});

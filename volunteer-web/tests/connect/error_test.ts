import assert from "node:assert/strict";
import { ConnectError } from "../../src/connect/error.ts";

Deno.test("an error passes and asks for no patience, unless it says so", () => {
  const usual = new ConnectError("no server");
  assert.deepEqual([usual.name, usual.message, usual.passing, usual.waitMs], [
    "ConnectError",
    "no server",
    true,
    0,
  ]);
  const other = new ConnectError("full", { passing: false, waitMs: 5 });
  assert.deepEqual([other.passing, other.waitMs], [false, 5]);
});

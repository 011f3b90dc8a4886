import assert from "node:assert/strict";
import { ISOLATED, isSame } from "../../src/wire/environment.ts";

Deno.test("two environments are the same in context and hosts", () => {
  assert.ok(isSame(ISOLATED, { context: "worker", net: [] }));
  assert.ok(!isSame(ISOLATED, { context: "page", net: [] }));
  assert.ok(!isSame(ISOLATED, { context: "worker", net: ["a.example"] }));
  assert.ok(isSame({ context: "page", net: ["a", "b"] }, { context: "page", net: ["a", "b"] }));
});

Deno.test("the environment of most jobs cannot be changed", () => {
  assert.throws(() => Object.assign(ISOLATED, { context: "page" }), TypeError);
});

import assert from "node:assert/strict";
import { NO_LIMITS, readHelloInfo } from "../../src/wire/hello.ts";
import { ProtocolError } from "../../src/wire/constants.ts";

Deno.test("what a hello does not say is as usual, and what nobody knows is ignored", () => {
  assert.deepEqual(readHelloInfo({ job: "a-1", colour: "red" }), {
    protocol: 1,
    version: "",
    job: "a-1",
    title: "",
    heartbeat_ms: 2500,
    ...NO_LIMITS,
    context: "worker",
    allow_net: [],
  });
});

Deno.test("a limit is a number within bounds, and a time limit may be null", () => {
  assert.equal(readHelloInfo({ job: "a", timeout_ms: null }).timeout_ms, null);
  assert.equal(readHelloInfo({ job: "a", timeout_ms: 86_400_000 }).timeout_ms, 86_400_000);
  assert.equal(readHelloInfo({ job: "a", max_result: 67_108_864 }).max_result, 67_108_864);
});

const broken: Record<string, unknown>[] = [
  {},
  { job: "" },
  { job: "A" },
  { job: "a".repeat(33) },
  { job: "a", title: "x".repeat(201) },
  { job: "a", version: "x".repeat(65) },
  { job: "a", protocol: "1" },
  { job: "a", heartbeat_ms: 49 },
  { job: "a", heartbeat_ms: 3_600_001 },
  { job: "a", timeout_ms: 0 },
  { job: "a", timeout_ms: 86_400_001 },
  { job: "a", max_result: 0 },
  { job: "a", max_result: 67_108_865 },
  { job: "a", context: "window" },
  { job: "a", context: null },
  { job: "a", allow_net: ["a b"] },
];
for (const fields of broken) {
  Deno.test(`a hello is refused with ${JSON.stringify(fields).slice(0, 60)}`, () => {
    assert.throws(() => readHelloInfo(fields), ProtocolError);
  });
}

import assert from "node:assert/strict";
import { NO_LIMITS, readHelloInfo } from "../../src/wire/hello.ts";
import { ProtocolError } from "../../src/wire/constants.ts";

const FUNCTION = { digest: "0a".repeat(32), bytes: 1 };
const LEAST = { protocol: 2, job: "a", function: FUNCTION };

Deno.test("what a hello does not say is as usual, and what nobody knows is ignored", () => {
  assert.deepEqual(readHelloInfo({ ...LEAST, colour: "red" }), {
    protocol: 2,
    version: "",
    job: "a",
    function: FUNCTION,
    title: "",
    heartbeat_ms: 2500,
    ...NO_LIMITS,
    context: "worker",
    allow_net: [],
    client: null,
  });
});

Deno.test("a limit is a number within bounds, and a time limit may be null", () => {
  assert.equal(readHelloInfo({ ...LEAST, timeout_ms: null }).timeout_ms, null);
  assert.equal(readHelloInfo({ ...LEAST, timeout_ms: 86_400_000 }).timeout_ms, 86_400_000);
  assert.equal(readHelloInfo({ ...LEAST, max_result: 67_108_864 }).max_result, 67_108_864);
});

Deno.test("a hello of another version says so, whatever else it has", () => {
  for (const fields of [{}, { protocol: 1, job: "a" }, { protocol: 1, job: "A", function: 7 }]) {
    assert.throws(() => readHelloInfo(fields), /speaks version 1 of the protocol, this volunteer version 2/);
  }
});

const broken: Record<string, unknown>[] = [
  { job: undefined },
  { function: undefined },
  { function: [] },
  { function: { ...FUNCTION, digest: "0A".repeat(32) } },
  { function: { ...FUNCTION, bytes: 0 } },
  { function: { ...FUNCTION, bytes: 62_914_561 } },
  { client: { key: "a", signature: "b" } },
  { client: 7 },
  { job: "" },
  { job: "A" },
  { job: "a".repeat(33) },
  { title: "x".repeat(201) },
  { version: "x".repeat(65) },
  { protocol: "2" },
  { heartbeat_ms: 49 },
  { heartbeat_ms: 3_600_001 },
  { timeout_ms: 0 },
  { timeout_ms: 86_400_001 },
  { max_result: 0 },
  { max_result: 67_108_865 },
  { context: "window" },
  { context: null },
  { allow_net: ["a b"] },
];
for (const fields of broken) {
  Deno.test(`a hello is refused with ${JSON.stringify(fields).slice(0, 60)}`, () => {
    assert.throws(() => readHelloInfo({ ...LEAST, ...fields }), ProtocolError);
  });
}

import assert from "node:assert/strict";
import { fitSdp } from "../../src/connect/sdp.ts";
import { MAX_SDP_BYTES } from "../../src/wire/constants.ts";

Deno.test("an offer keeps at most 20 candidates, and UDP ones before TCP ones", () => {
  const candidates = (kind: string, count: number) =>
    Array(count).fill(`a=candidate:1 1 ${kind} 1 10.0.0.1 9 typ host`);
  const few = ["v=0", ...candidates("tcp", 3), ""].join("\r\n");
  assert.deepEqual(fitSdp(few), few);
  const many = ["v=0", ...candidates("tcp", 15), ...candidates("udp", 25), "a=end", ""].join("\r\n");
  assert.deepEqual(fitSdp(many).split("\r\n"), ["v=0", ...candidates("udp", 20), "a=end", ""]);
});

Deno.test("an offer that is too long loses candidates until it fits", () => {
  const long = Array.from(
    { length: 10 },
    (_, i) => `a=candidate:${i} 1 udp 1 ${"x".repeat(3000)} 9 typ host`,
  );
  const sdp = ["v=0", ...long, "a=end", ""].join("\r\n");
  const fitted = fitSdp(sdp);
  assert.ok(fitted.length <= MAX_SDP_BYTES, `${fitted.length} bytes`);
  assert.deepEqual(fitted.split("\r\n"), ["v=0", ...long.slice(0, 5), "a=end", ""]);
});

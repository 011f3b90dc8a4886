import assert from "node:assert/strict";
import { fingerprintOf, signedText, webrtcBinding } from "../../src/wire/job_proof.ts";
import { vectors } from "../support/helpers.ts";

const ONE = Array(32).fill("0A").join(":");
const OTHER = Array(32).fill("FF").join(":");

function description(...fingerprints: string[]): string {
  return ["v=0", ...fingerprints.map((value) => `a=fingerprint:sha-256 ${value}`), "a=setup:actpass"].join(
    "\r\n",
  );
}

Deno.test("the signed text is that of the vectors", async () => {
  type Text = { job: string; binding: string; text: string };
  for (const { job, binding, text } of (await vectors<{ texts: Text[] }>("v2/job_proof.json")).texts) {
    assert.equal(signedText(job, binding), text);
  }
});

Deno.test("a fingerprint is upper case, and one that is said twice is one", () => {
  assert.equal(fingerprintOf(description(ONE.toLowerCase(), ONE)), ONE);
});

Deno.test("what names no one certificate has no fingerprint", () => {
  const none = ["", description(), description(ONE, OTHER), description(ONE.slice(3)), ONE];
  for (const sdp of [...none, description(ONE).replace("sha-256", "sha-1")]) {
    assert.equal(fingerprintOf(sdp), null, sdp);
  }
});

Deno.test("the client comes first in a binding, which needs both", () => {
  assert.equal(webrtcBinding(description(ONE), description(OTHER)), `webrtc ${OTHER} ${ONE}`);
  assert.equal(webrtcBinding(description(ONE), description()), null);
  assert.equal(webrtcBinding(description(), description(ONE)), null);
});

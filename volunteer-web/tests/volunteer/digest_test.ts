import assert from "node:assert/strict";
import { digestOf } from "../../src/volunteer/digest.ts";

// FIPS 180-4's examples, and lengths round the one from which the browser's own is asked.
Deno.test("the digest is SHA-256, whoever computes it", async () => {
  const abc = new TextEncoder().encode("abc");
  assert.equal(await digestOf(abc), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(
    await digestOf(new Uint8Array(0)),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
  const million = new TextEncoder().encode("a".repeat(1_000_000));
  assert.equal(await digestOf(million), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  const zeros = await Promise.all([0, 1].map((more) => digestOf(new Uint8Array(1024 * 1024 - 1 + more))));
  for (const [i, size] of [1024 * 1024 - 1, 1024 * 1024].entries()) {
    const expected = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(size)));
    assert.equal(zeros[i], Array.from(expected, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  }
});

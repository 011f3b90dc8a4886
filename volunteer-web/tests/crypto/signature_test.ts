import assert from "node:assert/strict";
import { holds } from "../../src/crypto/main.ts";
import { signedText } from "../../src/wire/job_proof.ts";
import { vectors } from "../support/helpers.ts";

type Signed = { key: string; job: string; binding: string; signature: string };
const { signatures } = await vectors<{ signatures: Signed[] }>("v2/job_proof.json");

Deno.test("the signatures of the vectors hold", () => {
  for (const { key, job, binding, signature } of signatures) {
    assert.ok(holds(signature, signedText(job, binding), key));
  }
});

Deno.test("a signature holds for its text and its key only, and what is none holds for nothing", () => {
  const [{ key, job, binding, signature }, , , other] = signatures;
  const text = signedText(job, binding);
  for (
    const [s, t, k] of [
      [signature, `${text} `, key],
      [signature, signedText(other.job, binding), key],
      [signature, text, other.key],
      [other.signature, text, key],
      ["A".repeat(86), text, key],
      ["", text, key],
      [signature, text, ""],
      [signature, text, "=".repeat(43)],
      [`${signature.slice(0, -2)}AA`, text, key],
    ]
  ) assert.equal(holds(s, t, k), false, `${s} ${t} ${k}`);
});

import assert from "node:assert/strict";
import { holds } from "../../src/crypto/signature.ts";
import { type Checker, JobOwner } from "../../src/volunteer/job_owner.ts";
import { vectors } from "../support/helpers.ts";

type Signed = { key: string; job: string; binding: string; signature: string };
const { signatures: [signed, , , other] } = await vectors<{ signatures: Signed[] }>("v2/job_proof.json");
const { key, job, binding, signature } = signed;
const load = () => Promise.resolve({ holds });

Deno.test("a volunteer that came without a key works for anybody, and loads nothing", async () => {
  const owner = new JobOwner(null, () => Promise.reject(new Error("loaded")));
  assert.equal(owner.isAnybody, true);
  assert.equal(await owner.refusal(job, null, null), null);
});

Deno.test("with a key, it works for whoever proves to have that key, on this channel", async () => {
  assert.equal(await new JobOwner(key, load).refusal(job, { key, signature }, binding), null);
});

const refused: Record<string, () => Promise<string | null>> = {
  "this kind of connection does not show whose job it is": () =>
    new JobOwner(key, load).refusal(job, { key, signature }, null),
  "the client does not show whose job it is": () => new JobOwner(key, load).refusal(job, null, binding),
  "this job is not of whom the address names: ask whoever sent the address for a new one": () =>
    new JobOwner(key, load).refusal(other.job, { key: other.key, signature: other.signature }, other.binding),
  "whose job it is was not proven: somebody may be in the middle of the connection": () =>
    new JobOwner(key, load).refusal(job, { key, signature }, other.binding),
  "whose job it is cannot be checked: a part of this page did not load": () =>
    new JobOwner(key, (): Promise<Checker> => Promise.reject(new TypeError("no such file")))
      .refusal(job, { key, signature }, binding),
};
for (const [text, ask] of Object.entries(refused)) {
  Deno.test(`refused: ${text}`, async () => assert.equal(await ask(), text));
}

Deno.test("a key that is broken in the address is nobody's", async () => {
  for (const broken of ["", key.slice(0, 20), `${key}A`]) {
    assert.match(await new JobOwner(broken, load).refusal(job, { key, signature }, binding) ?? "", /names/);
  }
});

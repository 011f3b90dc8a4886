import assert from "node:assert/strict";
import { MAX_JSON_BODY_BYTES, ProtocolError } from "../../src/wire/constants.ts";
import { checkJson, integer, leaseList, text } from "../../src/wire/json_body.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("a body is a JSON object and not too long", () => {
  assert.deepEqual(checkJson(encode('{"a": 1}')), { a: 1 });
  const filled = (bytes: number) => encode(`{"a":"${"x".repeat(bytes - 8)}"}`);
  assert.equal((checkJson(filled(MAX_JSON_BODY_BYTES)).a as string).length, MAX_JSON_BODY_BYTES - 8);
  const broken = ["", "[]", "1", "null", "{", '"a"'].map(encode);
  for (const bytes of [...broken, filled(MAX_JSON_BODY_BYTES + 1), Uint8Array.of(0x7b, 0xff, 0x7d)]) {
    assert.throws(() => checkJson(bytes), ProtocolError);
  }
});

Deno.test("a text has at most so many characters, however many code units these are", () => {
  assert.equal(text({ a: "🎉🎉" }, "a", 2), "🎉🎉");
  assert.equal(text({}, "a", 2, "no"), "no");
  for (const fields of [{ a: "🎉🎉🎉" }, { a: 1 }, { a: null }, {}]) {
    assert.throws(() => text(fields, "a", 2), ProtocolError);
  }
});

Deno.test("an integer is within its bounds", () => {
  assert.deepEqual([1, 3].map((a) => integer({ a }, "a", 1, 3)), [1, 3]);
  assert.equal(integer({}, "a", 1, 3, 2), 2);
  for (const fields of [{ a: 0 }, { a: 4 }, { a: 1.5 }, { a: "1" }, { a: NaN }, { a: null }, {}]) {
    assert.throws(() => integer(fields, "a", 1, 3), ProtocolError);
  }
});

Deno.test("leases are a short list of numbers of leases", () => {
  assert.deepEqual(leaseList({ leases: [1, 0xffffffff] }, 2), [1, 0xffffffff]);
  for (const leases of [undefined, 1, [0], [1.5], ["1"], [0x100000000], [1, 2, 3]]) {
    assert.throws(() => leaseList({ leases }, 2), ProtocolError);
  }
});

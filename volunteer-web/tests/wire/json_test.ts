import assert from "node:assert/strict";
import { toJson } from "../../src/wire/json.ts";

Deno.test("half of a surrogate pair is a replacement character, wherever it is", () => {
  assert.equal(
    toJson({ a: "x\ud83d", b: ["\udc00", { c: "😀" }] }),
    '{"a":"x\ufffd","b":["\ufffd",{"c":"😀"}]}',
  );
});

Deno.test("everything else is JSON as usual", () => {
  const value = { a: [1, null, true, "é\n"], b: {} };
  assert.equal(toJson(value), JSON.stringify(value));
});

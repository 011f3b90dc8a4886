import assert from "node:assert/strict";
import { hasFlags, viewOf } from "../../src/wire/bytes.ts";

Deno.test("numbers are read and written where the bytes lie in their buffer", () => {
  const bytes = Uint8Array.of(9, 1, 2, 0, 0, 9).subarray(1, 5);
  assert.equal(viewOf(bytes).getUint32(0, true), 0x0201);
  viewOf(bytes).setUint32(0, 3, true);
  assert.deepEqual([...new Uint8Array(bytes.buffer)], [9, 3, 0, 0, 0, 9]);
  assert.equal(viewOf(bytes).byteLength, 4);
});

Deno.test("flags are the three bytes behind the type", () => {
  assert.equal(hasFlags(Uint8Array.of(7, 0, 0, 0, 1)), false);
  for (const at of [1, 2, 3]) assert.ok(hasFlags(new Uint8Array(4).fill(1, at, at + 1)), `${at}`);
});

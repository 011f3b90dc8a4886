import assert from "node:assert/strict";
import { gunzip } from "../../src/volunteer/gunzip.ts";
import { packed } from "../support/helpers.ts";

async function failure(packed: Uint8Array<ArrayBuffer>): Promise<string> {
  return await gunzip(packed).then(() => "unpacked", (error) => error.message);
}

Deno.test("a bundle is unpacked to its text", async () => {
  assert.deepEqual(await gunzip(await packed("é🎉".repeat(50_000))), "é🎉".repeat(50_000));
});

Deno.test("what is no gzip, cut off or no UTF-8 is refused", async () => {
  const good = await packed("text that is long enough to be cut off somewhere in the middle");
  for (
    const broken of [
      new Uint8Array([1, 2, 3]),
      good.slice(0, -12),
      await packed(new Uint8Array([0xff, 0xfe])),
    ]
  ) {
    assert.ok(
      (await failure(broken)).startsWith("the function could not be unpacked"),
      await failure(broken),
    );
  }
});

Deno.test("a small bundle that holds too much is not unpacked to its end", async () => {
  const zeros = new Uint8Array(8 * 1024 * 1024);
  assert.equal(await failure(await packed(Array(9).fill(zeros))), "the function is longer than 64 MiB");
});

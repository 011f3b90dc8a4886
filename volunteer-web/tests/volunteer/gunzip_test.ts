import { gunzip } from "../../src/volunteer/gunzip.ts";
import { assert, assertSame } from "../support/helpers.ts";

async function gzip(...chunks: BlobPart[]): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob(chunks).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

async function failure(packed: Uint8Array<ArrayBuffer>): Promise<string> {
  return await gunzip(packed).then(() => "unpacked", (error) => error.message);
}

Deno.test("a bundle is unpacked to its text", async () => {
  assertSame(await gunzip(await gzip("é🎉".repeat(50_000))), "é🎉".repeat(50_000));
});

Deno.test("what is no gzip, cut off or no UTF-8 is refused", async () => {
  const good = await gzip("text that is long enough to be cut off somewhere in the middle");
  for (
    const packed of [new Uint8Array([1, 2, 3]), good.slice(0, -12), await gzip(new Uint8Array([0xff, 0xfe]))]
  ) {
    assert((await failure(packed)).startsWith("the function could not be unpacked"), await failure(packed));
  }
});

Deno.test("a small bundle that holds too much is not unpacked to its end", async () => {
  const zeros = new Uint8Array(8 * 1024 * 1024);
  assertSame(await failure(await gzip(...Array(9).fill(zeros))), "the function is longer than 64 MiB");
});

import assert from "node:assert/strict";
import { BlobStore } from "../../src/volunteer/blob_store.ts";

const DIGESTS = ["a", "b", "c"].map((letter) => letter.repeat(64));

function bytes(...values: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(values);
}

Deno.test("a blob grows by what arrives, and what is there outlives an interruption", () => {
  const store = new BlobStore();
  const info = { digest: DIGESTS[0], bytes: 3 };
  assert.equal(store.begin(info), 0);
  assert.equal(store.add(DIGESTS[0], bytes(1, 2)), 2);
  assert.equal(store.begin(info), 2);
  assert.equal(store.add(DIGESTS[0], bytes(3)), 3);
  assert.equal(store.begin(info), 3);
  assert.deepEqual(store.get(DIGESTS[0]), bytes(1, 2, 3));
});

Deno.test("a blob that is said to have another length begins anew, and so does one that was forgotten", () => {
  const store = new BlobStore();
  store.begin({ digest: DIGESTS[0], bytes: 3 });
  store.add(DIGESTS[0], bytes(1));
  assert.equal(store.begin({ digest: DIGESTS[0], bytes: 4 }), 0);
  store.add(DIGESTS[0], bytes(1));
  store.forget(DIGESTS[0]);
  assert.equal(store.begin({ digest: DIGESTS[0], bytes: 4 }), 0);
});

Deno.test("the blobs that were used least lately make room", () => {
  const store = new BlobStore(10);
  const [a, b, c] = DIGESTS.map((digest) => ({ digest, bytes: 5 }));
  for (const info of [a, b]) {
    store.begin(info);
    store.add(info.digest, new Uint8Array(5));
  }
  assert.deepEqual([store.begin(a), store.begin(c), store.begin(a), store.begin(b)], [5, 0, 5, 0]);
  assert.equal(store.begin({ digest: "d".repeat(64), bytes: 100 }), 0);
  assert.equal(store.begin(a), 0);
});

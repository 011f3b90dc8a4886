import assert from "node:assert/strict";
import { placeOf } from "../../src/connect/place.ts";

const places: [address: string, base: string, job: string | null][] = [
  ["http://a.example", "http://a.example/", null],
  ["http://a.example:5000/#device=x;", "http://a.example:5000/", null],
  ["http://a.example/?q=1", "http://a.example/", null],
  ["http://a.example/index.html", "http://a.example/", null],
  ["http://a.example/j/brave-otter", "http://a.example/", "brave-otter"],
  ["http://a.example/j/A", "http://a.example/", null],
  ["https://a.example/pando/", "https://a.example/pando/", null],
  ["https://a.example/pando", "https://a.example/pando/", null],
  ["https://a.example/pando/index.html", "https://a.example/pando/", null],
  ["https://a.example/pando/j/brave-otter#device=x;", "https://a.example/pando/", "brave-otter"],
  ["https://a.example/a/b/", "https://a.example/a/b/", null],
  ["https://a.example/j/", "https://a.example/j/", null],
  ["https://a.example//evil.example/", "https://a.example//evil.example/", null],
];
for (const [address, base, job] of places) {
  Deno.test(`${address} is at ${base}, ${job === null ? "any job" : `job ${job}`}`, () => {
    const place = placeOf(new URL(address));
    assert.deepEqual([place.base.href, place.job], [base, job]);
  });
}

import assert from "node:assert/strict";
import { KIND, ProtocolError } from "../../src/wire/constants.ts";
import {
  encodeResults,
  joinResults,
  LendColumns,
  readLendHead,
  readResultsHead,
  type Value,
} from "../../src/wire/results.ts";
import { decodeResults, encodeFromClient, encodeResultsMessage } from "../support/client.ts";

const lend = (items: string[]) => encodeFromClient({ type: "lend", lease: 7, items });

Deno.test("a lease says its number, its count and the length of each item", () => {
  const bytes = lend(["é", "", "abc"]);
  assert.deepEqual(readLendHead(bytes), { lease: 7, count: 3 });
  const columns = new LendColumns(bytes);
  assert.deepEqual([columns.lease, columns.count], [7, 3]);
  assert.deepEqual([0, 1, 2].map((i) => columns.lengthOf(i)), [2, 0, 3]);
  assert.equal(new TextDecoder().decode(columns.items), "éabc");
});

Deno.test("a lease inside a larger buffer is read where it lies", () => {
  const bytes = lend(["ab"]);
  const inside = new Uint8Array(bytes.length + 9).subarray(5, 5 + bytes.length);
  inside.set(bytes);
  assert.deepEqual(readLendHead(inside), { lease: 7, count: 1 });
  assert.equal(new TextDecoder().decode(new LendColumns(inside).items), "ab");
});

Deno.test("a lease whose lengths do not add up is refused, whatever they are", () => {
  const good = lend(["abc", "d"]);
  const changed = (at: number, value: number) => {
    const bytes = good.slice();
    bytes[at] = value;
    return bytes;
  };
  const broken = [
    good.slice(0, 11),
    good.slice(0, -1),
    new Uint8Array([...good, 0]),
    changed(1, 1),
    changed(4, 0),
    changed(8, 0),
    changed(8, 3),
    changed(11, 0xff),
    changed(12, 4),
    changed(15, 0xff),
  ];
  for (const bytes of broken) assert.throws(() => readLendHead(bytes), ProtocolError);
});

Deno.test("results are encoded one by one where a character takes more than a byte, and all at once where none does", () => {
  const cases: [values: Value[], kinds: number[] | null][] = [
    [["1", "", "22"], null],
    [["é", "", "日本", "🎉", "\ufeffa"], null],
    [["a", '{"message":"no","stack":""}', ""], [KIND.RESULT, KIND.ERROR, KIND.DECLINED]],
    [["é", new Uint8Array([1, 0xff]), ""], [KIND.RESULT, KIND.BINARY, KIND.RESULT]],
  ];
  for (const [values, kinds] of cases) {
    const bytes = encodeResults({ lease: 3, offset: 4, busy_us: 5 }, values, kinds);
    assert.deepEqual(bytes, encodeResultsMessage({ lease: 3, offset: 4, busy_us: 5, kinds, values }));
    assert.deepEqual(decodeResults(bytes).values, values);
    assert.deepEqual(readResultsHead(bytes), { lease: 3, offset: 4, count: values.length, busy_us: 5 });
  }
});

Deno.test("times beyond 71 minutes are cut, not wrapped", () => {
  const one = encodeResults({ lease: 1, offset: 0, busy_us: 2 ** 33 }, ["a"], null);
  assert.equal(readResultsHead(one).busy_us, 0xffffffff);
  const other = encodeResults({ lease: 1, offset: 1, busy_us: 5 }, ["b"], null);
  assert.equal(readResultsHead(joinResults([one, other])).busy_us, 0xffffffff);
});

Deno.test("joined messages have the results of all of them, with kinds where one of them has kinds", () => {
  const part = (offset: number, values: Value[], kinds: number[] | null) =>
    encodeResults({ lease: 9, offset, busy_us: 10 }, values, kinds);
  const plain = joinResults([part(2, ["a", "é"], null), part(4, ["c"], null)]);
  assert.deepEqual(decodeResults(plain), {
    type: "results",
    lease: 9,
    offset: 2,
    busy_us: 20,
    kinds: null,
    values: ["a", "é", "c"],
  });
  const bytes = new Uint8Array([0, 1, 2]);
  const mixed = joinResults([
    part(0, ["a"], null),
    part(1, [bytes, ""], [KIND.BINARY, KIND.DECLINED]),
    part(3, ["b"], null),
  ]);
  const { kinds, values } = decodeResults(mixed);
  assert.deepEqual([kinds, values], [[0, KIND.BINARY, KIND.DECLINED, 0], ["a", bytes, "", "b"]]);
});

Deno.test("results that are too short have no head", () => {
  assert.throws(() => readResultsHead(new Uint8Array(19)), ProtocolError);
});

import assert from "node:assert/strict";
import { inspect } from "../../src/worker/inspect.ts";

const shown = (value: unknown) => inspect(value, 200);

class Point {
  x = 1;
}
class Named {
  toString() {
    return "named";
  }
}
const circle: Record<string, unknown> = { a: [] };
circle.self = circle;
(circle.a as unknown[]).push(circle);
const shared = { b: 1 };
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const trapped = new Proxy({}, {
  get() {
    throw new Error("no");
  },
});
const getters = {
  get a(): never {
    throw new Error("no");
  },
  b: 2,
};

const values: [value: unknown, text: string][] = [
  ["text", "text"],
  [-0, "0"],
  [5n, "5n"],
  [undefined, "undefined"],
  [Symbol("s"), "Symbol(s)"],
  [() => 1, "[function]"],
  [function named() {}, "[function named]"],
  [{ code: 5 }, '{"code":5}'],
  [{ a: 'q"\n', b: [1, null, undefined, true] }, '{"a":"q\\"\\n","b":[1,null,undefined,true]}'],
  [[1, "a", { b: 2 }], '[1,"a",{"b":2}]'],
  [[, 1], "[undefined,1]"],
  [{}, "{}"],
  [Object.create(null), "{}"],
  [new Point(), 'Point {"x":1}'],
  [new Map<unknown, unknown>([["a", 1], [{}, [2]]]), 'Map(2) {"a" => 1,{} => [2]}'],
  [new Set([1, "b"]), 'Set(2) {1,"b"}'],
  [new Uint8Array([1, 2]), "Uint8Array(2) [1,2]"],
  [new ArrayBuffer(2), "ArrayBuffer {}"],
  [new Date(0), "1970-01-01T00:00:00.000Z"],
  [new Date(NaN), "Invalid Date"],
  [/a/g, "/a/g"],
  [new URL("http://a.example/"), "http://a.example/"],
  [new Error("no"), "Error: no"],
  [new Named(), "named"],
  [{ toString: () => 7n }, "7"],
  [{ toString: () => ({}) }, '{"toString":[function toString]}'],
  [Object(1), "1"],
  [Promise.resolve(1), "Promise {}"],
  [new Event("error"), 'Event "error"'],
  [circle, '{"a":[[circular]],"self":[circular]}'],
  [[shared, shared], '[{"b":1},{"b":1}]'],
  [[[[[[[1]]]]]], "[[[[[[…]]]]]]"],
  [{ a: { a: { a: { a: { a: {} } } } } }, '{"a":{"a":{"a":{"a":{"a":{…}}}}}}'],
  [getters, '{"a":[a value that cannot be shown],"b":2}'],
  [revoked.proxy, "[a value that cannot be shown]"],
  [trapped, "[a value that cannot be shown]"],
];
values.forEach(([value, text], i) => {
  Deno.test(`value ${i} is shown as ${text}`, () => assert.equal(shown(value), text));
});

Deno.test("what is large is cut, in little time", () => {
  assert.equal(inspect("x".repeat(300), 10), "xxxxxxxxx…");
  const list = inspect(Array(1e6).fill(1), 1000);
  assert.ok(list.startsWith("[1,1,") && list.endsWith(",… 999900 more]"), list);
  const wide = (depth: number): unknown =>
    depth === 0 ? 1 : Array.from({ length: 99 }, () => wide(depth - 1));
  assert.ok(inspect(wide(3), 500).length <= 500);
  const long = inspect(
    { a: "y".repeat(1e6), b: new Map(Array.from({ length: 1000 }, (_, i) => [i, i])) },
    300,
  );
  assert.ok(long.length <= 300 && long.includes("yyy…"), long);
  assert.ok(inspect(new Set(Array(1000).keys()), 9999).endsWith("… 900 more}"));
});

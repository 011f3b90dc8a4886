import assert from "node:assert/strict";
import { reloadOnce } from "../../src/page/reload.ts";

function reloads(store: () => Storage, times: number): number {
  let count = 0;
  for (let i = 0; i < times; i++) reloadOnce(store, () => count++);
  return count;
}

Deno.test("a page of another version reloads once, and never where nothing is kept", () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  } as unknown as Storage;
  assert.equal(reloads(() => store, 3), 1);
  const forgetful = { getItem: () => null, setItem: () => undefined } as unknown as Storage;
  assert.equal(reloads(() => forgetful, 3), 0);
  const forbidden = () => {
    throw new DOMException("no", "SecurityError");
  };
  assert.equal(reloads(forbidden, 3), 0);
});

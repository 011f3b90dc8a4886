import assert from "node:assert/strict";
import { LeaseItems } from "../../src/worker/lease_items.ts";
import { encodeFromClient } from "../support/client.ts";

function itemsOf(items: readonly string[]): LeaseItems {
  return new LeaseItems(encodeFromClient({ type: "lend", lease: 3, items }));
}

function all(items: LeaseItems): string[] {
  const texts = [];
  while (items.next < items.count) texts.push(items.take());
  return texts;
}

Deno.test("items come one by one, in their order", () => {
  const items = itemsOf(["a", "", "bc"]);
  assert.deepEqual([items.lease, items.count, items.next], [3, 3, 0]);
  assert.equal(items.take(), "a");
  assert.equal(items.next, 1);
  assert.deepEqual(all(items), ["", "bc"]);
});

Deno.test("characters beyond ASCII are whole, and byte order marks are kept", () => {
  const texts = ["é", "日本", "", "🎉", "\ufeffa", "plain"];
  assert.deepEqual(all(itemsOf(texts)), texts);
});

Deno.test("what is not UTF-8 becomes replacement characters, and only there", () => {
  const message = encodeFromClient({ type: "lend", lease: 1, items: ["ab", "é"] });
  message[message.length - 4] = 0xff;
  assert.deepEqual(all(new LeaseItems(message)), ["\ufffdb", "é"]);
});

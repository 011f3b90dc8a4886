/** What a function finds in the global scope of a worker. Browsers are asked in `tests/end_to_end/test_platform.py`. */

import assert from "node:assert/strict";
import { levelCrypto } from "../../src/worker/global_scope.ts";
import { withWorker } from "../support/workers.ts";

const EVALUATE = "async (x) => String(await (0, eval)(x))";

/** Returns what each expression is in a worker, or the error that it throws. */
async function values(expressions: readonly string[]): Promise<string[]> {
  let found: string[] = [];
  await withWorker(`module.exports = ${EVALUATE}`, async (worker) => {
    const answers = await worker.run(expressions);
    found = answers.map(([kind, value]) => kind === 0 ? value : JSON.parse(value).message);
  });
  return found;
}

Deno.test("names that browsers do not have, or that do not do there what they say, are not there", async () => {
  const names = [
    ...["Deno", "process", "Buffer", "global", "setImmediate", "alert", "gc", "OffscreenCanvas"],
    ...["SharedArrayBuffer", "Worker", "caches", "indexedDB", "localStorage"],
  ];
  assert.deepEqual(await values(names.map((name) => `typeof ${name}`)), names.map(() => "undefined"));
});

Deno.test("timers take texts, give numbers, and are as patient as in browsers", async () => {
  const expressions = [
    "new Promise((done) => { globalThis.done = done; setTimeout('done(5)', 1) })",
    "new Promise((done) => { n = 0; id = setInterval('if (++n === 2) { clearInterval(id); done(n) }', 1); globalThis.done = done })",
    "typeof setTimeout(() => 0) + typeof setInterval(() => 0, 1e6)",
    "new Promise((done) => setTimeout(function (a, b) { done([a, b, this === globalThis]) }, 1, 2, 3))",
    "new Promise((done) => { const id = setTimeout(done, 1, 'cleared'); clearTimeout(id); setTimeout(done, 20, 'kept') })",
    "new Promise((done) => { setTimeout(done, Infinity, 'at once'); setTimeout(done, 50, 'late') })",
    "new Promise((done) => { setTimeout(done, 2 ** 31, 'at once'); setTimeout(done, 50, 'late') })",
    "new Promise((done) => { setTimeout(done, undefined, 'at once'); setTimeout(done, 50, 'late') })",
  ];
  assert.deepEqual(await values(expressions), [
    ...["5", "2", "numbernumber", "2,3,true", "kept", "at once", "at once", "at once"],
  ]);
});

Deno.test("importScripts runs what an address holds, and says of others what to do", async () => {
  const [value, thrown, refused, none] = await values([
    "(importScripts('data:,var a = 40', 'data:;base64,YSArPSAy'), a)",
    "(() => { try { importScripts('data:,throw new TypeError(7)') } catch (error) { return error } })()",
    "importScripts('https://h/a.js')",
    "typeof importScripts()",
  ]);
  assert.deepEqual([value, thrown, none], ["42", "TypeError: 7", "undefined"]);
  assert.equal(
    refused,
    "importScripts cannot load https://h/a.js: require or import a script, and it is part of the function",
  );
});

Deno.test("randomUUID is there without a secure context, and stays where it is there", () => {
  const secure = { randomUUID: () => "its own" } as unknown as Crypto;
  levelCrypto(secure);
  assert.equal(secure.randomUUID(), "its own");
  const plain = { getRandomValues: crypto.getRandomValues.bind(crypto) } as unknown as Crypto;
  levelCrypto(plain);
  const made = Array.from({ length: 100 }, () => plain.randomUUID());
  assert.equal(new Set(made).size, 100);
  for (const uuid of made) {
    assert.match(uuid, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  }
});

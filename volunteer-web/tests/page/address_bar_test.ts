import assert from "node:assert/strict";
import { AddressBar } from "../../src/page/address_bar.ts";
import { sleep, until } from "../support/helpers.ts";

const PAUSES = { between: 10, again: 20 };

Deno.test("the address follows a slider now and then, and has the last choice at the end", async () => {
  const written: string[] = [];
  const bar = new AddressBar((hash) => written.push(hash), PAUSES);
  for (let cores = 1; cores <= 50; cores++) bar.show(`#cores=${cores};`);
  assert.deepEqual(written, ["#cores=1;"]);
  await until(() => written.length > 1);
  assert.deepEqual(written, ["#cores=1;", "#cores=50;"]);
  await sleep(3 * PAUSES.between);
  bar.show("#cores=3;");
  assert.equal(written.at(-1), "#cores=3;");
  await sleep(3 * PAUSES.between);
  assert.equal(written.length, 3);
});

Deno.test("a browser that refuses is asked again later, and what is newer counts then", async () => {
  const written: string[] = [];
  let tries = 0;
  const bar = new AddressBar((hash) => {
    if (++tries <= 3) throw new Error("SecurityError: 100 times per 30 seconds");
    written.push(hash);
  }, PAUSES);
  bar.show("#cores=1;");
  bar.show("#cores=2;");
  assert.equal(tries, 1);
  await until(() => written.length > 0);
  assert.deepEqual([written, tries], [["#cores=2;"], 4]);
  await sleep(3 * PAUSES.between);
});

Deno.test("a browser that always refuses is left alone after a while", async () => {
  let tries = 0;
  const bar = new AddressBar(() => {
    tries++;
    throw new Error("never");
  }, { between: 1, again: 1 });
  bar.show("#cores=1;");
  await until(() => tries === 13);
  await sleep(20);
  assert.equal(tries, 13);
  bar.flush();
  assert.equal(tries, 14);
});

Deno.test("what waits is written when the page goes away", async () => {
  const written: string[] = [];
  const bar = new AddressBar((hash) => written.push(hash), PAUSES);
  bar.flush();
  bar.show("#cores=1;");
  bar.show("#cores=2;");
  bar.flush();
  bar.flush();
  assert.deepEqual(written, ["#cores=1;", "#cores=2;"]);
  await sleep(3 * PAUSES.between);
});

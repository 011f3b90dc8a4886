/** How messages of workers go from the sandbox to the page. */

import assert from "node:assert/strict";
import { type Destination, MessageBatcher } from "../../src/sandbox/batcher.ts";
import { type Delivery, type FromWorker, isResults, type Note } from "../../src/worker/messages.ts";
import { inFakeTime } from "../support/fakes.ts";

/** Notes by name, results by their one byte. */
type Seen = (number | string)[];

const results = (byte: number, size = 1, urgent = false): FromWorker => ({
  results: new Uint8Array(size).fill(byte).buffer,
  urgent,
});
const urgent = (byte: number) => results(byte, 1, true);
const dropped: Note = { note: "dropped", lease: 1 };
const reported: Note = {
  note: "report",
  report: { cpu_ms: 1, data_transfer_ms: 1, items: 1, units: "" },
};

function destination(): { to: Destination; came: Seen[]; transferred: number[]; held: boolean[] } {
  const came: Seen[] = [], transferred: number[] = [], held: boolean[] = [];
  const see = (message: FromWorker) => isResults(message) ? new Uint8Array(message.results)[0] : message.note;
  const postMessage = (delivery: Delivery, transfer: unknown) => {
    came.push(delivery.messages.map(see));
    transferred.push((transfer as Transferable[]).length);
    held.push(delivery.held);
  };
  return { to: { postMessage }, came, transferred, held };
}

/** A batcher with two workers. */
function batching() {
  const batcher = new MessageBatcher();
  const [one, other] = [destination(), destination()];
  batcher.open(1, one.to);
  batcher.open(2, other.to);
  return { batcher, one, other, say: (worker: number, message: FromWorker) => batcher.take(worker, message) };
}

Deno.test("the first results go at once; those that follow soon go together, after a while", () =>
  inFakeTime((time) => {
    const { say, one } = batching();
    say(1, results(1));
    assert.deepEqual(one.came, [[1]]);
    say(1, results(2));
    say(1, results(3));
    assert.deepEqual(one.came, [[1]]);
    time.pass(80);
    assert.deepEqual([one.came, one.transferred], [[[1], [2, 3]], [1, 2]]);
    say(1, results(4));
    assert.deepEqual(one.came.at(-1), [4]);
    time.pass(80);
    assert.equal(one.came.length, 3);
  }));

Deno.test("what a function says of each item waits as its results do, in its order", () =>
  inFakeTime(() => {
    const { say, one } = batching();
    say(1, results(1));
    say(1, reported);
    say(1, results(2));
    say(1, { note: "console", level: "info", lines: ["hello"], skipped: 0 });
    assert.equal(one.came.length, 1);
    say(1, dropped);
    assert.deepEqual(one.came[1], ["report", 2, "console", "dropped"]);
  }));

Deno.test("a note and results that are urgent go at once, behind what waits", () =>
  inFakeTime(() => {
    const { say, one } = batching();
    say(1, results(1));
    say(1, results(2));
    say(1, dropped);
    say(1, results(3));
    say(1, urgent(4));
    assert.deepEqual([one.came, one.transferred], [[[1], [2, "dropped"], [3, 4]], [1, 1, 2]]);
  }));

Deno.test("when one worker's messages go, all that wait go", () =>
  inFakeTime(() => {
    const { say, one, other } = batching();
    say(1, results(1));
    say(1, results(2));
    say(2, results(3));
    assert.deepEqual([one.came, other.came], [[[1], [2]], [[3]]]);
  }));

Deno.test("the page learns whether results have waited here, so that they need not wait there too", () =>
  inFakeTime((time) => {
    const { say, one, other } = batching();
    say(1, results(1));
    say(1, results(2));
    // This one lets the other worker's results go.
    say(2, results(3));
    assert.deepEqual([one.held, other.held], [[false, true], [false]]);
    say(1, reported);
    say(1, urgent(4));
    assert.deepEqual(one.held, [false, true, false], "only a report has waited");
    say(1, results(5));
    time.pass(80);
    assert.deepEqual(one.held, [false, true, false, true]);
  }));

Deno.test("long results go at once", () =>
  inFakeTime(() => {
    const { say, one } = batching();
    say(1, results(1));
    say(1, results(2, 40 * 1024));
    assert.equal(one.came.length, 1);
    say(1, results(3, 40 * 1024));
    assert.deepEqual(one.came, [[1], [2, 3]]);
  }));

Deno.test("what cannot be sent is not tried again, and does not stand in the way", () =>
  inFakeTime(() => {
    const { say, one } = batching();
    const failing = new MessageBatcher();
    const { port1, port2 } = new MessageChannel();
    failing.open(1, port1);
    const detached = results(1);
    structuredClone(detached, { transfer: isResults(detached) ? [detached.results] : [] });
    assert.throws(() => failing.take(1, detached));
    failing.take(1, urgent(2));
    port1.close();
    port2.close();
    say(1, results(3));
    assert.deepEqual(one.came, [[3]]);
  }));

Deno.test("what a worker said is forgotten when it is ended, and what it says later too", () =>
  inFakeTime((time) => {
    const { batcher, say, one, other } = batching();
    say(1, results(1));
    say(1, results(2));
    batcher.close(1);
    say(1, urgent(3));
    say(2, urgent(4));
    time.pass(80);
    assert.deepEqual([one.came, other.came], [[[1]], [[4]]]);
    assert.deepEqual(other.transferred, [1]);
  }));

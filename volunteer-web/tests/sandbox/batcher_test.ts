/** How what workers say goes from the frame to the page. */

import { Courier, type Destination } from "../../src/sandbox/batcher.ts";
import type { Note, Said } from "../../src/worker/messages.ts";
import { assert, assertSame } from "../support/helpers.ts";

/** Notes by name, results by their one byte. */
type Seen = (number | string)[];

const results = (byte: number, size = 1) => new Uint8Array(size).fill(byte).buffer;
const dropped: Note = { note: "dropped", lease: 1 };

function destination(): { to: Destination; came: Seen[]; transferred: number[] } {
  const came: Seen[] = [], transferred: number[] = [];
  const see = (said: ArrayBuffer | Note) => said instanceof ArrayBuffer ? new Uint8Array(said)[0] : said.note;
  const postMessage = (said: (ArrayBuffer | Note)[], transfer: unknown) => {
    came.push(said.map(see));
    transferred.push((transfer as Transferable[]).length);
  };
  return { to: { postMessage }, came, transferred };
}

/** A courier with two workers. */
function carrying() {
  const courier = new Courier();
  const [one, other] = [destination(), destination()];
  courier.open(1, one.to);
  courier.open(2, other.to);
  return { courier, one, other, say: (worker: number, said: Said) => courier.take(worker, said) };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 80));

Deno.test("the first results go at once; those that follow soon go together, after a while", async () => {
  const { say, one } = carrying();
  say(1, results(1));
  assertSame(one.came, [[1]]);
  say(1, results(2));
  say(1, results(3));
  assertSame(one.came, [[1]]);
  await pause();
  assertSame([one.came, one.transferred], [[[1], [2, 3]], [1, 2]]);
  say(1, results(4));
  assertSame(one.came.at(-1), [4]);
  await pause();
  assertSame(one.came.length, 3);
});

Deno.test("what a function says of each item waits as its results do, in its order", () => {
  const { say, one } = carrying();
  say(1, results(1));
  say(1, { note: "report", report: { cpu_ms: 1, data_transfer_ms: 1, items: 1, units: "" } });
  say(1, results(2));
  say(1, { note: "log", level: "info", text: "hello" });
  assertSame(one.came.length, 1);
  say(1, dropped);
  assertSame(one.came[1], ["report", 2, "log", "dropped"]);
});

Deno.test("a note and results that must not wait go at once, behind what waits", () => {
  const { say, one } = carrying();
  say(1, results(1));
  say(1, results(2));
  say(1, dropped);
  say(1, results(3));
  say(1, [results(4)]);
  assertSame([one.came, one.transferred], [[[1], [2, "dropped"], [3, 4]], [1, 1, 2]]);
});

Deno.test("when one worker's go, all that waits goes", () => {
  const { say, one, other } = carrying();
  say(1, results(1));
  say(1, results(2));
  say(2, results(3));
  assertSame([one.came, other.came], [[[1], [2]], [[3]]]);
});

Deno.test("long results go at once", () => {
  const { say, one } = carrying();
  say(1, results(1));
  say(1, results(2, 40 * 1024));
  assertSame(one.came.length, 1);
  say(1, results(3, 40 * 1024));
  assertSame(one.came, [[1], [2, 3]]);
});

Deno.test("what cannot be sent is not tried again, and does not stand in the way", () => {
  const { say, one } = carrying();
  const twice = results(1);
  const failing = new Courier();
  let failures = 0;
  const { port1, port2 } = new MessageChannel();
  failing.open(1, port1);
  try {
    failing.take(1, [twice, twice] as unknown as Said);
  } catch {
    failures++;
  }
  failing.take(1, [results(2)]);
  port1.close();
  port2.close();
  say(1, results(3));
  assertSame([failures, one.came], [1, [[3]]]);
});

Deno.test("what a worker said is forgotten when it is ended, and what it says later too", async () => {
  const { courier, say, one, other } = carrying();
  say(1, results(1));
  say(1, results(2));
  courier.close(1);
  say(1, [results(3)]);
  say(2, [results(4)]);
  await pause();
  assertSame([one.came, other.came], [[[1]], [[4]]]);
  assert(other.transferred.length === 1, "twice");
});

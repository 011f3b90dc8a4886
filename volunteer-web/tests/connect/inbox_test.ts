import assert from "node:assert/strict";
import { Inbox } from "../../src/connect/inbox.ts";

/** What an inbox delivers, in a list. */
function listener() {
  const got: unknown[] = [];
  return {
    got,
    frame: (bytes: Uint8Array) => void got.push([...bytes]),
    room: () => void got.push("room"),
    closed: (text: string) => void got.push(text),
  };
}

Deno.test("frames that come early wait for the listener, and so does the end", () => {
  const inbox = new Inbox();
  inbox.room();
  inbox.frame(new Uint8Array([1]).buffer);
  inbox.frame(new Uint8Array([2]));
  inbox.closed("first");
  inbox.closed("second");
  const events = listener();
  inbox.listen(events);
  assert.deepEqual(events.got, [[1], [2], "first"]);
});

Deno.test("what is a view of a larger buffer is copied, because its owner uses the buffer again", () => {
  const inbox = new Inbox();
  const frames: Uint8Array[] = [];
  inbox.listen({ ...listener(), frame: (bytes) => frames.push(bytes) });
  const buffer = new Uint8Array([1, 2, 3]);
  inbox.frame(buffer.subarray(1, 2));
  buffer.fill(9);
  assert.deepEqual([...frames[0]], [2]);
});

Deno.test("text ends the channel, and nothing follows an end", () => {
  const inbox = new Inbox();
  const events = listener();
  inbox.listen(events);
  inbox.frame("text");
  inbox.frame(new Uint8Array([1]));
  inbox.room();
  inbox.closed("again");
  assert.deepEqual(events.got, ["the client sent text"]);
});

Deno.test("nothing is delivered after it is stopped", () => {
  const inbox = new Inbox();
  const events = listener();
  inbox.listen(events);
  inbox.room();
  inbox.stop();
  inbox.room();
  inbox.frame(new Uint8Array([1]));
  inbox.closed("late");
  assert.deepEqual(events.got, ["room"]);
});

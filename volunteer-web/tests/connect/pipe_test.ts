import assert from "node:assert/strict";
import { PipeChannel } from "../../src/connect/pipe.ts";
import type { Bytes } from "../support/client.ts";
import { until } from "../support/helpers.ts";

/** A channel with this test at the other end of the pipe. */
function pipe() {
  const [incoming, outgoing] = [new TransformStream<Bytes, Bytes>(), new TransformStream<Bytes, Bytes>()];
  const channel = new PipeChannel({ readable: incoming.readable, writable: outgoing.writable });
  const frames: number[][] = [];
  const closed: string[] = [];
  let rooms = 0;
  channel.listen({
    frame: (bytes) => frames.push([...bytes]),
    room: () => rooms++,
    closed: (text) => closed.push(text),
  });
  const writer = incoming.writable.getWriter();
  const write = (...bytes: number[]) => writer.write(Uint8Array.from(bytes));
  return {
    channel,
    frames,
    closed,
    rooms: () => rooms,
    write,
    writer,
    reader: outgoing.readable.getReader(),
  };
}

Deno.test("frames are cut out of what comes, however it is divided", async () => {
  const { frames, closed, write, writer } = pipe();
  await write(2, 0);
  await write(0, 0, 7);
  await write(8, 1, 0, 0, 0, 9, 0, 0, 0, 0);
  await until(() => frames.length === 3);
  assert.deepEqual(frames, [[7, 8], [9], []]);
  await writer.close();
  await until(() => closed.length === 1);
  assert.deepEqual(closed, ["the client closed the pipe"]);
});

Deno.test("what is sent goes out with its length, and is counted until it is gone", async () => {
  const { channel, reader, rooms } = pipe();
  channel.send(Uint8Array.of(5, 6));
  channel.send(Uint8Array.of(7));
  assert.equal(channel.buffered, 11);
  assert.deepEqual([...(await reader.read()).value!], [2, 0, 0, 0, 5, 6, 1, 0, 0, 0, 7]);
  await until(() => channel.buffered === 0);
  assert.ok(rooms() > 0);
  await channel.close();
  channel.send(Uint8Array.of(8));
  assert.equal(channel.buffered, 0);
});

Deno.test("a frame that is too long, and an end inside a frame, break the pipe", async () => {
  const long = pipe();
  await long.write(1, 240, 0, 0);
  await until(() => long.closed.length === 1);
  assert.deepEqual(long.closed, ["the pipe broke: a frame of 61441 bytes"]);
  const cut = pipe();
  await cut.write(4, 0, 0, 0, 1);
  await cut.writer.close();
  await until(() => cut.closed.length === 1);
  assert.deepEqual(cut.closed, ["the pipe broke: it ended inside a frame"]);
});

Deno.test("a pipe that nobody reads any more is broken", async () => {
  const { channel, closed, reader } = pipe();
  await reader.cancel(new Error("gone"));
  channel.send(Uint8Array.of(1));
  await until(() => closed.length === 1);
  assert.deepEqual(closed, ["the pipe broke: gone"]);
});

import assert from "node:assert/strict";
import { Joiner, Outbox } from "../../src/wire/framing.ts";
import { MAX_FRAME_BYTES, ProtocolError } from "../../src/wire/constants.ts";
import { fromHex, toHex, vectors } from "../support/helpers.ts";

type Vectors = {
  good: {
    name: string;
    pattern: { type: number; length: number };
    frames: { head: string; length: number }[];
  }[];
  /** The first bytes of a frame, and its length; zeros follow. */
  broken: { name: string; limit: number; frames: [head: string, length: number][] }[];
};

function pattern(type: number, length: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(length);
  for (let i = 4; i < length; i++) message[i] = (i * 31 + 7) % 256;
  message[0] = type;
  return message;
}

function padded([head, length]: [string, number]): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(length);
  frame.set(fromHex(head));
  return frame;
}

function drain(outbox: Outbox): Uint8Array<ArrayBuffer>[] {
  const frames = [];
  for (let frame = outbox.pull(); frame !== null; frame = outbox.pull()) frames.push(frame);
  return frames;
}

function split(message: Uint8Array<ArrayBuffer>) {
  const outbox = new Outbox();
  outbox.push(message);
  return drain(outbox);
}

Deno.test("long messages are cut as in the vectors, and joined again", async () => {
  for (
    const { name, pattern: { type, length }, frames } of (await vectors<Vectors>("v2/framing.json")).good
  ) {
    const message = pattern(type, length);
    const cut = split(message);
    assert.deepEqual(cut.map((f) => ({ head: toHex(f.subarray(0, 8)), length: f.length })), frames, name);
    const joiner = new Joiner(length);
    const joined = cut.map((frame) => joiner.receive(frame)).filter((m) => m !== null);
    assert.equal(joined.length, 1, name);
    assert.ok(toHex(joined[0]) === toHex(message), `${name}: joined to something else`);
  }
});

Deno.test("broken sequences of frames are refused with a ProtocolError", async () => {
  for (const { name, limit, frames } of (await vectors<Vectors>("v2/framing.json")).broken) {
    const joiner = new Joiner(limit);
    assert.throws(() => frames.forEach((f) => joiner.receive(padded(f))), ProtocolError, `accepted: ${name}`);
  }
});

Deno.test("messages of every length near the limits survive", () => {
  for (const base of [MAX_FRAME_BYTES, 2 * MAX_FRAME_BYTES - 12, 3 * MAX_FRAME_BYTES - 16]) {
    for (let length = base - 5; length <= base + 5; length++) {
      const message = pattern(0x21, length);
      const frames = split(message);
      assert.ok(frames.every((f) => f.length <= MAX_FRAME_BYTES), "a frame that is too long");
      const joiner = new Joiner(length);
      const joined = frames.map((f) => joiner.receive(f)).filter((m) => m !== null);
      assert.deepEqual(joined.map((m) => m.length), [length]);
    }
  }
});

Deno.test("a control message overtakes, and goes between the parts of a long one; bulk ones wait", () => {
  const outbox = new Outbox();
  outbox.push(pattern(0x21, 150_000));
  outbox.push(pattern(0x21, 100));
  const types = [outbox.pull()![0]];
  outbox.push(pattern(0x23, 12));
  outbox.push(pattern(0x21, 101));
  types.push(...drain(outbox).map((frame) => frame[0]));
  assert.deepEqual(types, [0x01, 0x23, 0x02, 0x02, 0x21, 0x21]);
});

Deno.test("last words follow what waits, or go out alone if that is too much, also inside a message that is begun", () => {
  for (
    const [mostBytes, lengths] of [[50_000, [undefined, 100_000, 20]], [10_000, [undefined, 20]]] as const
  ) {
    const outbox = new Outbox();
    outbox.push(pattern(0x21, 100_000));
    const joiner = new Joiner(100_000);
    const first = joiner.receive(outbox.pull()!)?.length;
    outbox.finish(pattern(0x24, 20), mostBytes);
    assert.deepEqual([first, ...drain(outbox).map((frame) => joiner.receive(frame)?.length)], lengths);
  }
});

Deno.test("thousands of waiting messages leave in order", () => {
  const outbox = new Outbox();
  for (let i = 0; i < 5000; i++) outbox.push(Uint8Array.of(0x21, 0, 0, 0, i & 255, i >> 8));
  drain(outbox).forEach((frame, i) =>
    assert.ok(frame[4] + 256 * frame[5] === i, `message ${i} out of order`)
  );
});

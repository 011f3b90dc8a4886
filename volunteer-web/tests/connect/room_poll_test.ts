import assert from "node:assert/strict";
import { MAX_BUFFERED_BYTES } from "../../src/connect/channel.ts";
import { RoomPoll } from "../../src/connect/room_poll.ts";
import { inFakeTime } from "../support/fakes.ts";

Deno.test("room is told once, when a channel that was full has some", () =>
  inFakeTime((time) => {
    let [buffered, looks, rooms] = [0, 0, 0];
    const poll = new RoomPoll(() => (looks++, buffered), () => rooms++, 10);
    poll.sent();
    time.pass(100);
    assert.deepEqual([looks, rooms], [1, 0], "it was never full");
    buffered = MAX_BUFFERED_BYTES;
    poll.sent();
    poll.sent();
    time.pass(35);
    assert.equal(rooms, 0);
    buffered--;
    time.pass(100);
    assert.equal(rooms, 1);
    buffered = MAX_BUFFERED_BYTES;
    poll.sent();
    poll.stop();
    buffered = 0;
    time.pass(100);
    assert.equal(rooms, 1);
  }));

import assert from "node:assert/strict";
import { HELLO } from "../support/helpers.ts";
import { withVolunteer } from "../support/volunteers.ts";

Deno.test("a bundle that is no gzip is broken, not a crash", () =>
  withVolunteer(async (test) => {
    test.volunteer.join();
    await test.until(() => test.channels.length === 1);
    test.channels[0].say({ type: "hello", info: HELLO, bundle: new TextEncoder().encode("no gzip at all") });
    await test.until(() => test.volunteer.status.phase === "unable");
  }));

Deno.test("nothing is sent while the channel is full, but for a goodbye; then the rest follows", () =>
  withVolunteer(async (test) => {
    const channel = await test.work();
    channel.buffered = 2 * 1024 * 1024;
    channel.say({ type: "lend", lease: 1, items: ["3"] });
    await test.until(() => test.items === 1);
    assert.deepEqual(channel.said.map(({ type }) => type), ["ready"]);
    channel.buffered = 0;
    channel.room();
    assert.deepEqual(channel.said.map(({ type }) => type), ["ready", "results"]);
    channel.buffered = 2 * 1024 * 1024;
    await test.volunteer.leave("left");
    assert.deepEqual(channel.said.map(({ type }) => type), ["ready", "results", "goodbye"]);
  }));

Deno.test("leaving sends what is finished first, hands the rest back and stops it", () =>
  withVolunteer(async (test) => {
    test.volunteer.join();
    await test.until(() => test.channels.length === 1);
    const [channel] = test.channels;
    const slow = "(x, cb) => { const end = Date.now() + Number(x); while (Date.now() < end); cb(null, x) }";
    await channel.hello(`module.exports['/pando/1.0.0'] = ${slow}`);
    await test.until(() => test.volunteer.status.phase === "working");
    channel.buffered = 2 * 1024 * 1024;
    channel.say({ type: "lend", lease: 1, items: ["2", "2", "2", "100000", "2"] });
    channel.say({ type: "lend", lease: 2, items: ["2"] });
    await test.until(() => test.items === 3);
    await test.volunteer.leave("left");
    const values = channel.said.flatMap((m) => m.type === "results" ? m.values : []);
    assert.deepEqual([values, channel.said.at(-1)?.type], [["2", "2", "2"], "goodbye"]);
  }));

Deno.test("a pause is said to the client, and so is its end", () =>
  withVolunteer(async (test) => {
    const channel = await test.work();
    test.runner.setSlots(0);
    test.runner.setSlots(2);
    assert.deepEqual(channel.said.map((m) => m.type === "ready" && m.info.slots), [1, 0, 2]);
    channel.say({ type: "lend", lease: 1, items: ["3"] });
    await test.until(() => test.items === 1);
  }));

Deno.test("a volunteer calls itself the same on each of its channels, and another one something else", () =>
  withVolunteer(async (test) => {
    await test.work();
    await test.volunteer.leave("left");
    test.volunteer.join();
    await test.until(() => test.channels.length === 2);
    await test.greet(test.channels[1]);
    const lives = test.channels.map(({ said }) => said[0].type === "ready" && said[0].info.life);
    assert.match(String(lives[0]), /^[0-9a-f]{32}$/);
    assert.equal(lives[0], lives[1]);
    await withVolunteer(async (other) => {
      const [ready] = (await other.work()).said;
      assert.notEqual(ready.type === "ready" && ready.info.life, lives[0]);
    });
  }));

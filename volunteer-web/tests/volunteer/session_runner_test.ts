import assert from "node:assert/strict";
import { JobOwner } from "../../src/volunteer/job_owner.ts";
import { blobInfo, HELLO, packed, SQUARE } from "../support/helpers.ts";
import { withVolunteer } from "../support/volunteers.ts";

Deno.test("a bundle that is no gzip is broken, not a crash", () =>
  withVolunteer(async (test) => {
    test.volunteer.join();
    await test.until(() => test.channels.length === 1);
    await test.channels[0].helloWith(new TextEncoder().encode("no gzip at all"));
    await test.until(() => test.volunteer.status.phase === "unable");
  }));

Deno.test("a function that does not have its digest is not loaded, and breaks the protocol", () =>
  withVolunteer(async (test) => {
    test.volunteer.join();
    await test.until(() => test.channels.length === 1);
    const bundle = await packed(SQUARE);
    const wrong = { digest: "0".repeat(64), bytes: bundle.length };
    await test.channels[0].helloWith(bundle, { function: wrong });
    await test.until(() => test.volunteer.status.phase === "unable");
    assert.deepEqual(test.channels[0].said.map((m) => m.type === "goodbye" && m.text), [
      "the function does not have its digest",
    ]);
  }));

Deno.test("what has arrived of a function outlives the connection, and the rest is asked for", () =>
  withVolunteer(async (test) => {
    const random = crypto.getRandomValues(new Uint8Array(50_000));
    const bundle = await packed([SQUARE, "\n//", btoa(String.fromCharCode(...random))]);
    const info = await blobInfo(bundle);
    test.volunteer.join();
    await test.until(() => test.channels.length === 1);
    test.channels[0].say({ type: "hello", info: { ...HELLO, function: info } });
    const piece = bundle.slice(0, 20_000);
    test.channels[0].say({ type: "blob", digest: info.digest, offset: 0, data: piece });
    test.channels[0].break();
    await test.until(() => test.channels.length === 2);
    await test.channels[1].helloWith(bundle);
    await test.until(() => test.volunteer.status.phase === "working");
    const asked = test.channels.map(({ flow }) => flow.flatMap((m) => m.type === "accept" ? m.blobs : []));
    assert.deepEqual(asked, [[{ digest: info.digest, from: 0 }], [{ digest: info.digest, from: 20_000 }]]);
    // And not at all when everything is there.
    test.channels[1].break();
    await test.until(() => test.channels.length === 3);
    await test.channels[2].helloWith(bundle);
    await test.until(() => test.volunteer.status.phase === "working");
    assert.deepEqual(test.channels[2].flow, []);
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

Deno.test("a job of somebody else than the address names is declined before anything is asked for", () =>
  withVolunteer(
    async (test) => {
      test.volunteer.join();
      await test.until(() => test.channels.length === 1);
      await test.channels[0].hello(SQUARE);
      await test.until(() => test.volunteer.status.phase === "unable");
      const [channel] = test.channels;
      assert.deepEqual(channel.flow, []);
      assert.deepEqual(channel.said.map((m) => m.type === "goodbye" ? [m.reason, m.text] : m.type), [
        "ready",
        ["declined", "this kind of connection does not show whose job it is"],
      ]);
    },
    undefined,
    new JobOwner("A".repeat(43), () => Promise.reject(new Error("not needed"))),
  ));

import assert from "node:assert/strict";
import { ConnectError } from "../../src/connect/error.ts";
import type { Connector } from "../../src/volunteer/volunteer.ts";
import { FakeChannel } from "../support/fakes.ts";
import { sleep } from "../support/helpers.ts";
import { withLife } from "../support/life.ts";

Deno.test("a volunteer connects, loads, works, and thanks are shown when the job is done", () =>
  withLife(async (life) => {
    const channel = await life.work();
    channel.say({ type: "lend", lease: 1, items: ["3", "4"] });
    await life.until(() => life.items === 2);
    channel.say({ type: "goodbye", reason: "done", text: "" });
    await life.until(() => life.volunteer.status.phase === "lost");
    assert.deepEqual([life.volunteer.lastEnding, channel.closed], ["done", true]);
    assert.deepEqual(life.phases, ["connecting", "loading", "working", "lost"]);
  }));

Deno.test("a volunteer knows the job that the server assigned, whatever the client calls itself", async () => {
  const channel = new FakeChannel();
  const names = ["assigned", null];
  const connect: Connector = (on) => {
    const name = names.shift() ?? null;
    if (name !== null) on.assigned(name);
    return Promise.resolve(channel);
  };
  await withLife(async (life) => {
    life.volunteer.join();
    await life.until(() => life.phases.includes("connecting"));
    await sleep(5);
    await life.greet(channel);
    assert.equal(life.volunteer.assigned, "assigned");
    channel.break();
    await life.until(() => life.volunteer.status.phase === "lost");
    life.volunteer.hurry();
    await life.until(() => names.length === 0);
    assert.equal(life.volunteer.assigned, null);
  }, connect);
});

Deno.test("a connection that breaks is followed by another, with a fresh function", () =>
  withLife(async (life) => {
    (await life.work()).break();
    await life.until(() => life.volunteer.status.phase === "lost");
    life.volunteer.hurry();
    await life.until(() => life.channels.length === 2);
    await life.greet(life.channels[1]);
    life.channels[1].say({ type: "lend", lease: 1, items: ["5"] });
    await life.until(() => life.items === 1);
  }));

Deno.test("a job that has enough volunteers is not asked again soon, whatever gets better meanwhile", () =>
  withLife(async (life) => {
    const channel = await life.work();
    channel.say({ type: "goodbye", reason: "full", text: "it has 1000" });
    await life.until(() => life.volunteer.status.phase === "refused");
    const { status } = life.volunteer;
    assert.ok(status.phase === "refused" && status.why === "it has 1000", JSON.stringify(status));
    assert.ok(status.retryAt - performance.now() > 9_500, `in ${status.retryAt - performance.now()} ms`);
    life.volunteer.hurry();
    await sleep(20);
    assert.equal(life.channels.length, 1);
  }));

Deno.test("a client that did not hear from this device is joined again, and its word is shown", () =>
  withLife(async (life) => {
    const channel = await life.work();
    channel.say({ type: "goodbye", reason: "silent", text: "nothing was heard from it for 5 s" });
    await life.until(() => life.volunteer.status.phase === "lost");
    const { status } = life.volunteer;
    assert.deepEqual(
      status.phase === "lost" && status.why,
      "the client lost touch with this device (nothing was heard from it for 5 s)",
    );
    await life.until(() => life.channels.length === 2);
  }));

Deno.test("leaving says goodbye, closes, and lasts until joining again", () =>
  withLife(async (life) => {
    const channel = await life.work();
    await life.volunteer.leave("left");
    assert.deepEqual([channel.said.at(-1)?.type, channel.closed, life.volunteer.status.phase], [
      "goodbye",
      true,
      "left",
    ]);
    life.volunteer.hurry();
    await sleep(10);
    assert.equal(life.channels.length, 1);
    life.volunteer.join();
    await life.until(() => life.channels.length === 2);
  }));

Deno.test("leaving gives up an attempt to connect", () => {
  let aborted = false;
  const connect: Connector = (on, signal) => {
    on.waiting();
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        aborted = true;
        reject(new ConnectError("given up"));
      });
    });
  };
  return withLife(async (life) => {
    life.volunteer.join();
    await life.until(() => life.volunteer.status.phase === "waiting");
    await life.volunteer.leave("closed");
    assert.deepEqual([aborted, life.volunteer.status.phase], [true, "left"]);
  }, connect);
});

Deno.test("failures are tried again, sooner or later", () => {
  let tries = 0;
  const connect = () => Promise.reject(new ConnectError("no server", { passing: ++tries === 1 }));
  return withLife(async (life) => {
    life.volunteer.join();
    await life.until(() => life.volunteer.status.phase === "lost");
    const { status } = life.volunteer;
    assert.ok(status.phase === "lost" && status.why === "no server", "no reason");
    await life.until(() => life.volunteer.status.phase === "unable");
    assert.equal(tries, 2);
  }, connect);
});

Deno.test("a function that does not load makes this volunteer unable, and the job's end brings no thanks", () =>
  withLife(async (life) => {
    life.volunteer.join();
    await life.until(() => life.channels.length === 1);
    await life.channels[0].hello("oops");
    await life.until(() => life.volunteer.status.phase === "unable");
    assert.deepEqual(life.channels[0].said[0].type, "broken");
    life.channels[0].say({ type: "goodbye", reason: "stopped", text: "" });
    await life.until(() => life.volunteer.status.phase === "lost");
    assert.equal(life.volunteer.lastEnding, "none");
  }));

Deno.test("a client that hangs up on a volunteer that cannot load its function is not joined again soon", () =>
  withLife(async (life) => {
    life.volunteer.join();
    await life.until(() => life.channels.length === 1);
    await life.channels[0].hello("oops");
    await life.until(() => life.volunteer.status.phase === "unable");
    life.channels[0].break();
    await life.until(() => life.channels[0].closed);
    const { status } = life.volunteer;
    assert.ok(status.phase === "unable" && status.why.includes("oops"), JSON.stringify(status));
    await life.until(() => {
      const { status } = life.volunteer;
      return status.phase === "unable" && status.retryAt < performance.now() + 31_000;
    });
  }));

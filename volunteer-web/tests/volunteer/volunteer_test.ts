import assert from "node:assert/strict";
import { ConnectError } from "../../src/connect/error.ts";
import type { Connector } from "../../src/volunteer/volunteer.ts";
import { FakeChannel } from "../support/fakes.ts";
import { sleep, SQUARE } from "../support/helpers.ts";
import { withVolunteer } from "../support/volunteers.ts";

Deno.test("a volunteer connects, loads, works, and thanks are shown when the job is done", () =>
  withVolunteer(async (test) => {
    const channel = await test.work();
    channel.say({ type: "lend", lease: 1, items: ["3", "4"] });
    await test.until(() => test.items === 2);
    channel.say({ type: "goodbye", reason: "done", text: "" });
    await test.until(() => test.volunteer.status.phase === "lost");
    assert.deepEqual([test.volunteer.lastEnding, channel.closed], ["done", true]);
    assert.deepEqual(test.phases, ["connecting", "loading", "working", "lost"]);
  }));

Deno.test("a volunteer knows the job that the server assigned, whatever the client calls itself", async () => {
  const channel = new FakeChannel();
  const names = ["assigned", null];
  const connect: Connector = (on) => {
    const name = names.shift() ?? null;
    if (name !== null) on.assigned(name);
    return Promise.resolve(channel);
  };
  await withVolunteer(async (test) => {
    test.volunteer.join();
    await test.until(() => test.phases.includes("connecting"));
    await sleep(5);
    await test.greet(channel);
    assert.equal(test.volunteer.assigned, "assigned");
    channel.break();
    await test.until(() => test.volunteer.status.phase === "lost");
    test.volunteer.hurry();
    await test.until(() => names.length === 0);
    assert.equal(test.volunteer.assigned, null);
  }, connect);
});

Deno.test("a connection that breaks is followed by another, with a fresh function", () =>
  withVolunteer(async (test) => {
    (await test.work()).break();
    await test.until(() => test.volunteer.status.phase === "lost");
    test.volunteer.hurry();
    await test.until(() => test.channels.length === 2);
    await test.greet(test.channels[1]);
    test.channels[1].say({ type: "lend", lease: 1, items: ["5"] });
    await test.until(() => test.items === 1);
  }));

Deno.test("a job that has enough volunteers is not asked again soon, whatever gets better meanwhile", () =>
  withVolunteer(async (test) => {
    const channel = await test.work();
    channel.say({ type: "goodbye", reason: "full", text: "it has 1000" });
    await test.until(() => test.volunteer.status.phase === "refused");
    const { status } = test.volunteer;
    assert.ok(status.phase === "refused" && status.why === "it has 1000", JSON.stringify(status));
    assert.ok(status.retryAt - performance.now() > 9_500, `in ${status.retryAt - performance.now()} ms`);
    test.volunteer.hurry();
    await sleep(20);
    assert.equal(test.channels.length, 1);
  }));

Deno.test("a client that did not hear from this device is joined again, and its word is shown", () =>
  withVolunteer(async (test) => {
    const channel = await test.work();
    channel.say({ type: "goodbye", reason: "silent", text: "nothing was heard from it for 5 s" });
    await test.until(() => test.volunteer.status.phase === "lost");
    const { status } = test.volunteer;
    assert.deepEqual(
      status.phase === "lost" && status.why,
      "the client lost touch with this device (nothing was heard from it for 5 s)",
    );
    await test.until(() => test.channels.length === 2);
  }));

Deno.test("leaving says goodbye, closes, and lasts until joining again", () =>
  withVolunteer(async (test) => {
    const channel = await test.work();
    await test.volunteer.leave("left");
    assert.deepEqual([channel.said.at(-1)?.type, channel.closed, test.volunteer.status.phase], [
      "goodbye",
      true,
      "left",
    ]);
    test.volunteer.hurry();
    await sleep(10);
    assert.equal(test.channels.length, 1);
    test.volunteer.join();
    await test.until(() => test.channels.length === 2);
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
  return withVolunteer(async (test) => {
    test.volunteer.join();
    await test.until(() => test.volunteer.status.phase === "waiting");
    await test.volunteer.leave("closed");
    assert.deepEqual([aborted, test.volunteer.status.phase], [true, "left"]);
  }, connect);
});

Deno.test("failures are tried again, sooner or later", () => {
  let tries = 0;
  const connect = () => Promise.reject(new ConnectError("no server", { passing: ++tries === 1 }));
  return withVolunteer(async (test) => {
    test.volunteer.join();
    await test.until(() => test.volunteer.status.phase === "lost");
    const { status } = test.volunteer;
    assert.ok(status.phase === "lost" && status.why === "no server", "no reason");
    await test.until(() => test.volunteer.status.phase === "unable");
    assert.equal(tries, 2);
  }, connect);
});

Deno.test("why it failed stays known while it is tried again, until something comes of it", () => {
  const seen: string[] = [];
  let tries = 0;
  const path = new ConnectError("no way", { part: "path", detail: "a.example is down" });
  const channel = new FakeChannel();
  const connect: Connector = (on) => {
    on.assigned("j");
    if (++tries === 1) on.failed(path);
    return tries < 3 ? Promise.reject(path) : Promise.resolve(channel);
  };
  return withVolunteer(async (test) => {
    const note = () => {
      const { status: { phase }, tries } = test.volunteer;
      const text = `${phase} ${tries?.count ?? 0} ${tries?.last.detail ?? ""}`;
      if (seen.at(-1) !== text) seen.push(text);
    };
    test.changed = note;
    test.volunteer.join();
    await test.until(() => tries === 3);
    await sleep(5);
    await test.greet(channel);
    assert.deepEqual(seen, [
      "connecting 0 ",
      "connecting 1 a.example is down",
      "lost 2 a.example is down",
      "connecting 2 a.example is down",
      "lost 3 a.example is down",
      "connecting 3 a.example is down",
      "loading 0 ",
      "working 0 ",
    ]);
    channel.break();
    await test.until(() => test.volunteer.status.phase === "lost");
    assert.equal(test.volunteer.tries?.last.why, "the connection broke");
  }, connect);
});

Deno.test("when its client is silent and another one is there, an idle volunteer goes, and says so to both", () => {
  const channels: FakeChannel[] = [];
  const connect: Connector = (on) => {
    channels.push(new FakeChannel());
    on.assigned(`job-${channels.length}`);
    return Promise.resolve(channels.at(-1)!);
  };
  return withVolunteer(async (test) => {
    test.volunteer.join();
    await test.until(() => channels.length === 1);
    await sleep(5);
    await channels[0].hello(SQUARE, { heartbeat_ms: 1000 });
    await test.until(() => test.volunteer.status.phase === "working");
    const before = performance.now();
    await test.until(() => channels.length === 2);
    assert.ok(performance.now() - before > 1500, "not at the first breath");
    await test.until(() => channels[0].closed);
    assert.equal(channels[0].said.at(-1)?.type, "goodbye");
    await sleep(5);
    await test.greet(channels[1]);
    assert.equal(test.volunteer.assigned, "job-2");
    channels[1].say({ type: "lend", lease: 1, items: ["3"] });
    await test.until(() => test.items === 1);
    assert.ok(!test.phases.includes("lost"), `${test.phases}`);
  }, connect);
});

Deno.test("a function that does not load makes this volunteer unable, and the job's end brings no thanks", () =>
  withVolunteer(async (test) => {
    test.volunteer.join();
    await test.until(() => test.channels.length === 1);
    await test.channels[0].hello("oops");
    await test.until(() => test.volunteer.status.phase === "unable");
    assert.deepEqual(test.channels[0].said.map(({ type }) => type), ["ready", "broken"]);
    test.channels[0].say({ type: "goodbye", reason: "stopped", text: "" });
    await test.until(() => test.volunteer.status.phase === "lost");
    assert.equal(test.volunteer.lastEnding, "none");
  }));

Deno.test("a client that hangs up on a volunteer that cannot load its function is not joined again soon", () =>
  withVolunteer(async (test) => {
    test.volunteer.join();
    await test.until(() => test.channels.length === 1);
    await test.channels[0].hello("oops");
    await test.until(() => test.volunteer.status.phase === "unable");
    test.channels[0].break();
    await test.until(() => test.channels[0].closed);
    const { status } = test.volunteer;
    assert.ok(status.phase === "unable" && status.why.includes("oops"), JSON.stringify(status));
    await test.until(() => {
      const { status } = test.volunteer;
      return status.phase === "unable" && status.retryAt < performance.now() + 31_000;
    });
  }));

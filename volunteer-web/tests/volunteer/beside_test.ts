import assert from "node:assert/strict";
import { ConnectError } from "../../src/connect/error.ts";
import type { Channel } from "../../src/connect/channel.ts";
import { Beside, type Opener } from "../../src/volunteer/beside.ts";
import { FakeChannel } from "../support/fakes.ts";
import { sleep } from "../support/helpers.ts";

/** A search of which the test plays the server. */
class Stage {
  readonly found: [Channel, string | null][] = [];
  readonly opening: { on: Parameters<Opener>[0]; signal: AbortSignal }[] = [];
  #settle: { open(channel: Channel): void; fail(error: Error): void }[] = [];
  readonly beside = new Beside(
    (on, signal) => {
      this.opening.push({ on, signal });
      return new Promise((open, fail) => this.#settle.push({ open, fail }));
    },
    (job) => job !== null && job !== "own",
    (channel, job) => this.found.push([channel, job]),
  );

  async open(channel: Channel): Promise<void> {
    this.#settle.at(-1)!.open(channel);
    await sleep(0);
  }
  async fail(error: Error): Promise<void> {
    this.#settle.at(-1)!.fail(error);
    await sleep(0);
  }
}

Deno.test("nothing is asked while the client is heard", () => {
  const { beside, opening } = new Stage();
  beside.check(false, 0);
  assert.deepEqual([opening.length, beside.search], [0, "none"]);
});

Deno.test("a channel to another client is used if the own one is silent still", async () => {
  const stage = new Stage();
  const { beside, opening, found } = stage;
  beside.check(true, 0);
  beside.check(true, 500);
  assert.deepEqual([opening.length, beside.search], [1, "asking"]);
  opening[0].on.waiting();
  assert.equal(beside.search, "no job");
  opening[0].on.assigned("brave-otter");
  assert.equal(beside.search, "asking");
  const channel = new FakeChannel();
  await stage.open(channel);
  assert.deepEqual(found, []);
  beside.check(true, 1000);
  assert.deepEqual([found, channel.closed], [[[channel, "brave-otter"]], false]);
});

Deno.test("a channel that may lead to the same client waits: the old connection may only be slow", async () => {
  for (const job of ["own", null]) {
    const stage = new Stage();
    const { beside, opening, found } = stage;
    beside.check(true, performance.now());
    if (job !== null) opening[0].on.assigned(job);
    const channel = new FakeChannel();
    await stage.open(channel);
    beside.check(true, performance.now() + 5_000);
    assert.deepEqual([found, beside.search], [[], "asking"]);
    beside.check(true, performance.now() + 6_500);
    assert.deepEqual([found, opening.length], [[[channel, job]], 1]);
  }
});

Deno.test("when the client is heard again, all that was begun is given up", async () => {
  const stage = new Stage();
  const { beside, opening, found } = stage;
  beside.check(true, 0);
  beside.check(false, 500);
  assert.deepEqual([opening[0].signal.aborted, beside.search], [true, "none"]);
  const late = new FakeChannel();
  await stage.open(late);
  opening[0].on.waiting();
  assert.deepEqual([late.closed, beside.search], [true, "none"]);

  beside.check(true, 1000);
  const inTime = new FakeChannel();
  await stage.open(inTime);
  beside.check(false, 1500);
  beside.check(true, 2000);
  assert.deepEqual([inTime.closed, found, opening.length], [true, [], 3]);
  beside.check(false, 2500);
  await stage.fail(new ConnectError("given up"));
  assert.equal(beside.search, "none");
});

Deno.test("a server that cannot be reached is asked again, later each time, and not before it wants", async () => {
  const stage = new Stage();
  const { beside, opening } = stage;
  beside.check(true, 0);
  await stage.fail(new ConnectError("no server"));
  assert.equal(beside.search, "failed");
  beside.check(true, 300);
  assert.equal(opening.length, 1);
  beside.check(true, 500);
  assert.equal(opening.length, 2);
  await stage.fail(new ConnectError("busy", { waitMs: 10_000 }));
  beside.check(true, 10_000);
  assert.equal(opening.length, 2);
  beside.check(true, 10_500);
  assert.equal(opening.length, 3);
  await stage.fail(new Error("an error of ours"));
  assert.equal(beside.search, "failed");
});

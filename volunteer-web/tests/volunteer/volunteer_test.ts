import { Attendance } from "../../src/volunteer/session_runner.ts";
import type { Channel, ChannelEvents } from "../../src/connect/channel.ts";
import { ConnectError } from "../../src/connect/error.ts";
import { denoHost } from "../../src/pool/deno_host.ts";
import { Joiner, Outbox } from "../../src/wire/framing.ts";
import {
  decodeFromVolunteer,
  encodeMessage,
  type FromClient,
  type FromVolunteer,
} from "../../src/wire/messages.ts";
import { type Connector, Volunteer } from "../../src/volunteer/volunteer.ts";
import { assert, assertSame, HELLO, packed, within } from "../support/helpers.ts";
import { useWorkerSource } from "../support/workers.ts";

/** A channel whose other end is this test. */
class TestChannel implements Channel {
  readonly kind = "pipe";
  buffered = 0;
  readonly said: FromVolunteer[] = [];
  closed = false;
  #events: ChannelEvents | null = null;
  #joiner = new Joiner(64 * 1024 * 1024);

  listen(events: ChannelEvents): void {
    this.#events = events;
  }
  send(frame: Uint8Array<ArrayBuffer>): void {
    const message = this.#joiner.receive(frame);
    if (message !== null) this.said.push(decodeFromVolunteer(message));
  }
  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
  say(message: FromClient): void {
    const outbox = new Outbox();
    outbox.push(encodeMessage("client", message));
    for (let frame = outbox.pull(); frame !== null; frame = outbox.pull()) this.#events!.frame(frame);
  }
  break(): void {
    this.#events!.closed("the connection broke");
  }
  room(): void {
    this.#events!.room();
  }
  async hello(code: string): Promise<void> {
    const bundle = await packed(code);
    this.say({ type: "hello", info: HELLO, bundle });
  }
}

const SQUARE = "module.exports['/pando/1.0.0'] = (x, cb) => cb(null, x * x)";

/** A volunteer for whom this test plays all servers and clients. */
class Life {
  readonly channels: TestChannel[] = [];
  readonly phases: string[] = [];
  items = 0;
  readonly attendance: Attendance;
  readonly volunteer: Volunteer;

  constructor(connect?: Connector) {
    this.attendance = new Attendance(denoHost, 1, {
      greeted: ({ job, title }) => this.volunteer.greeted(job, title),
      consider: () => "take",
      loaded: () => this.volunteer.loaded(),
      broken: (message) => this.volunteer.broken(message),
      answered: (items) => this.items += items,
      log: () => undefined,
    });
    const open: Connector = () => {
      this.channels.push(new TestChannel());
      return Promise.resolve(this.channels.at(-1)!);
    };
    this.volunteer = new Volunteer(this.attendance, connect ?? open, { device: "d", agent: "a" }, () => {
      const { phase } = this.volunteer.doing;
      if (this.phases.at(-1) !== phase) this.phases.push(phase);
    });
  }

  async until(condition: () => boolean): Promise<void> {
    const look = async () => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    await within(5000, look(), `${condition}; ${this.phases}`);
  }

  /** Joins and works until the function is loaded. */
  async work(): Promise<TestChannel> {
    this.volunteer.join();
    await this.until(() => this.channels.length === 1);
    await this.greet(this.channels[0]);
    return this.channels[0];
  }

  async greet(channel: TestChannel): Promise<void> {
    await channel.hello(SQUARE);
    await this.until(() => this.volunteer.doing.phase === "working");
  }
}

/** Runs `body` with a life that ends with it. */
async function withLife(body: (life: Life) => Promise<void>, connect?: Connector): Promise<void> {
  await useWorkerSource();
  const life = new Life(connect);
  try {
    await body(life);
  } finally {
    await life.volunteer.leave("left");
  }
}

Deno.test("a volunteer connects, loads, works, and thanks are shown when the job is done", () =>
  withLife(async (life) => {
    const channel = await life.work();
    channel.say({ type: "lend", lease: 1, items: ["3", "4"] });
    await life.until(() => life.items === 2);
    channel.say({ type: "goodbye", reason: "done", text: "" });
    await life.until(() => life.volunteer.doing.phase === "lost");
    assertSame([life.volunteer.thanks, channel.closed], ["done", true]);
    assertSame(life.phases, ["connecting", "loading", "working", "lost"]);
  }));

Deno.test("a volunteer knows the job that the server assigned, whatever the client calls itself", async () => {
  const channel = new TestChannel();
  const names = ["assigned", null];
  const connect: Connector = (on) => {
    const name = names.shift() ?? null;
    if (name !== null) on.assigned(name);
    return Promise.resolve(channel);
  };
  await withLife(async (life) => {
    life.volunteer.join();
    await life.until(() => life.phases.includes("connecting"));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await life.greet(channel);
    assertSame(life.volunteer.assigned, "assigned");
    channel.break();
    await life.until(() => life.volunteer.doing.phase === "lost");
    life.volunteer.hurry();
    await life.until(() => names.length === 0);
    assertSame(life.volunteer.assigned, null);
  }, connect);
});

Deno.test("a connection that breaks is followed by another, with a fresh function", () =>
  withLife(async (life) => {
    (await life.work()).break();
    await life.until(() => life.volunteer.doing.phase === "lost");
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
    await life.until(() => life.volunteer.doing.phase === "refused");
    const { doing } = life.volunteer;
    assert(doing.phase === "refused" && doing.why === "it has 1000", JSON.stringify(doing));
    assert(doing.retryAt - performance.now() > 9_500, `in ${doing.retryAt - performance.now()} ms`);
    life.volunteer.hurry();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assertSame(life.channels.length, 1);
  }));

Deno.test("a client that did not hear from this device is joined again, and its word is shown", () =>
  withLife(async (life) => {
    const channel = await life.work();
    channel.say({ type: "goodbye", reason: "silent", text: "nothing was heard from it for 5 s" });
    await life.until(() => life.volunteer.doing.phase === "lost");
    const { doing } = life.volunteer;
    assertSame(
      doing.phase === "lost" && doing.why,
      "the client lost touch with this device (nothing was heard from it for 5 s)",
    );
    await life.until(() => life.channels.length === 2);
  }));

Deno.test("leaving says goodbye, closes, and lasts until joining again", () =>
  withLife(async (life) => {
    const channel = await life.work();
    await life.volunteer.leave("left");
    assertSame([channel.said.at(-1)?.type, channel.closed, life.volunteer.doing.phase], [
      "goodbye",
      true,
      "left",
    ]);
    life.volunteer.hurry();
    await new Promise((resolve) => setTimeout(resolve, 10));
    assertSame(life.channels.length, 1);
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
    await life.until(() => life.volunteer.doing.phase === "waiting");
    await life.volunteer.leave("closed");
    assertSame([aborted, life.volunteer.doing.phase], [true, "left"]);
  }, connect);
});

Deno.test("failures are tried again, sooner or later", () => {
  let tries = 0;
  const connect = () => Promise.reject(new ConnectError("no server", { passing: ++tries === 1 }));
  return withLife(async (life) => {
    life.volunteer.join();
    await life.until(() => life.volunteer.doing.phase === "lost");
    const { doing } = life.volunteer;
    assert(doing.phase === "lost" && doing.why === "no server", "no reason");
    await life.until(() => life.volunteer.doing.phase === "unable");
    assertSame(tries, 2);
  }, connect);
});

Deno.test("a function that does not load makes this volunteer unable, and the job's end brings no thanks", () =>
  withLife(async (life) => {
    life.volunteer.join();
    await life.until(() => life.channels.length === 1);
    await life.channels[0].hello("oops");
    await life.until(() => life.volunteer.doing.phase === "unable");
    assertSame(life.channels[0].said[0].type, "broken");
    life.channels[0].say({ type: "goodbye", reason: "stopped", text: "" });
    await life.until(() => life.volunteer.doing.phase === "lost");
    assertSame(life.volunteer.thanks, "none");
  }));

Deno.test("a client that hangs up on a volunteer that cannot load its function is not joined again soon", () =>
  withLife(async (life) => {
    life.volunteer.join();
    await life.until(() => life.channels.length === 1);
    await life.channels[0].hello("oops");
    await life.until(() => life.volunteer.doing.phase === "unable");
    life.channels[0].break();
    await life.until(() => life.channels[0].closed);
    const { doing } = life.volunteer;
    assert(doing.phase === "unable" && doing.why.includes("oops"), JSON.stringify(doing));
    await life.until(() => {
      const { doing } = life.volunteer;
      return doing.phase === "unable" && doing.retryAt < performance.now() + 31_000;
    });
  }));

Deno.test("a bundle that is no gzip is broken, not a crash", () =>
  withLife(async (life) => {
    life.volunteer.join();
    await life.until(() => life.channels.length === 1);
    life.channels[0].say({ type: "hello", info: HELLO, bundle: new TextEncoder().encode("no gzip at all") });
    await life.until(() => life.volunteer.doing.phase === "unable");
  }));

Deno.test("nothing is sent while the channel is full, but for a goodbye; then the rest follows", () =>
  withLife(async (life) => {
    const channel = await life.work();
    channel.buffered = 2 * 1024 * 1024;
    channel.say({ type: "lend", lease: 1, items: ["3"] });
    await life.until(() => life.items === 1);
    assertSame(channel.said.map(({ type }) => type), ["ready"]);
    channel.buffered = 0;
    channel.room();
    assertSame(channel.said.map(({ type }) => type), ["ready", "results"]);
    channel.buffered = 2 * 1024 * 1024;
    await life.volunteer.leave("left");
    assertSame(channel.said.map(({ type }) => type), ["ready", "results", "goodbye"]);
  }));

Deno.test("leaving sends what is finished first, hands the rest back and stops it", () =>
  withLife(async (life) => {
    life.volunteer.join();
    await life.until(() => life.channels.length === 1);
    const [channel] = life.channels;
    const slow = "(x, cb) => { const end = Date.now() + Number(x); while (Date.now() < end); cb(null, x) }";
    await channel.hello(`module.exports['/pando/1.0.0'] = ${slow}`);
    await life.until(() => life.volunteer.doing.phase === "working");
    channel.buffered = 2 * 1024 * 1024;
    channel.say({ type: "lend", lease: 1, items: ["2", "2", "2", "100000", "2"] });
    channel.say({ type: "lend", lease: 2, items: ["2"] });
    await life.until(() => life.items === 3);
    await life.volunteer.leave("left");
    const values = channel.said.flatMap((m) => m.type === "results" ? m.values : []);
    assertSame([values, channel.said.at(-1)?.type], [["2", "2", "2"], "goodbye"]);
  }));

Deno.test("a pause is said to the client, and so is its end", () =>
  withLife(async (life) => {
    const channel = await life.work();
    life.attendance.setSlots(0);
    life.attendance.setSlots(2);
    assertSame(channel.said.map((m) => m.type === "ready" && m.info.slots), [1, 0, 2]);
    channel.say({ type: "lend", lease: 1, items: ["3"] });
    await life.until(() => life.items === 1);
  }));

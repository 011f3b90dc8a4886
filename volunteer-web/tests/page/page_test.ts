/** The page without a browser: its view, its stage and its screen are played by the test; its workers are real. */

import assert from "node:assert/strict";
import { formatHash, parseHash } from "../../src/page/choices.ts";
import { Consent } from "../../src/page/consent.ts";
import { JobOwner } from "../../src/volunteer/job_owner.ts";
import { Page, type PageParts } from "../../src/page/page.ts";
import type { Shown, ViewEvents } from "../../src/page/view.ts";
import { DenoHost } from "../../src/pool/deno_host.ts";
import { FakeChannel, fakeStorage } from "../support/fakes.ts";
import { until } from "../support/helpers.ts";
import { useWorkerSource } from "../support/workers.ts";

/** A function that takes as many milliseconds as its item says. */
const SLEEP = "module.exports['/pando/1.0.0'] = (x, cb) => void setTimeout(cb, +x, null, x)";

/** What a page shows, and what its owner can do. */
class Screen {
  readonly channels: FakeChannel[] = [];
  readonly lines: string[] = [];
  shown: Shown | null = null;
  terms = "";
  question: string | null = null;
  asksName = false;
  on = false;
  refusesToKeep = false;
  hash: string;
  owner!: ViewEvents;
  readonly window = new EventTarget();
  readonly document = Object.assign(new EventTarget(), {
    visibilityState: "visible" as DocumentVisibilityState,
  });
  readonly page: Page;

  constructor(hash: string) {
    this.hash = hash;
    const parts: PageParts = {
      view: {
        listen: (events) => this.owner = events,
        ask: () => this.asksName = true,
        show: (shown) => this.shown = shown,
        terms: (text) => this.terms = text,
        askFor: (question) => this.question = question,
        log: (level, text) => this.lines.push(`${level}: ${text}`),
      },
      host: new DenoHost(),
      connect: () => {
        this.channels.push(new FakeChannel());
        return Promise.resolve(this.channels.at(-1)!);
      },
      consent: new Consent(fakeStorage(), []),
      jobOwner: new JobOwner(null, () => Promise.reject(new Error("nothing to check"))),
      wakeLock: { want: (wanted) => this.on = wanted, refresh: () => Promise.resolve() },
      window: this.window,
      document: this.document,
      cores: 4,
      agent: "Browser 1",
      choices: { ...parseHash(hash), cores: 2 },
      keep: (choices) => {
        if (this.refusesToKeep) throw new Error("SecurityError");
        this.hash = formatHash(choices);
      },
    };
    this.page = new Page(parts);
    this.page.begin();
  }

  async until(condition: () => boolean): Promise<void> {
    await until(condition, () => JSON.stringify([this.shown, this.lines]));
  }

  state(): string {
    return this.shown?.state ?? "";
  }

  /** Works for a client until the function is loaded, or asks for consent. */
  async greet(info: Parameters<FakeChannel["hello"]>[1] = {}): Promise<FakeChannel> {
    await this.until(() => this.channels.length > 0);
    const channel = this.channels.at(-1)!;
    await channel.hello(SLEEP, info);
    await this.until(() => ["working", "consent"].includes(this.state()));
    return channel;
  }
}

/** The page has a timer that is never stopped: a browser ends it with the page. */
const lasting = { sanitizeOps: false, sanitizeResources: false };

async function withScreen(hash: string, body: (screen: Screen) => Promise<void>): Promise<void> {
  await useWorkerSource();
  const screen = new Screen(hash);
  try {
    await body(screen);
  } finally {
    if (screen.state() !== "left" && screen.shown !== null) screen.owner.leave();
  }
}

Deno.test(
  "a device without a name is asked for it first; then its choices are kept and it works",
  lasting,
  () =>
    withScreen("", async (screen) => {
      assert.deepEqual([screen.asksName, screen.channels.length], [true, 0]);
      screen.owner.start("  My phone ");
      assert.equal(screen.hash, "#device=My_phone;cores=2;");
      const channel = await screen.greet();
      const [ready] = channel.said;
      assert.ok(ready.type === "ready" && ready.info.device === "My phone" && ready.info.slots === 2);
      assert.deepEqual([screen.shown?.device, screen.shown?.slots], ["My phone", 2]);
    }),
);

Deno.test(
  "choices count also where the browser does not let them be kept",
  lasting,
  () =>
    withScreen("", async (screen) => {
      screen.refusesToKeep = true;
      screen.owner.start("d");
      const channel = await screen.greet();
      screen.owner.slots(1);
      const ready = channel.said.at(-1)!;
      assert.ok(ready.type === "ready" && ready.info.slots === 1, JSON.stringify(channel.said));
      assert.equal(screen.shown?.slots, 1);
    }),
);

Deno.test(
  "a device with a name works at once; results are counted, and the screen stays on",
  lasting,
  () =>
    withScreen("#device=d;", async (screen) => {
      const channel = await screen.greet();
      assert.equal(screen.on, false);
      channel.say({ type: "lend", lease: 1, items: ["3", "4"] });
      await screen.until(() => screen.shown?.items === 2);
      assert.equal(screen.asksName, false);
      await screen.until(() => screen.on);
      assert.ok(screen.lines.some((line) => line === "info: Job test: t.js."), `${screen.lines}`);
      channel.say({ type: "goodbye", reason: "done", text: "" });
      await screen.until(() => screen.state() === "done");
      assert.equal(screen.on, false);
    }),
);

Deno.test(
  "a pause lends nothing, and its end what is chosen by then",
  lasting,
  () =>
    withScreen("#device=d;", async (screen) => {
      const channel = await screen.greet();
      screen.owner.pause();
      assert.equal(screen.state(), "paused");
      screen.owner.slots(3);
      screen.owner.pause();
      assert.deepEqual(channel.said.map((m) => m.type === "ready" && m.info.slots), [2, 0, 3]);
      assert.equal(screen.hash, "#device=d;cores=3;");
      assert.deepEqual(screen.lines.filter((line) => /Paused|Resumed/.test(line)), [
        "info: Paused",
        "info: Resumed",
      ]);
    }),
);

Deno.test(
  "what a function may reach is asked, and nothing is lent before the owner agrees",
  lasting,
  () =>
    withScreen("#device=d;", async (screen) => {
      const channel = await screen.greet({ allow_net: ["a.example"] as never });
      assert.equal(screen.state(), "consent");
      assert.ok(screen.question?.includes("a.example"), `${screen.question}`);
      assert.deepEqual([screen.terms, channel.said.length], ["It may reach: a.example.", 1]);
      screen.owner.agree();
      assert.equal(screen.question, null);
      await screen.until(() => screen.state() === "working");
      assert.deepEqual(channel.said.map((m) => m.type === "ready" && m.info.slots), [0, 2]);
    }),
);

Deno.test(
  "a question goes with the job that it is about, and an agreement that is late changes nothing",
  lasting,
  () =>
    withScreen("#device=d;", async (screen) => {
      const channel = await screen.greet({ allow_net: ["a.example"] as never });
      channel.break();
      await screen.until(() => screen.state() === "lost");
      assert.deepEqual([screen.question, screen.terms], [null, ""]);
      screen.owner.agree();
      assert.equal(screen.state(), "lost");
    }),
);

Deno.test(
  "its owner leaves and joins again; the browser puts it away and brings it back",
  lasting,
  () =>
    withScreen("#device=d;", async (screen) => {
      await screen.greet();
      screen.owner.leave();
      await screen.until(() => screen.state() === "left");
      screen.owner.leave();
      await screen.until(() => screen.channels.length === 2);
      await screen.greet();
      screen.window.dispatchEvent(new Event("pagehide"));
      assert.equal(screen.state(), "left");
      screen.window.dispatchEvent(new Event("pageshow"));
      await screen.until(() => screen.channels.length === 3);
    }),
);

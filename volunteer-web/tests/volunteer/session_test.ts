import assert from "node:assert/strict";
import type { FromClient, FromVolunteer } from "../../src/wire/messages.ts";
import { type Instruction, Session } from "../../src/volunteer/session.ts";
import {
  ClientEnd,
  encodeFromClient,
  encodeResultsMessage,
  type Lend,
  type Results,
} from "../support/client.ts";
import { HELLO } from "../support/helpers.ts";

const INFO = { ...HELLO, heartbeat_ms: 1000 };
const GREETING: FromClient = { type: "hello", info: INFO };
const DIGEST = INFO.function.digest;

/** A session with this test as its client. */
class Talk {
  readonly session = new Session({ device: "d", agent: "a" }, 2, 0);
  #end = new ClientEnd();

  hear(message: FromClient | Lend, now = 0): Instruction[] {
    return this.#end.frames(message).flatMap((frame) => this.session.receive(frame, now));
  }

  /** What the session has to say by now. */
  said(): (FromVolunteer | Results)[] {
    const messages = [];
    for (let frame = this.session.pull(); frame !== null; frame = this.session.pull()) {
      messages.push(...this.#end.receive(frame));
    }
    return messages;
  }

  /** Up to the first `ready`. */
  begin(): this {
    this.hear(GREETING);
    this.session.loaded();
    this.said();
    return this;
  }

  lend(lease: number, ...items: string[]): Instruction[] {
    return this.hear({ type: "lend", lease, items });
  }

  answer(lease: number, offset: number, ...values: string[]): number {
    return this.session.results(encodeResultsMessage({ lease, offset, busy_us: 1, kinds: null, values }));
  }
}

function kinds(instructions: Instruction[]): string[] {
  return instructions.map((instruction) => instruction.do);
}

Deno.test("hello is considered; the function is asked for and stored; ready follows when it is loaded", () => {
  const talk = new Talk();
  const [consider] = talk.hear(GREETING);
  assert.ok(consider.do === "consider" && consider.info.job === "test", "not considered");
  assert.deepEqual(talk.said(), []);
  talk.session.accept({ digest: DIGEST, bytes: 5 }, 1);
  assert.deepEqual(talk.said(), [{ type: "accept", blobs: [{ digest: DIGEST, from: 1 }] }]);
  for (const offset of [1, 3]) {
    const data = new Uint8Array([offset, 0]);
    const [store] = talk.hear({ type: "blob", digest: DIGEST, offset, data });
    assert.ok(store.do === "store" && store.digest === DIGEST && store.data[0] === offset, "not stored");
    assert.deepEqual(talk.said(), [{ type: "received", size: 42 }]);
  }
  talk.session.loaded();
  assert.deepEqual(talk.said(), [{
    type: "ready",
    info: { protocol: 2, slots: 2, device: "d", agent: "a", life: "", tab: "" },
  }]);
});

Deno.test("the client hears what has arrived: small leases now and then, long ones part by part", () => {
  const talk = new Talk().begin();
  for (let lease = 1; lease <= 10; lease++) talk.lend(lease, "x".repeat(1984));
  assert.deepEqual(talk.said(), [{ type: "received", size: 9 * 2000 }]);
  talk.lend(11, "x".repeat(100_000));
  assert.deepEqual(talk.said(), [{ type: "received", size: 2000 + 61_440 }, {
    type: "received",
    size: 100_016 - (61_440 - 8) + 4,
  }]);
});

Deno.test("a lease goes to the pool as it came, and its answers to the client", () => {
  const talk = new Talk().begin();
  const [lend] = talk.lend(1, "a", "b");
  assert.ok(lend.do === "lend" && lend.lease === 1 && lend.count === 2, "not lent");
  assert.equal(talk.session.itemsHeld, 2);
  assert.equal(talk.answer(1, 0, "A"), 1);
  assert.equal(talk.answer(1, 1, "B"), 1);
  assert.deepEqual([talk.session.itemsHeld, talk.session.itemsDone], [0, 2]);
  assert.deepEqual(talk.said().map((m) => m.type === "results" && m.values), [["A"], ["B"]]);
});

Deno.test("reports are summed, and sent twice a second at most, before the results and before the goodbye", () => {
  const talk = new Talk();
  const report = (items: number) => ({ cpu_ms: 1, data_transfer_ms: 0, items, units: "u" });
  const said = () => talk.said().flatMap((m) => m.type === "report" ? [m.report.items] : []);
  talk.hear(GREETING);
  talk.session.reported(report(1), 0);
  assert.deepEqual(said(), [], "before ready");
  talk.session.loaded();
  talk.session.tick(100);
  assert.deepEqual(said(), [1]);
  talk.lend(1, "a");
  for (let now = 200; now < 600; now += 100) talk.session.reported(report(2), now);
  assert.deepEqual(said(), []);
  talk.session.reported(report(2), 600);
  talk.answer(1, 0, "A");
  assert.deepEqual(talk.said().map(({ type }) => type), ["report", "results"]);
  talk.session.reported(report(5), 700);
  talk.session.tick(1000);
  assert.deepEqual(said(), []);
  talk.session.tick(1100);
  assert.deepEqual(said(), [5]);
  talk.session.reported(report(7), 1200);
  talk.session.leave("left", "");
  assert.deepEqual(talk.said().map(({ type }) => type), ["report", "goodbye"]);
  talk.session.reported(report(8), 9000);
  assert.deepEqual(talk.said(), []);
});

Deno.test("that a result has no text is said at once, and once whichever worker says it", () => {
  const talk = new Talk().begin();
  const report = (no_text?: string) => ({ cpu_ms: 0, data_transfer_ms: 0, items: 1, units: "", no_text });
  const said = () =>
    talk.said().flatMap((m) => m.type === "report" ? [[m.report.items, m.report.no_text]] : []);
  talk.session.reported(report(), 0);
  talk.session.reported(report(), 10);
  talk.session.reported(report("[object Map]"), 20);
  assert.deepEqual(said(), [[1, undefined], [2, "[object Map]"]]);
  talk.session.reported(report("[object Object]"), 30);
  assert.deepEqual(said(), []);
  talk.session.tick(600);
  assert.deepEqual(said(), [[1, undefined]]);
});

Deno.test("answers to withdrawn, returned and unknown leases stay here", () => {
  const talk = new Talk().begin();
  talk.lend(1, "a");
  talk.lend(2, "b");
  assert.deepEqual(talk.hear({ type: "withdraw", leases: [1, 9] }), [{ do: "withdraw", leases: [1] }]);
  talk.session.returned([2, 7]);
  assert.deepEqual([talk.answer(1, 0, "A"), talk.answer(2, 0, "B"), talk.answer(3, 0, "C")], [0, 0, 0]);
  assert.deepEqual(talk.said(), [{ type: "return", leases: [2] }]);
});

Deno.test("answers that do not continue where the last ones ended never leave", () => {
  const talk = new Talk().begin();
  talk.lend(1, "a", "b");
  assert.throws(() => talk.answer(1, 1, "B"), RangeError);
  assert.throws(() => talk.answer(1, 0, "A", "B", "C"), RangeError);
});

Deno.test("a pong overtakes results that wait", () => {
  const talk = new Talk().begin();
  talk.lend(1, "a", "b");
  talk.answer(1, 0, "x".repeat(200_000));
  talk.session.pull();
  talk.hear({ type: "ping", token: new Uint8Array(8).fill(3) });
  assert.deepEqual(talk.session.pull()![0], 0x23);
});

Deno.test("a change of slots is said at once, and only when there is one", () => {
  const talk = new Talk();
  talk.session.setSlots(3);
  assert.deepEqual(talk.said(), []);
  talk.begin();
  talk.session.setSlots(3);
  talk.session.setSlots(0);
  assert.deepEqual(talk.said().map((m) => m.type === "ready" && m.info.slots), [0]);
});

Deno.test("a function that cannot be loaded is reported, and the client decides", () => {
  const talk = new Talk();
  talk.hear(GREETING);
  talk.session.broken("no", "stack");
  const [ready, ...said] = talk.said();
  assert.ok(ready.type === "ready" && ready.info.slots === 0 && ready.info.device === "d", "who it is");
  assert.deepEqual(said, [{ type: "broken", message: "no", stack: "stack" }]);
  const ended = talk.hear({ type: "goodbye", reason: "stopped", text: "bye" });
  assert.deepEqual(ended, [{ do: "finish", ending: { by: "client", reason: "stopped", text: "bye" } }]);
});

Deno.test("leaving sends what is finished and says goodbye, once", () => {
  const talk = new Talk().begin();
  talk.lend(1, "a", "b");
  talk.answer(1, 0, "A");
  assert.deepEqual(kinds(talk.session.leave("left", "")), ["finish"]);
  assert.deepEqual(talk.said().map(({ type }) => type), ["results", "goodbye"]);
  assert.deepEqual(talk.session.leave("left", ""), []);
  assert.deepEqual(talk.session.cut("x"), []);
  assert.deepEqual(talk.lend(2, "b"), []);
});

Deno.test("leaving forgets results of more bytes than there is time for, and the rest of one that is begun", () => {
  for (const [reason, size] of [["left", 400_000], ["closed", 20_000], ["protocol", 1]] as const) {
    const talk = new Talk().begin();
    talk.lend(1, "a", "b");
    talk.answer(1, 0, "x".repeat(size));
    if (size > 100_000) talk.session.pull();
    talk.session.leave(reason, "");
    assert.deepEqual(talk.session.pull()?.[0], 0x24, reason);
    assert.equal(talk.session.pull(), null);
  }
});

const breaches: Record<string, (talk: Talk) => Instruction[]> = {
  "a lease before hello": (talk) => talk.lend(1, "a"),
  "a second hello": (talk) => talk.begin().hear(GREETING),
  "a lease number that came before": (talk) => {
    talk.begin().lend(5, "a");
    return talk.lend(5, "b");
  },
  "lengths that do not add up": (talk) => {
    const bytes = encodeFromClient({ type: "lend", lease: 1, items: ["abc"] });
    return talk.begin().session.receive(bytes.slice(0, -1), 0);
  },
  "another version": (talk) => talk.hear({ ...GREETING, info: { ...INFO, protocol: 3 } }),
  "a blob that nobody asked for": (talk) => {
    talk.hear(GREETING);
    return talk.hear({ type: "blob", digest: DIGEST, offset: 0, data: new Uint8Array(1) });
  },
  "another blob than was asked for": (talk) => {
    talk.hear(GREETING);
    talk.session.accept({ digest: DIGEST, bytes: 5 }, 0);
    return talk.hear({ type: "blob", digest: "1".repeat(64), offset: 0, data: new Uint8Array(1) });
  },
  "a blob with a gap": (talk) => {
    talk.hear(GREETING);
    talk.session.accept({ digest: DIGEST, bytes: 5 }, 0);
    return talk.hear({ type: "blob", digest: DIGEST, offset: 1, data: new Uint8Array(1) });
  },
  "more of a blob than there is": (talk) => {
    talk.hear(GREETING);
    talk.session.accept({ digest: DIGEST, bytes: 5 }, 0);
    return talk.hear({ type: "blob", digest: DIGEST, offset: 0, data: new Uint8Array(6) });
  },
  "an unknown type": (talk) => talk.session.receive(Uint8Array.of(0x77, 0, 0, 0), 0),
  "a frame that is empty": (talk) => talk.session.receive(new Uint8Array(0), 0),
};
for (const [name, act] of Object.entries(breaches)) {
  Deno.test(`${name} breaks the protocol: a goodbye, and the end of this session`, () => {
    const talk = new Talk();
    const [finish] = act(talk);
    assert.ok(finish.do === "finish" && finish.ending.reason === "protocol", JSON.stringify(finish));
    const last = talk.said().at(-1)!;
    assert.ok(last.type === "goodbye" && last.reason === "protocol", "no goodbye");
  });
}

Deno.test("a client that is silent for twelve heartbeats is lost, and any frame is a sign of life", () => {
  const talk = new Talk().begin();
  for (let now = 1000; now <= 12_000; now += 1000) assert.deepEqual(talk.session.tick(now), []);
  talk.hear({ type: "ping", token: new Uint8Array(8) }, 12_000);
  for (let now = 13_000; now <= 24_000; now += 1000) assert.deepEqual(talk.session.tick(now), []);
  const [finish] = talk.session.tick(25_000);
  assert.ok(
    finish.do === "finish" && finish.ending.by === "lost" && finish.ending.reason === "silent",
    "not lost",
  );
});

Deno.test("a client is called silent after two heartbeats, until it is heard, and not because this end slept", () => {
  const talk = new Talk();
  talk.session.tick(5000);
  assert.equal(talk.session.isQuiet(5000), false, "it has not said how often it speaks");
  talk.begin();
  const quiet = (now: number) => {
    talk.session.tick(now);
    return talk.session.isQuiet(now);
  };
  talk.hear({ type: "ping", token: new Uint8Array(8) }, 5000);
  assert.deepEqual([6000, 7000, 8000].map(quiet), [false, false, true]);
  talk.hear({ type: "ping", token: new Uint8Array(8) }, 8000);
  assert.deepEqual([quiet(9000), talk.session.isQuiet(60_000), quiet(60_000)], [false, false, false]);
  talk.session.leave("left", "");
  assert.equal(talk.session.isQuiet(63_000), false);
});

Deno.test("a page that slept itself does not take its own silence for the client's", () => {
  const talk = new Talk().begin();
  assert.deepEqual(talk.session.tick(1000), []);
  assert.deepEqual(talk.session.tick(60_000), []);
  assert.deepEqual(talk.session.tick(61_000), []);
});

Deno.test("one whose owner has to decide first says that it lends nothing yet", () => {
  const talk = new Talk();
  talk.hear(GREETING);
  talk.session.hesitate();
  const [first] = talk.said();
  assert.ok(first.type === "ready" && first.info.slots === 0, "no slots");
  talk.session.loaded();
  const [second] = talk.said();
  assert.ok(second.type === "ready" && second.info.slots === 2, "slots");
  talk.session.hesitate();
  assert.deepEqual(talk.said(), []);
});

Deno.test("half a character in what is said is a replacement character", () => {
  const talk = new Talk();
  talk.hear(GREETING);
  talk.session.broken("\ud83d", "\udc00😀");
  talk.session.leave("failed", "x".repeat(199) + "😀");
  const [, broken, goodbye] = talk.said();
  assert.deepEqual(broken, { type: "broken", message: "\ufffd", stack: "\ufffd😀" });
  assert.ok(goodbye.type === "goodbye" && goodbye.text === "x".repeat(199) + "\ufffd", "the goodbye");
});

Deno.test("a job that is declined ends with a goodbye that says why", () => {
  const talk = new Talk();
  talk.hear(GREETING);
  talk.session.hesitate();
  assert.deepEqual(talk.session.leave("declined", "no page")[0].do, "finish");
  assert.deepEqual(talk.said().map(({ type }) => type), ["ready", "goodbye"]);
});

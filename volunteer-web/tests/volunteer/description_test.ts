import { backoffMs, refusedMs } from "../../src/volunteer/backoff.ts";
import { Meter, rateText, spanText } from "../../src/page/meter.ts";
import { fitSdp } from "../../src/connect/sdp.ts";
import { type Circumstances, describe } from "../../src/volunteer/description.ts";
import { VERSION } from "../../src/wire/version.ts";
import { assert, assertSame } from "../support/helpers.ts";

const USUAL: Circumstances = {
  doing: { phase: "connecting", job: null },
  thanks: "none",
  paused: false,
  slots: 4,
  busy: 4,
  unansweredMs: [],
  cores: 8,
  now: 1000,
};
const WORKING = { phase: "working", job: "brave-otter", title: "square.js", over: "webrtc" } as const;

const cases: [what: string, circumstances: Partial<Circumstances>, state: string, text: string][] = [
  ["connecting", {}, "connecting", "Connecting…"],
  [
    "no job",
    { doing: { phase: "waiting" } },
    "waiting",
    "There is no job now. Work begins by itself when there is one.",
  ],
  ["working", { doing: WORKING }, "working", "Working for job brave-otter (square.js) with 4 of 8 cores."],
  [
    "a slow item",
    { doing: WORKING, unansweredMs: [3000, 59_999, 125_000] },
    "working",
    "Working for job brave-otter (square.js) with 4 of 8 cores. One item has been running for 2 minutes.",
  ],
  [
    "slow items",
    { doing: WORKING, unansweredMs: [60_000, 7_300_000] },
    "working",
    "Working for job brave-otter (square.js) with 4 of 8 cores. " +
    "2 items have been running for a minute or more, one of them for 2 hours.",
  ],
  [
    "refused",
    { doing: { phase: "refused", why: "it has 1000", retryAt: 13_000 } },
    "waiting",
    "This job has enough volunteers at the moment (it has 1000). Asking again in 12 s.",
  ],
  [
    "idle",
    { doing: WORKING, busy: 0 },
    "working",
    "Ready for job brave-otter (square.js): nothing to do at the moment.",
  ],
  ["paused", { doing: WORKING, paused: true, busy: 0 }, "paused", "Paused by you. Still connected."],
  [
    "pausing",
    { doing: WORKING, paused: true, busy: 1 },
    "paused",
    "Paused by you. What is begun is being finished on 1 core.",
  ],
  [
    "lost",
    { doing: { phase: "lost", why: "the connection broke", retryAt: 3500 } },
    "lost",
    "The connection broke: trying again in 3 s.",
  ],
  [
    "unable",
    { doing: { phase: "unable", why: "this browser cannot do WebRTC: it is off", retryAt: Infinity } },
    "unable",
    "This browser cannot do WebRTC: it is off.",
  ],
  [
    "done",
    { doing: { phase: "lost", why: "the job has ended", retryAt: 1100 }, thanks: "done" },
    "done",
    "Job done: thank you! Waiting for the next one.",
  ],
  [
    "left",
    { doing: { phase: "left" }, thanks: "done" },
    "left",
    "You have left. What this device had not finished was handed back.",
  ],
];
for (const [what, circumstances, state, text] of cases) {
  Deno.test(`the status says: ${what}`, () =>
    assertSame(describe({ ...USUAL, ...circumstances }), { state, text }));
}

Deno.test("tries come quickly at first, then at most every 30 s, and spread", () => {
  assertSame([1, 2, 3, 20].map((failures) => backoffMs(failures, 1)), [500, 1000, 2000, 30_000]);
  assertSame([1, 20].map((failures) => backoffMs(failures, 0)), [375, 22_500]);
});

Deno.test("a job that has enough volunteers is asked again after 10 s at least, then less and less often", () => {
  assertSame([1, 2, 3, 20].map((refusals) => refusedMs(refusals, 1)), [12_000, 24_000, 48_000, 120_000]);
  assert(refusedMs(1, 0) >= 10_000, `${refusedMs(1, 0)}`);
});

Deno.test("the meter counts items, the time of work, and their rate of late", () => {
  const meter = new Meter();
  meter.tick(0, true);
  for (let now = 100; now <= 10_000; now += 100) meter.add(10, now);
  meter.tick(10_000, true);
  assertSame([meter.items, meter.workedMs, meter.average], [1000, 10_000, 100]);
  assert(Math.abs(meter.rate(10_000) - 100) < 10, `${meter.rate(10_000)}`);
  assertSame(meter.rate(20_000), 0);
  assertSame([0, 1.234, 12.34, 1234.5].map(rateText), ["0.00", "1.23", "12.3", "1235"]);
  assertSame([5_400, 65_000, 7_500_000].map(spanText), ["5 s", "1 min 5 s", "2 h 5 min"]);
});

Deno.test("an offer keeps at most 20 candidates, and UDP ones before TCP ones", () => {
  const candidates = (kind: string, count: number) =>
    Array(count).fill(`a=candidate:1 1 ${kind} 1 10.0.0.1 9 typ host`);
  const few = ["v=0", ...candidates("tcp", 3), ""].join("\r\n");
  assertSame(fitSdp(few), few);
  const many = ["v=0", ...candidates("tcp", 15), ...candidates("udp", 25), "a=end", ""].join("\r\n");
  assertSame(fitSdp(many).split("\r\n"), ["v=0", ...candidates("udp", 20), "a=end", ""]);
});

Deno.test("both halves have the same version", async () => {
  const python = await Deno.readTextFile(
    new URL("../../../shared/pando_shared/__init__.py", import.meta.url),
  );
  assertSame(python.match(/__version__ = "(.*)"/)?.[1], VERSION);
});

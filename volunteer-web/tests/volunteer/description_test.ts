import assert from "node:assert/strict";
import { describe, type StatusInput } from "../../src/volunteer/description.ts";

const USUAL: StatusInput = {
  status: { phase: "connecting", job: null },
  lastEnding: "none",
  paused: false,
  slots: 4,
  busy: 4,
  unansweredMs: [],
  cores: 8,
  now: 1000,
};
const WORKING = { phase: "working", job: "brave-otter", title: "square.js", over: "webrtc" } as const;

const cases: [what: string, input: Partial<StatusInput>, state: string, text: string][] = [
  ["connecting", {}, "connecting", "Connecting…"],
  [
    "no job",
    { status: { phase: "waiting" } },
    "waiting",
    "There is no job now. Work begins by itself when there is one.",
  ],
  ["working", { status: WORKING }, "working", "Working for job brave-otter (square.js) with 4 of 8 cores."],
  [
    "a slow item",
    { status: WORKING, unansweredMs: [3000, 59_999, 125_000] },
    "working",
    "Working for job brave-otter (square.js) with 4 of 8 cores. One item has been running for 2 minutes.",
  ],
  [
    "slow items",
    { status: WORKING, unansweredMs: [60_000, 7_300_000] },
    "working",
    "Working for job brave-otter (square.js) with 4 of 8 cores. " +
    "2 items have been running for a minute or more, one of them for 2 hours.",
  ],
  [
    "refused",
    { status: { phase: "refused", why: "it has 1000", retryAt: 13_000 } },
    "waiting",
    "This job has enough volunteers at the moment (it has 1000). Asking again in 12 s.",
  ],
  [
    "idle",
    { status: WORKING, busy: 0 },
    "working",
    "Ready for job brave-otter (square.js): nothing to do at the moment.",
  ],
  ["paused", { status: WORKING, paused: true, busy: 0 }, "paused", "Paused by you. Still connected."],
  [
    "pausing",
    { status: WORKING, paused: true, busy: 1 },
    "paused",
    "Paused by you. What is begun is being finished on 1 core.",
  ],
  [
    "lost",
    { status: { phase: "lost", why: "the connection broke", retryAt: 3500 } },
    "lost",
    "The connection broke: trying again in 3 s.",
  ],
  [
    "unable",
    { status: { phase: "unable", why: "this browser cannot do WebRTC: it is off", retryAt: Infinity } },
    "unable",
    "This browser cannot do WebRTC: it is off.",
  ],
  [
    "done",
    { status: { phase: "lost", why: "the job has ended", retryAt: 1100 }, lastEnding: "done" },
    "done",
    "Job done: thank you! Waiting for the next one.",
  ],
  [
    "left",
    { status: { phase: "left" }, lastEnding: "done" },
    "left",
    "You have left. What this device had not finished was handed back.",
  ],
];
for (const [what, input, state, text] of cases) {
  Deno.test(`the status says: ${what}`, () =>
    assert.deepEqual(describe({ ...USUAL, ...input }), { state, text }));
}

import assert from "node:assert/strict";
import type { Failure } from "../../src/volunteer/attempts.ts";
import { describe, type StatusInput } from "../../src/volunteer/description.ts";

const USUAL: StatusInput = {
  status: { phase: "connecting", job: null },
  lastEnding: "none",
  tries: null,
  isQuiet: false,
  search: "none",
  reader: "page",
  paused: false,
  slots: 4,
  busy: 4,
  unansweredMs: [],
  cores: 8,
  now: 1000,
};
const NO_PATH = { part: "path", why: "no direct connection to the client came about", detail: "" } as const;
const tries = (count: number, last: Failure = NO_PATH) => ({ count, since: 0, last });
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
  [
    "why it is tried again, for as long as it is",
    { tries: tries(1) },
    "connecting",
    "No direct connection to the client came about: this network may block UDP. Trying again…",
  ],
  [
    "why it is tried again, while it waits",
    { status: { phase: "lost", why: NO_PATH.why, retryAt: 3500 }, tries: tries(6), now: 1000 },
    "lost",
    "No direct connection to the client came about: this network may block UDP (tried 6 times). Trying again in 3 s.",
  ],
  [
    "how long it is tried",
    { status: { phase: "connecting", job: "brave-otter" }, tries: tries(6), now: 130_000 },
    "connecting",
    "No direct connection to the client came about: this network may block UDP (tried 6 times in 2 minutes). " +
    "Trying again…",
  ],
  [
    "a refusal of a TURN server",
    { tries: tries(1, { ...NO_PATH, detail: "the TURN server a.example refuses it" }) },
    "connecting",
    "No direct connection to the client came about: the TURN server a.example refuses it. Trying again…",
  ],
  [
    "the same without a page",
    { tries: tries(1), reader: "process" },
    "connecting",
    "No direct connection to the client came about: a firewall here may block UDP; the client can name a TURN server " +
    "(--ice-servers). Trying again…",
  ],
  [
    "a server that is away",
    { tries: tries(1, { part: "server", why: "the server cannot be reached", detail: "" }) },
    "connecting",
    "The server cannot be reached: trying again…",
  ],
  [
    "a client that is silent while there is work",
    { status: WORKING, isQuiet: true },
    "working",
    "Working for job brave-otter (square.js) with 4 of 8 cores. Nothing is heard from the client at the moment.",
  ],
  [
    "a client that is silent",
    { status: WORKING, busy: 0, isQuiet: true, search: "asking" },
    "connecting",
    "Nothing is heard any more from the client of job brave-otter (square.js). Asking the server where to go…",
  ],
  [
    "a client that is silent, and no other",
    { status: WORKING, busy: 0, isQuiet: true, search: "no job" },
    "connecting",
    "Nothing is heard any more from the client of job brave-otter (square.js), and the server has no other job. " +
    "Waiting for either…",
  ],
  [
    "a client that is silent, and a server that is away",
    { status: WORKING, busy: 0, isQuiet: true, search: "failed" },
    "connecting",
    "Nothing is heard any more from the client of job brave-otter (square.js), and no other can be reached. " +
    "Trying again…",
  ],
];
for (const [what, input, state, text] of cases) {
  Deno.test(`the status says: ${what}`, () =>
    assert.deepEqual(describe({ ...USUAL, ...input }), { state, text }));
}

import assert from "node:assert/strict";
import type { Failure } from "../../src/volunteer/attempts.ts";
import { countOf, type Reader, reasonOf } from "../../src/volunteer/reason.ts";

const cases: [failure: Failure, reader: Reader, text: string][] = [
  [{ part: "path", why: "no way", detail: "" }, "page", "no way: this network may block UDP"],
  [
    { part: "path", why: "no way", detail: "" },
    "process",
    "no way: a firewall here may block UDP; the client can name a TURN server (--ice-servers)",
  ],
  [{ part: "path", why: "no way", detail: "a.example is down" }, "page", "no way: a.example is down"],
  [
    { part: "server", why: "the server cannot be reached", detail: "" },
    "page",
    "the server cannot be reached",
  ],
];
for (const [failure, reader, text] of cases) {
  Deno.test(`a ${reader} reads: ${text}`, () => assert.equal(reasonOf(failure, reader), text));
}

Deno.test("many attempts are counted, and their time told in whole minutes", () => {
  const last: Failure = { part: "path", why: "no way", detail: "" };
  const text = (count: number, now: number) => countOf({ count, since: 0, last }, now);
  assert.deepEqual([text(2, 300_000), text(3, 59_000), text(3, 60_000), text(40, 600_000)], [
    "",
    " (tried 3 times)",
    " (tried 3 times in 1 minute)",
    " (tried 40 times in 10 minutes)",
  ]);
});

import assert from "node:assert/strict";
import { type IceError, IceErrors } from "../../src/connect/ice_errors.ts";

const HOST = "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host";
const RELAY = "candidate:2 1 udp 41885439 198.51.100.7 3478 typ relay raddr 0.0.0.0 rport 0";

const cases: [what: string, errors: IceError[], found: string[], text: string][] = [
  ["nothing", [], [HOST], ""],
  [
    "a wrong password",
    [{ errorCode: 401, url: "turn:turn.example:3478?transport=udp" }],
    [HOST],
    "the TURN server turn.example:3478 refuses the user name or password that the job gives",
  ],
  [
    "a server that does not answer",
    [701, 701].map((errorCode) => ({ errorCode, url: "stun:stun.example:3478" })),
    [HOST],
    "stun.example:3478 cannot be reached, so this network may block UDP",
  ],
  [
    "a network of the device that leads nowhere, and another one",
    [{ errorCode: 701, url: "stun:stun.example:3478" }],
    [RELAY],
    "",
  ],
  [
    "one that refuses and one that does not answer",
    [{ errorCode: 701, url: "stun:a.example" }, { errorCode: 401, url: "turns:b.example" }],
    [],
    "the TURN server b.example refuses the user name or password that the job gives, and " +
    "a.example cannot be reached, so this network may block UDP",
  ],
  [
    "one that is not reached over one network and refuses over another",
    [{ errorCode: 701, url: "turn:b.example" }, { errorCode: 441, url: "turn:b.example" }],
    [],
    "the TURN server b.example refuses the user name or password that the job gives",
  ],
  ["errors of other kinds", [{ errorCode: 500, url: "turn:b.example" }, { errorCode: 701 }], [], ""],
  [
    "names that are no names",
    [{ errorCode: 701, url: `stun:\u202e${"a".repeat(100)}` }],
    [],
    `${"a".repeat(80)} cannot be reached, so this network may block UDP`,
  ],
];
for (const [what, events, found, text] of cases) {
  Deno.test(`errors of STUN and TURN servers in words: ${what}`, () => {
    const errors = new IceErrors();
    for (const event of events) errors.failed(event);
    for (const line of found) errors.found(line);
    assert.equal(errors.text, text);
  });
}

import { AwakeClock } from "../../src/pool/awake_clock.ts";
import { Gathering } from "../../src/pool/result_joiner.ts";
import { decodeFromVolunteer, encodeMessage, type Results } from "../../src/wire/messages.ts";
import { assert, assertSame } from "../support/helpers.ts";

function results(lease: number, offset: number, values: string[], kinds: number[] | null = null) {
  return encodeMessage("volunteer", { type: "results", lease, offset, busy_us: 10, kinds, values });
}

function collect() {
  const passed: Results[] = [];
  const gathering = new Gathering((message) => passed.push(decodeFromVolunteer(message) as Results));
  /** A message that comes alone. */
  const add = (message: Uint8Array<ArrayBuffer>, last = false) => {
    gathering.add(message, last);
    gathering.rest();
  };
  return { gathering, add, passed };
}

Deno.test("the first message passes at once; those that follow soon are joined until the lease ends", () => {
  const { add, passed } = collect();
  add(results(1, 0, ["a"]));
  assertSame(passed.length, 1);
  add(results(1, 1, ["b", "é"]));
  add(results(1, 3, ["{}", "", "d"], [1, 2, 0]));
  add(results(1, 6, ["e"]), true);
  assertSame(passed.length, 2);
  assertSame(passed[1], {
    type: "results",
    lease: 1,
    offset: 1,
    busy_us: 30,
    kinds: [0, 0, 1, 2, 0, 0],
    values: ["b", "é", "{}", "", "d", "e"],
  });
});

Deno.test("what waits passes after a while by itself, and never twice", async () => {
  const { gathering, add, passed } = collect();
  add(results(1, 0, ["a"]));
  add(results(1, 1, ["b"]));
  assertSame(passed.length, 1);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assertSame(passed.map(({ values }) => values), [["a"], ["b"]]);
  gathering.pass();
  assertSame(passed.length, 2);
});

Deno.test("leases are not mixed, and no message is made longer than a frame", () => {
  const { add, passed } = collect();
  add(results(1, 0, ["a"]));
  add(results(1, 1, ["b"]));
  add(results(2, 0, ["c"]));
  assertSame(passed.map(({ lease }) => lease), [1, 1]);
  add(results(2, 1, ["x".repeat(40_000)]));
  add(results(2, 2, ["x".repeat(40_000)]), true);
  assertSame(passed.map(({ lease, values }) => [lease, values.length]), [[1, 1], [1, 1], [2, 2], [2, 1]]);
});

Deno.test("what came together is one message, however soon after another", () => {
  const { gathering, add, passed } = collect();
  add(results(1, 0, ["a"]));
  gathering.add(results(1, 1, ["b"]), false);
  gathering.add(results(1, 2, ["c"]), false);
  gathering.pass();
  assertSame(passed.map(({ values }) => values), [["a"], ["b", "c"]]);
  gathering.rest();
  assertSame(passed.length, 2);
});

Deno.test("a clock counts what it sees, and at most a step of a time in which nobody looked", () => {
  const clock = new AwakeClock(100, 1000);
  assertSame([1050, 1100, 9000, 9090, 9090].map((now) => clock.read(now)), [50, 100, 200, 290, 290]);
  assert(clock.read(9000) === 290, "it went back");
});

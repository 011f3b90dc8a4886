import assert from "node:assert/strict";
import { ResultJoiner } from "../../src/pool/result_joiner.ts";
import { type Bytes, decodeResults, encodeResultsMessage, type Results } from "../support/client.ts";
import { inFakeTime } from "../support/fakes.ts";

function results(lease: number, offset: number, values: string[], kinds: number[] | null = null) {
  return encodeResultsMessage({ lease, offset, busy_us: 10, kinds, values });
}

function collect() {
  const passed: Results[] = [];
  const joiner = new ResultJoiner((message) => passed.push(decodeResults(message)));
  /** A message that comes alone and has not waited. */
  const add = (message: Bytes, endsLease = false) => {
    joiner.add(message, endsLease);
    joiner.defer();
  };
  return { joiner, add, passed };
}

Deno.test("the first message passes at once; those that follow soon are joined until the lease ends", () =>
  inFakeTime(() => {
    const { add, passed } = collect();
    add(results(1, 0, ["a"]));
    assert.equal(passed.length, 1);
    add(results(1, 1, ["b", "é"]));
    add(results(1, 3, ["{}", "", "d"], [3, 2, 0]));
    add(results(1, 6, ["e"]), true);
    assert.equal(passed.length, 2);
    assert.deepEqual(passed[1], {
      type: "results",
      lease: 1,
      offset: 1,
      busy_us: 30,
      kinds: [0, 0, 3, 2, 0, 0],
      values: ["b", "é", new TextEncoder().encode("{}"), "", "d", "e"],
    });
  }));

Deno.test("what waits passes after a while by itself, and never twice", () =>
  inFakeTime((time) => {
    const { joiner, add, passed } = collect();
    add(results(1, 0, ["a"]));
    add(results(1, 1, ["b"]));
    assert.equal(passed.length, 1);
    time.pass(60);
    assert.deepEqual(passed.map(({ values }) => values), [["a"], ["b"]]);
    joiner.flush();
    assert.equal(passed.length, 2);
  }));

Deno.test("leases are not mixed, and no message is made longer than a frame", () =>
  inFakeTime(() => {
    const { add, passed } = collect();
    add(results(1, 0, ["a"]));
    add(results(1, 1, ["b"]));
    add(results(2, 0, ["c"]));
    assert.deepEqual(passed.map(({ lease }) => lease), [1, 1]);
    add(results(2, 1, ["x".repeat(40_000)]));
    add(results(2, 2, ["x".repeat(40_000)]), true);
    assert.deepEqual(passed.map(({ lease, values }) => [lease, values.length]), [[1, 1], [1, 1], [2, 2], [
      2,
      1,
    ]]);
  }));

Deno.test("what has waited elsewhere is one message, however soon after another", () =>
  inFakeTime(() => {
    const { joiner, add, passed } = collect();
    add(results(1, 0, ["a"]));
    joiner.add(results(1, 1, ["b"]), false);
    joiner.add(results(1, 2, ["c"]), false);
    joiner.flush();
    assert.deepEqual(passed.map(({ values }) => values), [["a"], ["b", "c"]]);
    joiner.defer();
    assert.equal(passed.length, 2);
  }));

Deno.test("the end of a lease waits for nothing", () =>
  inFakeTime(() => {
    const { joiner, add, passed } = collect();
    add(results(1, 0, ["a"]));
    joiner.add(results(1, 1, ["b"]), true);
    assert.deepEqual(passed.map(({ values }) => values), [["a"], ["b"]]);
  }));

/** Functions that hang, hide, flood and die, in real workers of a real pool. */

import assert from "node:assert/strict";
import { DenoHost } from "../../src/pool/deno_host.ts";
import { type Limits, NO_LIMITS } from "../../src/wire/hello.ts";
import { decodeResults, encodeFromClient } from "../support/client.ts";
import { Pool } from "../../src/pool/pool.ts";
import { within } from "../support/helpers.ts";
import { useWorkerSource } from "../support/workers.ts";

type Answers = { kind: number; value: string }[];

/** Runs the function over the items, in one lease and one worker, and returns the answers and what was logged. */
async function run(
  body: string,
  items: readonly string[],
  limits: Limits,
  lent = () => {},
): Promise<{ answers: Answers; logged: string[]; tookMs: number }> {
  await useWorkerSource();
  const answers: Answers = [];
  const logged: string[] = [];
  let done = () => {};
  const all = new Promise<void>((resolve) => done = resolve);
  const pool = new Pool(new DenoHost(), {
    loaded: () => undefined,
    broken: (message) => logged.push(`broken: ${message}`),
    results: (message) => {
      const { offset, kinds, values } = decodeResults(message);
      assert.equal(offset, answers.length, "offset");
      values.forEach((value, i) => answers.push({ kind: kinds?.[i] ?? 0, value: value as string }));
      if (answers.length === items.length) done();
    },
    returned: () => logged.push("returned"),
    reported: () => undefined,
    wrote: ({ lines }) => logged.push(...lines),
    log: (_, text) => logged.push(text),
  });
  const start = performance.now();
  try {
    pool.setSlots(1);
    pool.load(`module.exports["/pando/1.0.0"] = (x, cb) => { ${body} }`, limits);
    pool.lend(1, items.length, encodeFromClient({ type: "lend", lease: 1, items }));
    lent();
    await within(20_000, all, `${answers.length} answers, ${logged}`);
  } finally {
    pool.reset();
  }
  return { answers, logged, tookMs: performance.now() - start };
}

const LIMITS = { timeout_ms: 200, max_result: 1_000_000 };
const items = Array.from({ length: 30 }, (_, i) => String(i));

/** Checks that item 17 alone took too long. */
function onlyOneFailed(answers: Answers): void {
  const text = "no result within 0.2 s (--timeout)";
  answers.forEach(({ kind, value }, i) => {
    if (i !== 17) return assert.deepEqual([kind, value], [0, String(i)]);
    assert.deepEqual([kind, JSON.parse(value)], [1, { message: text, stack: "" }]);
  });
}

const hangs = {
  "blocks its thread": "if (x === '17') while (1); cb(null, x)",
  "blocks its thread after slow items":
    "const end = Date.now() + 3; while (Date.now() < end); if (x === '17') for (;;); cb(null, x)",
  "never calls back": "if (x !== '17') cb(null, x)",
  "never calls back, all calling back later": "if (x !== '17') setTimeout(() => cb(null, x), 2)",
  "waits for ever in an async function":
    "(async () => { if (x === '17') await new Promise(() => {}); cb(null, x) })()",
  "calls back much too late": "setTimeout(() => cb(null, x), x === '17' ? 100_000 : 0)",
};
for (const [what, body] of Object.entries(hangs)) {
  Deno.test(`an item on which the function ${what} is an error, and no other`, async () => {
    const { answers, logged, tookMs } = await run(body, items, LIMITS);
    onlyOneFailed(answers);
    // Twice, where it takes a second time to know which item it is; and nothing else went wrong.
    const replaced = "no result within 0.2 s (--timeout): a worker was replaced";
    assert.ok(logged.length <= 2 && logged.every((text) => text === replaced), `${logged}`);
    assert.ok(tookMs >= 200, `${tookMs} ms`);
  });
}

Deno.test("every item that hangs is an error", async () => {
  const { answers } = await run("if (x % 3) cb(null, x)", items.slice(0, 9), { ...LIMITS, timeout_ms: 20 });
  assert.deepEqual(answers.map(({ kind }) => kind), [1, 0, 0, 1, 0, 0, 1, 0, 0]);
});

Deno.test("items that take nearly as long as they may are none", async () => {
  for (const wait of ["while (performance.now() < end);", "await new Promise((r) => setTimeout(r, 180));"]) {
    const body = `(async () => { const end = performance.now() + 180; ${wait} cb(null, x) })()`;
    const { answers, logged } = await run(body, items.slice(0, 10), LIMITS);
    assert.deepEqual([answers.filter(({ kind }) => kind !== 0).length, logged], [0, []]);
  }
});

Deno.test("the time in which this thread itself stood still does not count", async () => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const standStill = () => {
    timer = setTimeout(() => {
      const end = performance.now() + 2500;
      while (performance.now() < end);
    }, 600);
  };
  // The worker goes on meanwhile, so its answer is there when this thread looks again.
  const body = "setTimeout(() => cb(null, x), 2000)";
  const { answers, logged } = await run(body, ["1"], { ...LIMITS, timeout_ms: 1500 }, standStill);
  clearTimeout(timer);
  assert.deepEqual([answers[0].kind, logged], [0, []]);
});

Deno.test("a flood of messages, and closing itself in any way, change nothing", async () => {
  const body = `
    for (let i = 0; i < 10_000; i++) { postMessage("x".repeat(100)); self.postMessage({ note: "loaded" }); }
    close(); self.close();
    for (let o = globalThis; o; o = Object.getPrototypeOf(o)) if (Object.hasOwn(o, "close")) o.close.call(self);
    cb(null, x)`;
  const { answers, logged } = await run(body, ["1", "2", "3"], NO_LIMITS);
  assert.deepEqual([answers.map(({ value }) => value), logged], [["1", "2", "3"], []]);
});

Deno.test("memory that is not there is the error of the item that asks for it", async () => {
  const body = "if (x === '17') new Uint8Array(2 ** 53 - 1); cb(null, x)";
  const { answers } = await run(body, items, NO_LIMITS);
  assert.deepEqual(answers.flatMap(({ kind }, i) => kind === 0 ? [] : [i]), [17]);
});

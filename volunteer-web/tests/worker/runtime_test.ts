import assert from "node:assert/strict";
import { TestWorker, useWorkerSource, withWorker } from "../support/workers.ts";
import { sleep } from "../support/helpers.ts";

const range = (count: number) => Array.from({ length: count }, (_, i) => String(i));
const message = (answer: [number, string]) => JSON.parse(answer[1]).message;

Deno.test("results come in the order of the items, as String makes them", () =>
  withWorker(
    "function (x, cb) { cb(null, x === '2' ? undefined : x === '3' ? [1, 2] : x * 2) }",
    async (w) => {
      assert.deepEqual(await w.run(range(5)), [[0, "0"], [0, "2"], [0, "undefined"], [0, "1,2"], [0, "8"]]);
    },
  ));

Deno.test("errors are results: thrown, called back, rejected, and of every sort", () =>
  withWorker(
    `async function (x, cb) {
      if (x === "throw") throw new Error("thrown");
      if (x === "later") { await null; throw new Error("rejected") }
      if (x === "back") return cb(new Error("called back"));
      if (x === "text") return cb("only text");
      if (x === "symbol") return cb(null, { toString() { throw new Error("no string") } });
      if (x === "strange") return cb({ get message() { throw 1 } });
      if (x === "timer") return void setTimeout(() => { throw new Error("uncaught") }, 1);
      cb(null, x);
    }`,
    async (w) => {
      const items = ["throw", "later", "back", "text", "symbol", "strange", "timer", "fine"];
      const answers = await w.run(items);
      assert.deepEqual(answers.slice(0, 5).map(message), [
        "thrown",
        "rejected",
        "called back",
        "only text",
        "the result cannot be printed: no string",
      ]);
      assert.deepEqual(message(answers[5]), "an error that cannot be shown");
      assert.equal(
        message(answers[6]),
        "uncaught (nobody caught this error, and nothing is left that could call back)",
      );
      assert.deepEqual(answers.map(([kind]) => kind), [1, 1, 1, 1, 1, 1, 1, 0]);
    },
  ));

/** Runs a module's function over one item, and returns its answer. */
async function answerOf(code: string): Promise<[kind: number, value: string]> {
  let answer: [number, string] = [-1, ""];
  await withWorker(code, async (w) => {
    [answer] = await w.run(["7"]);
  });
  return answer;
}

const promises: [what: string, body: string, today: string, original: string | null][] = [
  ["a value before the callback", "async (x, cb) => { if (x < 0) cb(); return x * x }", "49", null],
  ["a value of a promise", "(x, cb) => { if (x < 0) cb(); return Promise.resolve(x * x) }", "49", null],
  ["a value after the callback", "async (x, cb) => { cb(null, 'back'); return 'returned' }", "back", "back"],
  ["nothing, and the callback before", "async (x, cb) => { await null; cb(null, 'back') }", "back", "back"],
  [
    "nothing, and the callback after",
    "async (x, cb) => { setTimeout(() => cb(null, 'back'), 20) }",
    "back",
    "back",
  ],
  ["the number of a timer", "async (x, cb) => setTimeout(cb, 20, null, 'back')", "back", "back"],
  ["a value that is no promise", "(x, cb) => setTimeout(cb, 20, null, 'back')", "back", "back"],
  ["both", "(x, cb) => { cb(null, 'back'); return 'returned' }", "back", "back"],
  ["a list's length", "(x, cb) => [].push(setTimeout(cb, 20, null, 'back'))", "back", "back"],
  [
    "true as a reason",
    "async (x, cb) => { if (x < 0) cb(); await Promise.reject(true) }",
    "declined",
    "declined",
  ],
];
for (const [what, body, today, original] of promises) {
  Deno.test(`a function of two parameters whose call brings ${what}`, async () => {
    const shown = ([kind, value]: [number, string]) => kind === 2 ? "declined" : kind === 0 ? value : null;
    const answers = await Promise.all(
      ["module.exports", "module.exports['/pando/1.0.0']"].map((name) => answerOf(`${name} = ${body}`)),
    );
    assert.deepEqual(answers.map(shown), [today, original]);
    if (original === null) {
      assert.ok(message(answers[1]).startsWith("the function returned 49 and did not call"));
    }
  });
}

Deno.test("of a result that has no text it is said once what is printed, before it comes", () =>
  withWorker(
    `(x, cb) => cb(null, { 1: "text", 2: [1, 2], 3: null, 4: [{ a: 1 }], 5: new Map(), 6: () => 1 }[x])`
      .replace(
        /^/,
        "module.exports['/pando/1.0.0'] = ",
      ),
    async (w) => {
      const said = () => w.notes.flatMap((n) => n.note === "report" ? [n.report.no_text] : []);
      await w.run(["1", "2", "3"]);
      assert.deepEqual(said(), []);
      assert.deepEqual(await w.run(["4", "5", "6"]), [[0, "[object Object]"], [0, "[object Map]"], [
        0,
        "() => 1",
      ]]);
      assert.deepEqual(said(), ["[object Object]"]);
    },
  ));

Deno.test("cb(true) declines an item", () =>
  withWorker("function (x, cb) { cb(x === '1' ? true : null, x) }", async (w) => {
    assert.deepEqual(await w.run(range(3)), [[0, "0"], [2, ""], [0, "2"]]);
  }));

Deno.test("second callbacks, late ones and throwing after the callback change nothing", () =>
  withWorker(
    `function (x, cb) {
      cb(null, x); cb(null, "twice"); cb(new Error("twice"));
      setTimeout(() => cb(null, "late"), 1);
      if (x === "1") throw new Error("after");
    }`,
    async (w) => {
      assert.deepEqual(await w.run(range(3)), [[0, "0"], [0, "1"], [0, "2"]]);
      await sleep(20);
      assert.deepEqual(await w.run(["9"]), [[0, "9"]]);
      const said = w.notes.flatMap((n) => n.note === "console" ? n.lines : []);
      assert.deepEqual(said, ["the function threw after it had called back: after"]);
    },
  ));

Deno.test("a hundred thousand synchronous callbacks do not grow the stack", () =>
  withWorker("function (x, cb) { cb(null, x) }", async (w) => {
    const answers = await w.run(range(100_000));
    assert.ok(answers.length === 100_000 && answers[99_999][1] === "99999", "wrong answers");
  }));

Deno.test("items run one at a time, also when they take their time", () =>
  withWorker(
    `var running = 0;
    module.exports["/pando/1.0.0"] = (x, cb) => {
      const others = running++;
      setTimeout(() => { running--; cb(null, others) }, 2);
    }`,
    async (w) => {
      const [first, second] = await Promise.all([w.run(range(5)), w.run(range(5))]);
      assert.ok([...first, ...second].every(([, value]) => value === "0"), "two at once");
    },
  ));

for (
  const [kind, wait] of [["synchronous", "while (Date.now() < end);"], ["slow to call back", "later = true;"]]
) {
  Deno.test(`answers of ${kind} items leave within 50 ms or so, in several messages`, () =>
    withWorker(
      `function (x, cb) {
        const end = Date.now() + 15; let later = false; ${wait}
        later ? setTimeout(() => cb(null, x), 15) : cb(null, x);
      }`,
      async (w) => {
        const start = performance.now();
        await w.run(range(20));
        const took = performance.now() - start;
        assert.ok(w.results.length >= 5, `${w.results.length} messages in ${took} ms`);
        const busy = w.results.reduce((sum, r) => sum + r.busy_us, 0) / 1000;
        assert.ok(busy > 280 && busy < took + 20, `busy for ${busy} of ${took} ms`);
      },
    ));
}

Deno.test("an answer does not wait for the slow item behind it", () =>
  withWorker(
    "function (x, cb) { x === '1' ? setTimeout(() => cb(null, x), 400) : cb(null, x) }",
    async (w) => {
      await w.run(["0", "1"]);
      assert.ok(w.times[1] - w.times[0] > 250, `together: ${w.times}`);
    },
  ));

Deno.test("nor does it if that item blocks the thread, when items so far took more than a millisecond", () =>
  withWorker(
    "function (x, cb) { const end = performance.now() + Number(x); while (performance.now() < end); cb(null, x) }",
    async (w) => {
      await w.run(["3", "3", "400"]);
      assert.ok(w.times.at(-1)! - w.times.at(-2)! > 250, `together: ${w.times}`);
    },
  ));

Deno.test("it is said which item is without an answer, when the event loop turns and all before are answered", () =>
  withWorker("function (x, cb) { if (x !== '2') cb(null, x) }", async (w) => {
    w.lend(range(4));
    await w.until(() => w.notes.some(({ note }) => note === "open"));
    assert.deepEqual(w.notes.at(-1), { note: "open", lease: 1, item: 2 });
    assert.deepEqual(w.results.flatMap(({ values }) => values), ["0", "1"]);
  }));

Deno.test("results may wait for others while there is more to do, unless the pool measures the time of each item", async () => {
  await withWorker(
    "function (x, cb) { const end = Date.now() + 3; while (Date.now() < end); cb(null, x); }",
    async (worker) => {
      await worker.run(["a", "b", "c"]);
      assert.deepEqual(worker.urgent, [false, false, true]);
    },
  );
  await useWorkerSource();
  const worker = new TestWorker();
  try {
    await worker.load("function (x, cb) { setTimeout(cb, 3, null, x); }", undefined, true);
    await worker.run(["a", "b", "c"]);
    assert.deepEqual(worker.urgent, [true, true, true]);
  } finally {
    worker.end();
  }
});

Deno.test("a lease that is dropped stops, and the next one runs", () =>
  withWorker(
    "function (x, cb) { const t = Date.now(); while (Date.now() - t < 10); cb(null, x) }",
    async (w) => {
      const long = w.lend(range(1000));
      await w.until(() => w.results.length > 0);
      w.order({ order: "drop", lease: long });
      assert.deepEqual(await w.run(["a"]), [[0, "a"]]);
      assert.ok(w.notes.some((n) => n.note === "dropped" && n.lease === long), "not confirmed");
      assert.ok(w.results.filter((r) => r.lease === long).length < 50, "it went on");
    },
  ));

Deno.test("a lease whose callback never comes can be dropped, as can one that waits or is finished", () =>
  withWorker("function (x, cb) { if (x !== 'never') cb(null, x) }", async (w) => {
    await w.run(["first"]);
    const [never, waiting] = [w.lend(["never"]), w.lend(["waiting"])];
    for (const lease of [1, waiting, never]) w.order({ order: "drop", lease });
    assert.deepEqual(await w.run(["a"]), [[0, "a"]]);
    assert.deepEqual(w.notes.filter((n) => n.note === "dropped").map((n) => n.lease), [1, waiting, never]);
    assert.ok(!w.results.some((r) => r.lease === waiting), "a dropped lease ran");
  }));

Deno.test("a lease that wants care begins where it is told, and each answer leaves alone", () =>
  withWorker("function (x, cb) { cb(null, x) }", async (w) => {
    w.order({ order: "resume", lease: 1, from: 2, careful: true });
    w.lend(["a", "b", "c", "d", "e"]);
    await w.until(() => w.results.length === 3);
    assert.deepEqual(w.results.map((r) => [r.offset, r.values]), [[2, ["c"]], [3, ["d"]], [4, ["e"]]]);
  }));

Deno.test("what old packages do with __proto__ works as in browsers", () =>
  withWorker(
    `function (x, cb) {
      var list = { length: 1 }; list.__proto__ = Array.prototype;
      cb(null, [list instanceof Array, list.__proto__ === Array.prototype, Object.keys(list)]);
    }`,
    async (w) => assert.deepEqual(await w.run(["x"]), [[0, "true,true,length"]]),
  ));

Deno.test("state of the module survives from item to item, and its scope is sloppy", () =>
  withWorker(
    "var n = 0; undeclared = 1; module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, ++n + undeclared) }",
    async (w) => {
      await w.run(range(3));
      assert.deepEqual(await w.run(["x"]), [[0, "5"]]);
    },
  ));

Deno.test("the function finds nothing of Deno, cannot close the worker, and its console is bounded", () =>
  withWorker(
    `function (x, cb) {
      close(); self.close(); postMessage("x"); console.profile("a");
      for (let o = globalThis; o; o = Object.getPrototypeOf(o)) {
        if (Object.hasOwn(o, "close")) o.close.call(globalThis);
      }
      for (let i = 0; i < 3000; i++) console.log("line", i, { a: 1 }, [2]);
      cb(null, [typeof Deno, typeof process, typeof Buffer, typeof prompt].join());
    }`,
    async (w) => {
      assert.deepEqual(await w.run(["x"]), [[0, "undefined,undefined,undefined,undefined"]]);
      const notes = w.notes.flatMap((n) => n.note === "console" ? [n] : []);
      const lines = notes.flatMap(({ lines }) => lines);
      // How many there were besides comes before the result.
      assert.deepEqual([lines.length, notes.at(-1)?.skipped], [1000, 2000]);
      assert.deepEqual(lines[0], 'line 0 {"a":1} [2]');
    },
  ));

/** What errors that nobody caught do, and whether the item gets a result all the same; `cb` comes late if it comes. */
const STRAYS: [what: string, body: string, comes: boolean][] = [
  [
    "a promise that is rejected",
    "Promise.reject(new Error('lost')); setTimeout(() => cb(null, x), 200)",
    true,
  ],
  [
    "an exception in a timer",
    "setTimeout(() => { throw new Error('lost') }); setTimeout(cb, 200, null, x)",
    true,
  ],
  [
    "one in a microtask",
    "queueMicrotask(() => { throw new Error('lost') }); setTimeout(cb, 200, null, x)",
    true,
  ],
  [
    "one in a listener, while the function is called",
    "const t = new EventTarget(); t.addEventListener('a', () => { throw new Error('lost') });" +
    "t.dispatchEvent(new Event('a')); setTimeout(cb, 200, null, x)",
    true,
  ],
  ["one that is reported", "reportError(new Error('lost')); cb(null, x)", true],
  [
    "many",
    "for (let i = 0; i < 9; i++) Promise.reject(new Error('lost')); setTimeout(cb, 200, null, x)",
    true,
  ],
  ["one before a promise's result", "setTimeout(() => { throw new Error('lost') }); return later(x)", true],
  [
    "a chain that ends in an exception",
    "Promise.resolve().then(() => { throw new Error('lost'); cb() })",
    false,
  ],
  ["a timer that throws before it calls back", "setTimeout(() => { throw new Error('lost'); cb() })", false],
  [
    "a listener that does",
    "const t = new EventTarget(); t.addEventListener('a', () => { throw new Error('lost'); cb() });" +
    "t.dispatchEvent(new Event('a'))",
    false,
  ],
  [
    "a promise that nothing resolves any more",
    "return new Promise((done) => setTimeout(() => { throw new Error('lost'); done(x) }))",
    false,
  ],
];
for (const [what, body, comes] of STRAYS) {
  const form = body.includes("return") ? "module.exports = (x) =>" : "module.exports = (x, cb) =>";
  const later = "const later = (x) => new Promise((done) => setTimeout(done, 200, x));";
  Deno.test(`of errors that nobody caught, ${what}: the item ${comes ? "gets its result" : "fails"}`, () =>
    withWorker(`${later} ${form} { ${body} }`, async (w) => {
      const [[kind, value]] = await w.run(["x"]);
      const error = "lost (nobody caught this error, and nothing is left that could call back)";
      assert.deepEqual([kind, comes ? value : JSON.parse(value).message], comes ? [0, "x"] : [1, error]);
      assert.ok(JSON.stringify(w.notes).includes("an error that nobody caught: lost"), "no line");
      const strays = w.notes.filter((n) => n.note === "stray");
      assert.deepEqual(strays[0], { note: "stray", lease: 1, item: 0, text: "lost" });
      assert.deepEqual(await w.run(["y"]).then(([[kind]]) => kind), comes ? 0 : 1);
    }));
}

Deno.test("an item whose callback is kept stays open, for whoever keeps it may use it", () =>
  withWorker(
    "(x, cb) => { kept = cb; setTimeout(() => { throw new Error('lost') }); setTimeout(() => kept(null, x), 900) }"
      .replace(/^/, "var kept; module.exports = "),
    async (w) => assert.deepEqual(await w.run(["x"]), [[0, "x"]]),
  ));

const broken: [what: string, code: string, says: string][] = [
  ["a missing export", "module.exports = {}", "Incompatible module, missing '/pando/1.0.0' property"],
  [
    "a wrong arity",
    "module.exports['/pando/1.0.0'] = (x) => x",
    "Incompatible module, '/pando/1.0.0' property is not a function or does not expect two arguments",
  ],
  ["an error at load", "throw new Error('at load')", "at load"],
  ["a syntax error", "var = 1", "Unexpected token '='"],
  ["a module that is not in the bundle", "require('fs')", "Cannot find module 'fs'"],
  ["no exports at all", "module.exports = null", "Incompatible module, missing '/pando/1.0.0' property"],
];
for (const [what, code, says] of broken) {
  Deno.test(`${what} is said to be broken`, async () => {
    await useWorkerSource();
    const worker = new TestWorker();
    const note = await worker.load(code);
    worker.end();
    assert.ok(note.note === "broken" && note.message === says, JSON.stringify(note));
  });
}

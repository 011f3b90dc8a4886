import assert from "node:assert/strict";
import { exportedFunction, ExportError } from "../../src/worker/module_exports.ts";

const NAME = "/pando/1.0.0";

/** Calls the function of a module and returns what it calls back with. */
function called(exports: unknown, item: string): Promise<[error: unknown, result: unknown]> {
  return new Promise((resolve) =>
    exportedFunction(exports).run(item, (error, result) => resolve([error, result]))
  );
}

function esModule(exports: object): object {
  return { ...exports, __esModule: true };
}

const back = (x: string, callback: (error: unknown, result?: unknown) => void) => callback(null, x + "!");

Deno.test("the function of the original is taken as it is", () => {
  assert.deepEqual(exportedFunction({ [NAME]: back }), { run: back, promised: "mistake" });
  assert.deepEqual(exportedFunction(esModule({ default: back })), { run: back, promised: "result" });
});

const forms: [what: string, exports: unknown][] = [
  ["a default export", esModule({ default: (x: string) => x + "!" })],
  ["a default export that is async", esModule({ default: (x: string) => Promise.resolve(x + "!") })],
  ["a default export that calls back", esModule({ default: back })],
  ["the name of the original in an ES module", esModule({ [NAME]: (x: string) => x + "!", default: 7 })],
  ["module.exports itself", (x: string) => x + "!"],
  ["module.exports itself, with a callback", back],
  ["a second parameter that is not used", (x: string, _i: number) => x + "!"],
  [
    "an async function with a second parameter that is not used",
    async (x: string, _i: number) => await x + "!",
  ],
  ["arguments", function () {
    return arguments[0] + "!";
  }],
  ["rest parameters", (...all: string[]) => all.join("") + "!"],
  ["default values", (x = "b", mark = "!") => x + mark],
  ["a bound function that returns", ((mark: string, x: string) => x + mark).bind(null, "!")],
  ["a thenable", (x: string) => ({ then: (done: (value: string) => void) => done(x + "!") })],
];
for (const [what, exports] of forms) {
  Deno.test(`${what} is a function that calls back`, async () => {
    assert.deepEqual(await called(exports, "a"), [null, "a!"]);
  });
}

Deno.test("a function that forgets its callback and returns nothing fails, and says why", async () => {
  const message = "the function returned nothing, and does not use its second parameter, which calls back";
  for (const forgetful of [(_x: string, _cb: unknown) => undefined, async (_x: string, _cb: unknown) => {}]) {
    assert.deepEqual(await called(forgetful, "a"), [{ message, stack: "" }, undefined]);
  }
  assert.deepEqual(await called((_x: string) => undefined, "a"), [null, undefined]);
});

Deno.test("a function of the engine gets the item alone", async () => {
  const builtIns: [exports: unknown, item: string, result: unknown][] = [
    [parseInt, "12px", 12],
    [Math.max, "3", 3],
    [JSON.stringify, "a", '"a"'],
    [JSON.parse, '{"a":[1]}', { a: [1] }],
  ];
  for (const [exports, item, result] of builtIns) {
    assert.deepEqual(await called(exports, item), [null, result]);
    assert.deepEqual(await called(esModule({ default: exports }), item), [null, result]);
  }
});

Deno.test("a function of the original that returns and cannot call back fails, and says why", async () => {
  const silent: ((x: string, cb: unknown) => unknown)[] = [
    (x, _cb) => x,
    async (x, _cb) => await x,
    parseInt as (x: string) => unknown,
  ];
  for (const run of silent) {
    const [error] = await called({ [NAME]: run }, "7");
    assert.ok(/^the function returned "?7"? and did not call back/.test((error as Error).message), `${run}`);
  }
  const reason = new Error("no");
  assert.deepEqual(await called({ [NAME]: (_x: string, _cb: unknown) => Promise.reject(reason) }, "7"), [
    ...[reason, undefined],
  ]);
});

const rejections: [reason: unknown, error: unknown][] = [
  [true, true],
  ["no", "no"],
  [undefined, { message: "rejected with undefined" }],
  [0, { message: "rejected with 0" }],
];
for (const [reason, error] of rejections) {
  Deno.test(`a promise that is rejected with ${JSON.stringify(reason)} fails`, async () => {
    assert.deepEqual(await called(() => Promise.reject(reason), "a"), [error, undefined]);
  });
}

const wrong: [what: string, exports: unknown, isShape: boolean][] = [
  ["nothing", undefined, false],
  ["an empty object", {}, false],
  ["no default export", esModule({ x: 1 }), false],
  ["a number under the name", { [NAME]: 7 }, true],
  ["one parameter under the name", { [NAME]: (x: string) => x }, true],
  ["a default export that is no function", esModule({ default: 7 }), true],
  ["a class", class {}, true],
  ["a class under the name", {
    [NAME]: class {
      constructor(_x: string, _callback: unknown) {}
    },
  }, true],
  ["a generator function", function* (x: string) {
    yield x;
  }, true],
  ["three parameters", (a: unknown, b: unknown, c: unknown) => [a, b, c], true],
];
for (const [what, exports, isShape] of wrong) {
  Deno.test(`${what} cannot be called`, () => {
    assert.throws(
      () => exportedFunction(exports),
      (error) => error instanceof ExportError && error.wrong === isShape,
    );
  });
}

import assert from "node:assert/strict";
import { exportedFunction, ExportError } from "../../src/worker/module_exports.ts";

const NAME = "/pando/1.0.0";

/** Calls the function of a module and returns what it calls back with. */
function called(exports: unknown, item: string): Promise<[error: unknown, result: unknown]> {
  return new Promise((resolve) =>
    exportedFunction(exports)(item, (error, result) => resolve([error, result]))
  );
}

function esModule(exports: object): object {
  return { ...exports, __esModule: true };
}

const back = (x: string, callback: (error: unknown, result?: unknown) => void) => callback(null, x + "!");

Deno.test("the function of the original is taken as it is", () => {
  assert.equal(exportedFunction({ [NAME]: back }), back);
});

const forms: [what: string, exports: unknown][] = [
  ["a default export", esModule({ default: (x: string) => x + "!" })],
  ["a default export that is async", esModule({ default: (x: string) => Promise.resolve(x + "!") })],
  ["a default export that calls back", esModule({ default: back })],
  ["the name of the original in an ES module", esModule({ [NAME]: (x: string) => x + "!", default: 7 })],
  ["module.exports itself", (x: string) => x + "!"],
  ["module.exports itself, with a callback", back],
];
for (const [what, exports] of forms) {
  Deno.test(`${what} is a function that calls back`, async () => {
    assert.deepEqual(await called(exports, "a"), [null, "a!"]);
  });
}

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

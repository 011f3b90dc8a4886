import assert from "node:assert/strict";
import { FIRST_LINE_SHIFT, functionSource, SCRIPT_NAME } from "../../src/worker/script.ts";

Deno.test("a bundle becomes a function of three parameters", () => {
  const module = { exports: {} as unknown };
  const evaluate = globalThis.eval;
  evaluate(functionSource("module.exports = exports.x = require('y') // a comment")).call(
    null,
    module,
    module.exports,
    (name: string) => name,
  );
  assert.equal(module.exports, "y");
});

Deno.test("places in it are those in the bundle, but for the shift of its first line", () => {
  const evaluate = globalThis.eval;
  const code = "const e = [new Error('first')]\n e.push(new Error('second')); module.exports = e";
  const module = { exports: [] as Error[] };
  evaluate(functionSource(code))(module);
  const places = module.exports.map(({ stack }) =>
    stack!.match(new RegExp(`${SCRIPT_NAME}[^:]*:(\\d+):(\\d+)`))!
  );
  assert.deepEqual(places.map(([, line, column]) => [Number(line), Number(column)]), [
    [1, FIRST_LINE_SHIFT + code.indexOf("new") + 1],
    [2, code.split("\n")[1].indexOf("new") + 1],
  ]);
});

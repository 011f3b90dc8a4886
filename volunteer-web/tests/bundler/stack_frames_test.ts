import assert from "node:assert/strict";
import { stackLines } from "../../src/bundler/stack_frames.ts";

const lines: [line: string, name: string, place: string][] = [
  ["    at each (a.js:1:2)", "each", "a.js:1:2"],
  ["    at a.js:1:2", "", "a.js:1:2"],
  ["    at async wait (a.js:1:2)", "wait", "a.js:1:2"],
  ["    at new A (a.js:1:2)", "new A", "a.js:1:2"],
  ["    at Object.run (a.js:1:2)", "run", "a.js:1:2"],
  ["    at Timeout.later [as _onTimeout] (a.js:1:2)", "later", "a.js:1:2"],
  ["    at Timeout.eval [as _onTimeout] (a.js:1:2)", "", "a.js:1:2"],
  ["    at Matrix.times (a.js:1:2)", "Matrix.times", "a.js:1:2"],
  ["    at module.exports./pando/1.0.0 (a.js:1:2)", "", "a.js:1:2"],
  ["    at Object.<anonymous> (a.js:1:2)", "", "a.js:1:2"],
  ["    at Array.map (<anonymous>)", "Array.map", "<anonymous>"],
  ["each@a.js:1:2", "each", "a.js:1:2"],
  ["@a.js:1:2", "", "a.js:1:2"],
  ['module.exports["/pando/1.0.0"]@a.js:1:2', "", "a.js:1:2"],
  ["async*wait@a.js:1:2", "wait", "a.js:1:2"],
  ["setTimeout handler*later/<@a.js:1:2", "later", "a.js:1:2"],
  ["    at Object.exports2.fail (a.js:1:2)", "fail", "a.js:1:2"],
  ["    at node_modules/p/i.js (a.js:1:2)", "", "a.js:1:2"],
  ["node_modules/p/i.js/exports2.fail@a.js:1:2", "fail", "a.js:1:2"],
  ["outer/inner@a.js:1:2", "inner", "a.js:1:2"],
  ["map@[native code]", "map", "[native code]"],
  ["eval code@", "", ""],
];
for (const [line, name, place] of lines) {
  Deno.test(`a line of a stack: ${line.trim()}`, () => {
    assert.deepEqual(stackLines(`Error: no\n${line}\n`), [{ name, place }]);
  });
}

Deno.test("what is no call, what is too long and what is too much is left out", () => {
  assert.deepEqual(stackLines("Error: x\n  of two lines\n\n"), []);
  assert.deepEqual(stackLines(`at ${"x".repeat(2000)}`), []);
  assert.equal(stackLines("at a.js:1:2\n".repeat(1000)).length, 200);
  assert.equal(stackLines(`at ${"f".repeat(500)} (a.js:1:2)`)[0].name.length, 100);
});

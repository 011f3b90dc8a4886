import assert from "node:assert/strict";
import { MAX_ERROR_BYTES } from "../../src/wire/constants.ts";
import { errorName, errorText, givenUp, tooLong } from "../../src/worker/error_text.ts";

Deno.test("an error says its message and its stack, and anything else what it is as a text", () => {
  assert.deepEqual(errorText({ message: "no", stack: "at f" }), { message: "no", stack: "at f" });
  assert.deepEqual(errorText("only text"), { message: "only text", stack: "" });
  assert.equal(errorText(undefined).message, "undefined");
  assert.equal(errorText(Object.create(null)).message, "an error that cannot be shown");
  const getter = {
    get message(): never {
      throw new Error("no message");
    },
  };
  assert.equal(errorText(getter).message, "an error that cannot be shown");
});

Deno.test("a stack ends with the function's last line", () => {
  const stack =
    "Error: a\n    at f (pando-function.js:1:2)\n    at g (pando-function.js:3:4)\n    at worker (blob:5:6)";
  assert.deepEqual(errorText({ message: "a", stack }).stack, stack.split("\n").slice(0, 3).join("\n"));
});

Deno.test("an error stays within its limit, whatever its characters are", () => {
  const text = "\u0001".repeat(100_000);
  assert.ok(JSON.stringify(errorText({ message: text, stack: text })).length <= MAX_ERROR_BYTES);
});

Deno.test("errors have names, and nothing else has", () => {
  const nameless = {
    get name(): never {
      throw new Error("no name");
    },
  };
  assert.deepEqual([new TypeError(), { name: 7 }, {}, "a", null, nameless].map(errorName), [
    "TypeError",
    "7",
    "",
    "",
    "",
    "",
  ]);
});

Deno.test("what is missing of a page is named with the option that gives it", () => {
  assert.ok(errorText(new ReferenceError("document is not defined")).message.includes("--context=page"));
});

Deno.test("a result that is too long is told the limit", () => {
  assert.equal(tooLong(16 * 1024 * 1024).message, "the result is longer than 16 MiB");
  assert.equal(tooLong(1001).message, "the result is longer than 1001 bytes");
});

Deno.test("an item that nothing can give a result is told so, with the last error that nobody caught", () => {
  assert.deepEqual(givenUp(null), {
    message: "it did not call back, and nothing is left that could",
    stack: "",
  });
  assert.deepEqual(givenUp({ message: "lost", stack: "at f" }), {
    message: "lost (nobody caught this error, and nothing is left that could call back)",
    stack: "at f",
  });
});

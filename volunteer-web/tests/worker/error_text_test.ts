import assert from "node:assert/strict";
import { MAX_ERROR_BYTES } from "../../src/wire/constants.ts";
import { runInNewContext } from "node:vm";
import { errorName, errorText, notPrintable, returnedInstead, tooLong } from "../../src/worker/error_text.ts";

class Refused extends Error {
  override name = "Refused";
}
const { AggregateError: Several } = globalThis;
const message = (error: unknown) => errorText(error).message;
const getter = {
  get message(): never {
    throw new Error("no message");
  },
};
const circle: Record<string, unknown> = { code: 5n };
circle.self = circle;
const itself = new Error("round", { cause: null });
itself.cause = itself;
const inside = new Several([], "");
inside.errors.push(inside, inside);

const reasons: [what: string, thrown: unknown, message: string][] = [
  ["a message", new TypeError("no"), "no"],
  ["a text", "only text", "only text"],
  ["an empty text", "", "an empty text"],
  ["a number", 7, "7"],
  ["a bigint", 7n, "7n"],
  ["a symbol", Symbol("s"), "Symbol(s)"],
  ["a function", TypeError, "[function TypeError]"],
  ["nothing", undefined, "undefined"],
  ["null", null, "null"],
  ["an error without a message", new TypeError(), "TypeError, without a message"],
  ["one of its own class", new Refused(""), "Refused, without a message"],
  ["one with a code", Object.assign(new Error(), { code: "ENOENT" }), 'Error {"code":"ENOENT"}'],
  ["a DOMException", new DOMException("gone", "AbortError"), "gone"],
  ["a DOMException without a message", new DOMException("", "AbortError"), "AbortError, without a message"],
  ["several", new Several([new Error("inner"), "text"], ""), "AggregateError: inner; text"],
  ["several with a message", new Several([new TypeError()], "all"), "all: TypeError, without a message"],
  ["many", new Several([1, 2, 3, 4, 5], ""), "AggregateError: 1; 2; 3; … 2 more"],
  ["none of several", new Several([], ""), "AggregateError, without a message"],
  ["a cause", new Error("outer", { cause: new Error("inner") }), "outer (cause: inner)"],
  ["a cause that is repeated", new Error("outer: inner", { cause: new Error("inner") }), "outer: inner"],
  ["a cause alone", new Error("", { cause: { code: 5 } }), 'Error (cause: {"code":5})'],
  ["a cause that is itself", itself, "round"],
  ["itself in itself", inside, message(inside)],
  ["an object", { code: 5 }, '{"code":5}'],
  ["an object like an error", { message: "no", stack: 7 }, "no"],
  ["an object with another message", { message: { a: 1 } }, '{"message":{"a":1}}'],
  ["an empty object", Object.create(null), "{}"],
  ["a circle", circle, '{"code":5n,"self":[circular]}'],
  ["an event", new Event("error"), 'Event "error"'],
  ["a message that throws", getter, "an error that cannot be shown"],
  [
    "a callback that is not there",
    new TypeError("cb is not a function"),
    message(new TypeError("cb is not a function")),
  ],
];
for (const [what, thrown, says] of reasons) {
  Deno.test(`what is said of ${what}`, () => assert.equal(message(thrown), says));
}

Deno.test("a proxy that resists, and an error of another realm", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.equal(message(proxy), "an error that cannot be shown");
  const foreign = runInNewContext("new RangeError('far')");
  assert.ok(!(foreign instanceof Error));
  assert.equal(message(foreign), "far");
  assert.equal(message(runInNewContext("new RangeError()")), "RangeError, without a message");
});

Deno.test("errors inside errors are looked at to some depth", () => {
  const chain = (depth: number): Error =>
    new Error(`e${depth}`, depth === 0 ? {} : { cause: chain(depth - 1) });
  assert.equal(message(chain(9)), "e9 (cause: e8 (cause: e7 (cause: e6)))");
  assert.ok(message(inside).length < 500, message(inside));
});

Deno.test("a function that has no callback is told how to get one", () => {
  for (const name of ["cb", "callback", "args[1]", "arguments[1]"]) {
    const says = message(new TypeError(`${name} is not a function`));
    assert.ok(says.includes("(x, cb)"), says);
  }
  assert.equal(message(new TypeError("f is not a function")), "f is not a function");
});

Deno.test("an error says its message and its stack, where it has one", () => {
  assert.deepEqual(errorText({ message: "no", stack: "at f" }), { message: "no", stack: "at f" });
  assert.deepEqual(errorText("only text"), { message: "only text", stack: "" });
});

Deno.test("a stack ends with the function's last line", () => {
  const stack =
    "Error: a\n    at f (pando-function.js:1:2)\n    at g (pando-function.js:3:4)\n    at worker (blob:5:6)";
  assert.deepEqual(errorText({ message: "a", stack }).stack, stack.split("\n").slice(0, 3).join("\n"));
});

Deno.test("a stack has nothing of the items before, in whose callback the function was called", () => {
  const own = "f@pando-function.js:1:2\nmap@[native code]\n@pando-function.js:3:4";
  const worker = "pandoCallsTheFunction@blob:null/1:4:5\n#R@blob:null/1:4:6209";
  const stack = `${own}\n${worker}\nsetTimeout handler*@pando-function.js:9:9\n`;
  assert.deepEqual(errorText({ message: "a", stack }).stack, own);
  assert.deepEqual(errorText({ message: "a", stack: `${worker}\n@pando-function.js:9:9` }).stack, "");
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

Deno.test("a result of which there is no text, and a value that is no result", () => {
  const { message, stack } = notPrintable({ message: "no text", stack: "at f" });
  assert.deepEqual([message, stack], ["the result cannot be printed: no text", "at f"]);
  assert.ok(
    returnedInstead({ a: 1 }).message.startsWith('the function returned {"a":1} and did not call back: '),
  );
  assert.ok(returnedInstead("x".repeat(1e6)).message.length < 250);
});

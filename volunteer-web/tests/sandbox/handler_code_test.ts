/** Texts of handlers as functions. */

import assert from "node:assert/strict";
import { handlerFunction, scriptOf } from "../../src/sandbox/handler_code.ts";

Deno.test("a handler has its event, `this`, and what it returns", () => {
  const made = handlerFunction("this.seen = event; return !event", ["event"], []);
  const element: { seen?: unknown } = {};
  assert.equal(made.call(element, 7), false);
  assert.equal(element.seen, 7);
  assert.equal(made.length, 1);
  assert.equal(handlerFunction("", ["event"], [])(1), undefined);
  assert.deepEqual(handlerFunction("return [...arguments]", ["event", "source"], [])(1, 2, 3), [1, 2, 3]);
});

Deno.test("free names are those of the scopes, the last one first, and else globals", () => {
  const [document, form, element] = [{ a: 1, b: 1, c: 1 }, { b: 2, c: 2 }, { c: 3 }];
  const made = handlerFunction("c = 4; return [a, b, c, typeof setTimeout, typeof nothing]", ["event"], [
    document,
    form,
    element,
  ]);
  assert.deepEqual(made(), [1, 2, 4, "function", "undefined"]);
  assert.deepEqual([form.c, element.c], [2, 4]);
});

Deno.test("a text that ends in a comment is right, and one that leaves its braces is not", () => {
  assert.equal(handlerFunction("return 3 // done", ["event"], [])(), 3);
  assert.equal(
    handlerFunction("'use strict'; return this === undefined", ["event"], []).call(undefined),
    true,
  );
  for (const code of ["return )", "} {", "})(); (function () {", "await 1"]) {
    assert.throws(() => handlerFunction(code, ["event"], [{}]), SyntaxError, code);
  }
});

Deno.test("the script of an address is what is behind its scheme, decoded", () => {
  assert.equal(scriptOf("javascript:show('a b')"), "show('a b')");
  assert.equal(scriptOf(" JavaScript:show(%22ä%22)\n"), 'show("ä")\n');
  assert.equal(scriptOf("javascript:100%"), "100%");
  assert.equal(scriptOf("javascript:"), "");
  for (const address of ["#", "https://a.example/javascript:x", "", "data:text/javascript,x"]) {
    assert.equal(scriptOf(address), null);
  }
});

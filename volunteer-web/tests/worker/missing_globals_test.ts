/** Who misses something of a page is told which option gives it. */

import assert from "node:assert/strict";
import { isOfPage, missingOfPage, withAdvice } from "../../src/worker/missing_globals.ts";
import { withWorker } from "../support/workers.ts";

Deno.test("what is missing is found in the words of each browser", () => {
  const said = (message: string) => missingOfPage("ReferenceError", message);
  assert.equal(said("document is not defined"), "document");
  assert.equal(said("Can't find variable: Image"), "Image");
  assert.equal(said("HTMLCanvasElement is not defined"), "HTMLCanvasElement");
  assert.equal(said("documents is not defined"), null);
  assert.equal(said("something else about document"), null);
  assert.equal(missingOfPage("TypeError", "document is not defined"), null);
  assert.equal(withAdvice("Error", "no"), "no");
});

Deno.test("what only pages have is known by its name", () => {
  for (const name of ["document", "window", "alert", "SVGPathElement", "visualization"]) {
    assert.ok(isOfPage(name));
  }
  // Workers have these, or nobody has, a page neither.
  for (const name of ["self", "fetch", "OffscreenCanvas", "localStorage", "HTMLish", "constructor"]) {
    assert.ok(!isOfPage(name));
  }
});

Deno.test("the function's error names the option, thrown, passed on or uncaught", async () => {
  for (
    const code of [
      "function (x, cb) { cb(null, document.title) }",
      "function (x, cb) { try { new Image() } catch (error) { cb(error) } }",
      "function (x, cb) { setTimeout(() => window.open()) }",
      "async function (x, cb) { new XMLHttpRequest() }",
    ]
  ) {
    await withWorker(code, async (worker) => {
      const [[kind, value]] = await worker.run(["1"]);
      assert.equal(kind, 1, code);
      assert.ok(value.includes("--context=page"), value);
    });
  }
});

Deno.test("what no worker has, or only those of browsers, is said to whoever misses it", () => {
  const said = (message: string) => withAdvice("ReferenceError", message);
  assert.equal(
    said("Worker is not defined"),
    "Worker is not defined: a function starts no workers; it runs on each core that a volunteer lends",
  );
  assert.equal(
    said("Can't find variable: OffscreenCanvas"),
    "Can't find variable: OffscreenCanvas: only volunteers in browsers have it",
  );
  assert.equal(said("localStorage is not defined"), "localStorage is not defined: a function has no storage");
  assert.equal(said("other is not defined"), "other is not defined");
});

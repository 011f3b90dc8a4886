/** What in the user's own files makes a function want a page, and what does not. */

import assert from "node:assert/strict";
import { bundled, bundledText, bundling, outcomeOf, withFiles } from "../support/bundling.ts";

const body = (code: string) => `module.exports['/pando/1.0.0'] = function (x, cb) { ${code} }\n`;

/** None of these modules wants a page. */
async function noneOf(codes: readonly string[]): Promise<void> {
  await Promise.all(codes.map(async (code) => assert.equal(await wanted(body(code)), null, code)));
}

/** Returns which name makes this module want a page; null if none does. */
async function wanted(files: Record<string, string> | string, name = "fn.js"): Promise<string | null> {
  const outcome = await outcomeOf(typeof files === "string" ? { [name]: files } : files, name);
  return outcome.page_use?.what ?? null;
}

Deno.test("a free name of a page is a use, however it is looked at", bundling, async () => {
  const uses: [what: string, code: string][] = [
    ["document", "cb(null, document.title)"],
    ["document", "typeof document === 'undefined' ? cb(true) : cb(null, x)"],
    ["document", "if (typeof(document) != 'undefined') cb(null, x)"],
    ["document", "if (globalThis.document) cb(null, x)"],
    ["document", "self.document?.title ? cb(null, x) : cb(true)"],
    ["document", "window?.document ? cb(null, x) : cb(true)"],
    ["document", "cb(null, globalThis['document'].title)"],
    ["document", "cb(null, global.document.title)"],
    ["document", "var doc = document, document2 = 1; cb(null, doc.title + document2)"],
    ["window", "cb(null, typeof window !== 'undefined' && window.document ? x : 1)"],
    ["window", "window.scores = x; cb(null, x)"],
    ["window", "typeof window === 'undefined' ? cb(true) : cb(null, x)"],
    ["window", "if (typeof window === 'object') cb(null, window.innerWidth)"],
    ["Image", "const image = new Image(); image.src = x"],
    ["Image", "const image = new self.Image(); image.src = x"],
    ["XMLHttpRequest", "const request = new XMLHttpRequest(); request.open('GET', x)"],
    ["HTMLElement", "cb(x instanceof HTMLElement)"],
    ["SVGPathElement", "cb(typeof SVGPathElement === 'undefined')"],
    ["alert", "alert(x); cb(null, x)"],
    ["visualization", "visualization.textContent = x; cb(null, x)"],
    ["getComputedStyle", "const show = () => getComputedStyle(x); show()"],
  ];
  await Promise.all(uses.map(async ([what, code]) => assert.equal(await wanted(body(code)), what, code)));
});

Deno.test("what a file declares, assigns or only mentions is none", bundling, async () => {
  await noneOf([
    "cb(null, x)",
    "cb(null, 'document, window: ' + `${x} Image`) /* document */",
    "const document = { title: x }; cb(null, document.title)",
    "let title = ((document) => document.title)({ title: x }); cb(null, title)",
    "cb(null, { document: x }.document)",
    "cb(null, JSON.parse(x).window)",
    "history = [x]; cb(null, history.length)",
    "globalThis.document ??= { title: x }; cb(null, document.title)",
    "window = globalThis; window.count = 1; cb(null, x)",
    "cb(null, typeof self + typeof fetch + typeof localStorage)",
    "/document/.test(x) ? cb(null, x) : cb(true)",
  ]);
});

Deno.test("a file that knows of another place to run is left where it is", bundling, async () => {
  await noneOf([
    "const root = typeof window !== 'undefined' ? window : global; cb(null, x + typeof root)",
    "const root = typeof self !== 'undefined' ? self : typeof window !== 'undefined' ? window : {}; cb(null, root.x)",
    "const root = globalThis.window ?? globalThis; cb(null, x + typeof root)",
    "const isNode = typeof window === 'undefined' && typeof process === 'object'; cb(null, isNode)",
    "const random = typeof window === 'undefined' ? require('crypto') : window.crypto; cb(null, typeof random)",
    "const ask = typeof XMLHttpRequest === 'undefined' ? fetch : XMLHttpRequest; cb(null, typeof ask)",
    "const isWorker = typeof importScripts === 'function', isWeb = typeof document === 'object'; cb(null, isWeb)",
    "const isWorker = typeof WorkerGlobalScope === 'function'; if (!isWorker) window.scroll(0, 0); cb(null, x)",
  ]);
  // One file's knowledge is not another's.
  const files = {
    "fn.js": "const lib = require('./lib'); " + body("cb(null, lib(x) + document.title)"),
    "lib.js": "module.exports = (x) => typeof importScripts === 'function' ? x : document.title",
  };
  assert.equal(await wanted(files), "document");
});

Deno.test(
  "files of packages, stand-ins and unused files do not count; files beside the module do",
  bundling,
  async () => {
    const page = "exports.draw = () => document.createElement('p')";
    const uses = "const { draw } = require('NAME'); " + body("cb(null, typeof draw)");
    assert.equal(
      await wanted({ "fn.js": uses.replace("NAME", "pack"), "node_modules/pack/index.js": page }),
      null,
    );
    assert.equal(
      await wanted({ "fn.js": uses.replace("NAME", "./lib/draw"), "lib/draw.js": page }),
      "document",
    );
    assert.equal(await wanted("const { inspect } = require('util'); " + body("cb(null, inspect(x))")), null);
    const today = {
      "fn.mjs": "import { twice } from './tools.mjs'\nexport default (x) => twice(x)",
      "tools.mjs": "export const twice = (x) => 2 * x\nexport const draw = () => document.title",
    };
    assert.equal(await wanted(today, "fn.mjs"), null);
  },
);

Deno.test(
  "types are no uses; modules that are strict or use Buffer are looked at all the same",
  bundling,
  async () => {
    const typed =
      "export default (x: string, element?: HTMLElement) => x + (element as Element | undefined)?.id";
    assert.equal(await wanted(typed, "fn.ts"), null);
    assert.equal(await wanted("export default (x: string) => document.title + x", "fn.ts"), "document");
    assert.equal(
      await wanted("'use strict'; require('path'); " + body("cb(null, document.title)")),
      "document",
    );
    assert.equal(await wanted(body("cb(null, Buffer.from(document.title).length)")), "document");
  },
);

Deno.test("the use has its place, also where the module needs a page to be loaded", bundling, async () => {
  const files = {
    "fn.js": "require('./lib/show')\n" + body("cb(null, x)"),
    "lib/show.js": "\nvar box =\n  document.getElementById('visualization')\n",
  };
  await withFiles(files, async (folder) => {
    const outcome = await bundled(`${folder}/fn.js`);
    assert.ok(outcome.ok);
    const place = { file: `${folder}/lib/show.js`, line: 3, column: 3 };
    assert.deepEqual(outcome.page_use, { what: "document", ...place });
    assert.equal(outcome.not_in_worker?.line, 3);
    assert.ok(!(outcome.code + outcome.map).includes("$pando"));
  });
});

Deno.test("a text that is in no file is looked at as well", bundling, async () => {
  await withFiles({}, async (folder) => {
    const use = async (text: string, isExpression: boolean) => {
      const outcome = await bundledText(text, folder, "-e", isExpression);
      return outcome.ok ? outcome.page_use : outcome.error;
    };
    const place = { what: "document", file: "-e" };
    assert.deepEqual(await use("x => document.title + x", true), { ...place, line: 1, column: 6 });
    assert.deepEqual(await use("\nmodule.exports = (x) => document.title + x", false), {
      ...place,
      line: 2,
      column: 25,
    });
    assert.equal(await use("x => x * x", true), undefined);
  });
});

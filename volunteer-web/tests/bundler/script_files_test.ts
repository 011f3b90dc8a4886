import assert from "node:assert/strict";
import { bundling, failure, outcomeOf, result } from "../support/bundling.ts";
import { fromHex } from "../support/helpers.ts";

/** Exports `add`, of two numbers. */
const ADD = fromHex(
  "0061736d0100000001070160027f7f017f0302010007070103616464" + "00000a09010700200020016a0b",
);

Deno.test("a line for the shell does no harm, wherever it is", bundling, async () => {
  const line = "#!/usr/bin/env -S node --flag";
  const beside = {
    "lib.js": `${line}\nmodule.exports = 1`,
    "node_modules/p/cli.js": `\ufeff${line}\r\nleaked = 2; module.exports = 2`,
    "node_modules/p/package.json": '{"main": "cli.js"}',
  };
  const body = "var lib = require('./lib'), p = require('p')";
  for (const begin of [`${line}\n`, `${line}\r\n`, `\ufeff${line}\n`, `\ufeff${line}\r\n'use strict'\r\n`]) {
    const text = `${begin}${body}\nmodule.exports = function (x) { return lib + p + x }`;
    assert.equal(await result({ "fn.js": text, ...beside }, "3"), "33", JSON.stringify(begin));
  }
  assert.equal(await result({ "fn.ts": `${line}\nexport default (x: string) => x` }, "3", "fn.ts"), "3");
  assert.equal(await result({ "fn.js": `${line}\nmodule.exports = (x) => x` }, "#!"), "#!");
  const { line: at, source } = await failure({ "fn.js": `${line}\nvar a = = 1` });
  assert.deepEqual([at, source], [2, "var a = = 1"]);
  const thrown = await failure({ "fn.js": `${line}\r\n\r\nthrow Error('no')` });
  assert.deepEqual([thrown.line, thrown.column], [3, 7]);
});

Deno.test("what wasm-bindgen writes for browsers runs, as it is published", bundling, async () => {
  const files = {
    "fn.mjs":
      "import init, { add } from 'adder'\nconst ready = init()\nexport default async (x) => { await ready; return add(+x, 1) }",
    "node_modules/adder/package.json": '{"module": "adder.js", "sideEffects": false}',
    "node_modules/adder/adder.js": `let wasm;
      export function add(a, b) { return wasm.add(a, b); }
      export default async function init(input) {
        if (typeof input === 'undefined') { input = new URL('adder_bg.wasm', import.meta.url); }
        const response = await fetch(input);
        wasm = (await WebAssembly.instantiateStreaming(response, {})).instance.exports;
      }`,
    "node_modules/adder/adder_bg.wasm": ADD,
  };
  assert.equal(await result(files, "41", "fn.mjs"), "42");
  const { warnings, code } = await outcomeOf(files, "fn.mjs");
  assert.deepEqual(warnings, []);
  const without = { ...files, "fn.mjs": "import { add } from 'adder'; export default () => typeof add" };
  const smaller = await outcomeOf(without, "fn.mjs");
  assert.ok(
    code.includes("data:application/wasm") && !smaller.code.includes("data:"),
    "a file that nobody asks for",
  );
});

Deno.test("what Emscripten writes finds its program, old and new", bundling, async () => {
  const old = `var Module = typeof Module != 'undefined' ? Module : {};
    var wasmBinary; if (Module['wasmBinary']) wasmBinary = Module['wasmBinary'];
    function locateFile(path) { return Module['locateFile'] ? Module['locateFile'](path, '') : path }
    var file = 'adder.wasm'; file = locateFile(file);
    Module.ready = Promise.resolve().then(function () {
      if (!wasmBinary) throw new Error('both async and sync fetching of the wasm failed');
      return WebAssembly.instantiate(wasmBinary, {}) }).then(function (made) { return made.instance.exports });
    module.exports = Module;`;
  const today =
    `export default async function (m = {}) { var b = m.wasmBinary; if (m.wasmBinary) b = m.wasmBinary;
    var url = m.locateFile ? m.locateFile("adder.wasm", "") : new URL("adder.wasm", import.meta.url).href;
    return (await WebAssembly.instantiate(b ?? await (await fetch(url)).arrayBuffer(), {})).instance.exports }`;
  const beside = { "node_modules/adder/adder.wasm": ADD };
  const required = "var m = require('adder'); module.exports = async (x) => (await m.ready).add(+x, 1)";
  assert.equal(
    await result({ "fn.js": required, "node_modules/adder/index.js": old, ...beside }, "41"),
    "42",
  );
  const imported = "import make from 'adder'; export default async (x) => (await make()).add(+x, 1)";
  const modern = {
    "fn.mjs": imported,
    "node_modules/adder/index.mjs": today,
    "node_modules/adder/package.json": '{"main": "index.mjs"}',
    ...beside,
  };
  assert.equal(await result(modern, "41", "fn.mjs"), "42");
});

import assert from "node:assert/strict";
import { bundling, failure, outcomeOf, result } from "../support/bundling.ts";
import { fromHex } from "../support/helpers.ts";

/** Exports `add`, of two numbers. */
const ADD = fromHex(
  "0061736d0100000001070160027f7f017f0302010007070103616464" + "00000a09010700200020016a0b",
);

/** Exports `run`, which calls `twice` of the module that is named. */
function callsTwice(module: string): Uint8Array {
  const name = Array.from(new TextEncoder().encode(module));
  const imports = [1, name.length, ...name, 5, ...new TextEncoder().encode("twice"), 0, 0];
  return Uint8Array.from([
    ...fromHex("0061736d010000000106" + "0160017f017f"),
    ...[2, imports.length, ...imports],
    ...fromHex("03020100" + "0707010372756e0001" + "0a08010600200010000b"),
  ]);
}

const BY_HAND = "new WebAssembly.Instance(wasm, { env: { twice: (n) => 2 * n } }).exports.run(+x)";

Deno.test("a WebAssembly file is a compiled module, required and imported", bundling, async () => {
  const wasm = { "lib/x.wasm": callsTwice("env") };
  const required = `var wasm = require('./lib/x.wasm')\nmodule.exports = function (x) { return ${BY_HAND} }`;
  assert.deepEqual(await result({ "fn.js": required, ...wasm }, "21"), "42");
  const imported = `import wasm from './lib/x.wasm'\nexport default (x) => ${BY_HAND}`;
  assert.deepEqual(await result({ "fn.mjs": imported, ...wasm }, "21", "fn.mjs"), "42");
});

Deno.test("exports by their names, where nothing or only files are imported", bundling, async () => {
  const alone = "import { add } from './add.wasm'\nexport default (x) => add(+x, 1)";
  assert.deepEqual(await result({ "fn.mjs": alone, "add.wasm": ADD }, "41", "fn.mjs"), "42");
  const linked = "import * as wasm from './x.wasm'\nexport default (x) => wasm.run(+x)";
  const files = { "x.wasm": callsTwice("./env.js"), "env.js": "export const twice = (n) => 2 * n" };
  assert.deepEqual(await result({ "fn.mjs": linked, ...files }, "21", "fn.mjs"), "42");
  const { code } = await outcomeOf(
    { "fn.mjs": "import m from './add.wasm'; export default () => m", "add.wasm": ADD },
    "fn.mjs",
  );
  assert.ok(!code.includes("WebAssembly.Instance"), "an instance that nobody asked for");
});

Deno.test("the bytes, on request", bundling, async () => {
  const text = "import bytes from './add.wasm' with { type: 'bytes' }\nexport default () => bytes.length";
  assert.deepEqual(await result({ "fn.mjs": text, "add.wasm": ADD }, "", "fn.mjs"), String(ADD.length));
});

Deno.test("a file that is not there, and one that is no WebAssembly", bundling, async () => {
  const text = "\nimport wasm from './x.wasm'\nexport default () => wasm";
  const missing = await failure({ "fn.mjs": text });
  assert.deepEqual([missing.kind, missing.text, missing.line], [
    "resolve",
    'There is no module "./x.wasm".',
    2,
  ]);
  const broken = await failure({ "fn.mjs": text, "x.wasm": "not at all" });
  assert.equal(broken.text, "x.wasm is no WebAssembly module.");
  assert.ok(broken.original?.includes("expected magic word"), broken.original);
});

import assert from "node:assert/strict";
import { withCarriedFiles } from "../../src/bundler/carried_files.ts";

const there = (name: string) => ["./x.wasm", "./lib/a b.bin", "../up.png", "./x.data"].includes(name);

Deno.test("an address of a file that is there becomes one that holds it, and all else stays where it is", () => {
  const forms: [before: string, after: string, file: string][] = [
    ['a(new URL("x.wasm", import.meta.url), b)', "a(new URL(pando_file0)              , b)", "./x.wasm"],
    ["new  URL( './x.wasm' ,import . meta . url )", "new URL(pando_file0)", "./x.wasm"],
    ["new URL(`../up.png`, import.meta.url,)", "new URL(pando_file0)", "../up.png"],
    ["new URL(/* webpackChunkName: 'a' */ 'x.wasm', import.meta.url)", "new URL(pando_file0)", "./x.wasm"],
    ["new URL('lib/a%20b.bin?v=1#x', import.meta.url)", "new URL(pando_file0)", "./lib/a b.bin"],
  ];
  for (const [before, after, file] of forms) {
    const [line, added] = withCarriedFiles(before, there).split("\n");
    assert.deepEqual([line.trimEnd(), line.length], [after, before.length], before);
    assert.equal(added, `import pando_file0 from ${JSON.stringify(`pando-url:${file}`)};`);
  }
  const lines = withCarriedFiles("new URL(\n  'x.wasm',\n  import.meta.url\n)\nlast", there).split("\n");
  assert.equal(lines.indexOf("last"), 4);
});

Deno.test("a file that is named twice comes once, and two files have names of their own", () => {
  const one = "new URL('x.wasm', import.meta.url)";
  const text = withCarriedFiles(`${one}; ${one}; new URL('../up.png', import.meta.url)`, there);
  assert.equal(text.match(/pando_file0\)/g)!.length, 2);
  assert.equal(text.match(/^import /gm)!.length, 2);
});

Deno.test("what names no file of the script's stays", () => {
  for (
    const text of [
      "new URL('gone.wasm', import.meta.url)",
      "new URL('https://example.org/x.wasm', import.meta.url)",
      "new URL('/x.wasm', import.meta.url)",
      "new URL('#x.wasm', import.meta.url)",
      "new URL('%E0%A4%A', import.meta.url)",
      "new URL(name, import.meta.url)",
      "new URL(`${name}.wasm`, import.meta.url)",
      "new URL('x.wasm', base)",
      "new URL('x.wasm', import.meta.urls)",
      "import.meta.url",
      "'x.wasm'",
    ]
  ) assert.equal(withCarriedFiles(text, there), text);
});

Deno.test("a script of Emscripten's is given its program, in all that it writes", () => {
  const given = (module: string) => `(${module}||require(\`pando-bytes:./x.wasm\`))`;
  const scripts: [before: string, after: string][] = [
    [
      'if (Module["wasmBinary"]) wasmBinary = Module["wasmBinary"]; f = "x.wasm"',
      `if (${given('Module["wasmBinary"]')}) wasmBinary = ${given('Module["wasmBinary"]')}; f = "x.wasm"`,
    ],
    [
      "q.wasmBinary&&(O=q.wasmBinary);f('x.wasm')",
      `${given("q.wasmBinary")}&&(O=${given("q.wasmBinary")});f('x.wasm')`,
    ],
    ["A.wasmBinary = b; 'x.wasm'", "A.wasmBinary = b; 'x.wasm'"],
    ["A.wasmBinary == b; './x.wasm'", `${given("A.wasmBinary")} == b; './x.wasm'`],
    ["say('Module.wasmBinary'); 'x.wasm'", "say('Module.wasmBinary'); 'x.wasm'"],
    [
      `throw "preload it to Module['wasmBinary'] by hand"; 'x.wasm'`,
      `throw "preload it to ${given("Module['wasmBinary']")} by hand"; 'x.wasm'`,
    ],
    ["Module.wasmBinary; 'gone.wasm'", "Module.wasmBinary; 'gone.wasm'"],
    ["Module.wasmBinaryFile; 'x.wasm'", "Module.wasmBinaryFile; 'x.wasm'"],
  ];
  for (const [before, after] of scripts) assert.equal(withCarriedFiles(before, there), after);
});

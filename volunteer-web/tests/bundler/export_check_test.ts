import assert from "node:assert/strict";
import { bundled, bundling, failure, GOOD, result, results, withFiles } from "../support/bundling.ts";

Deno.test("exports that volunteers cannot call", bundling, async () => {
  const missing = await failure({ "fn.js": "module.exports = {}" });
  assert.deepEqual([missing.kind, missing.text], [
    "export-missing",
    "Incompatible module, missing '/pando/1.0.0' property",
  ]);
  for (const value of ["(x) => x", "async (x) => x", "7", "null", "function (a, b, c) {}"]) {
    const { kind, text } = await failure({ "fn.js": `module.exports['/pando/1.0.0'] = ${value}` });
    assert.deepEqual([kind, text], [
      "export-shape",
      "Incompatible module, '/pando/1.0.0' property is not a function or does not expect two arguments",
    ]);
  }
});

Deno.test(
  "an error while loading is told, but that a browser's global is missing here is none",
  bundling,
  async () => {
    const { kind, text } = await failure({ "fn.js": "throw new TypeError('no way')" });
    assert.deepEqual([kind, text], ["load", "Loading the module failed: TypeError: no way"]);
    const deep = await failure({
      "fn.js": "// first\nvar lib = require('./lib/deep')",
      "lib/deep.js": "var a = 1\r\n  vra.x = a\r\n",
    });
    assert.deepEqual([deep.file, deep.line, deep.column], [`${deep.folder}/lib/deep.js`, 2, 3]);
    assert.deepEqual([deep.source, deep.kind], ["  vra.x = a", "load"]);
    const said = await failure({ "fn.js": "throw 'only text'" });
    assert.deepEqual([said.text, said.line], ["Loading the module failed: only text", undefined]);
    const typo = await failure({ "fn.js": "vra.x = 1" });
    assert.deepEqual([typo.kind, typo.text], [
      "load",
      "Loading the module failed: ReferenceError: vra is not defined",
    ]);
    await withFiles({ "fn.js": "var c = document.createElement('canvas')\n" + GOOD }, async (folder) => {
      assert.ok((await bundled(`${folder}/fn.js`)).ok, "refused");
    });
  },
);

Deno.test("today's forms of modules, each with its function of one parameter or two", bundling, async () => {
  const forms: [name: string, text: string][] = [
    ["fn.mjs", "export default (x) => x * 2"],
    ["fn.mjs", "export default async (x) => { await null; return x * 2 }"],
    ["fn.mjs", "export default (x, cb) => setTimeout(cb, 1, null, x * 2)"],
    ["fn.mjs", "const f = (x) => Promise.resolve(x * 2); export { f as '/pando/1.0.0' }"],
    ["fn.mjs", "function f(x, cb) { cb(null, x * 2) }; export { f as '/pando/1.0.0' }; export default 7"],
    ["fn.js", "import double from './double.js'; export default double"],
    ["fn.js", "module.exports = async (x) => x * 2"],
    ["fn.js", "module.exports = (x, cb) => cb(null, x * 2)"],
    ["fn.ts", "type N = number; export default async (x: string): Promise<N> => Number(x) * 2"],
    ["fn.mts", "import { double } from './double.ts'; export default (x: string) => double(x)"],
    ["fn.cts", "import double = require('./old'); export = (x: string) => double(x)"],
    ["fn.tsx", "enum E { Two = 2 }\nexport default (x: string) => +x * E.Two"],
  ];
  const beside = {
    "double.js": "export default (x) => x * 2",
    "double.ts": "export function double(x: string): number { return Number(x) * 2 }",
    "old.js": "counter = 2; module.exports = function (x) { return x * counter }",
  };
  for (const [name, text] of forms) {
    assert.deepEqual(await result({ [name]: text, ...beside }, "21", name), "42", text);
  }
});

Deno.test("today's forms of the wrong shape", bundling, async () => {
  const wrong: [text: string, kind: string, says: string][] = [
    ["export const x = 1", "export-missing", "missing a default export, or one named '/pando/1.0.0'"],
    ["export default 7", "export-shape", "the default export is not a function of one argument"],
    ["export default (a, b, c) => 1", "export-shape", "the default export is not a function of one argument"],
    [
      "const f = 1; export { f as '/pando/1.0.0' }",
      "export-shape",
      "the export '/pando/1.0.0' is not a function",
    ],
    ["export default await 1", "syntax", "A module cannot await at its top level"],
    ["export default (x) => x; const a: number = 1", "syntax", 'This is not JavaScript: ":" stands'],
    ["import { a } from './gone.js'; export default a", "resolve", 'There is no module "./gone.js".'],
    ["import './broken.ts'", "syntax", 'This is not TypeScript: "="'],
    ["import x from './fn.csv'", "syntax", "are imported with { type: 'text' }"],
  ];
  for (const [text, kind, says] of wrong) {
    const error = await failure({ "fn.mjs": text, "broken.ts": "let x: = 1", "fn.csv": "1,2" });
    assert.ok(error.kind === kind && error.text.includes(says), JSON.stringify(error));
    if (kind !== "export-missing" && kind !== "export-shape") {
      assert.ok(error.line === 1, JSON.stringify(error));
    }
  }
  const { line, source } = await failure({ "fn.ts": "type A = 1\nconst a: A = 1\n throw Error(`${a}`)\n" });
  assert.deepEqual([line, source], [3, " throw Error(`${a}`)"]);
});

Deno.test(
  "a promise's value is the result, true declines, and any rejection is an error",
  bundling,
  async () => {
    const text = `export default (x) => {
    if (x === "sync") throw new Error("thrown");
    return x === "true" ? Promise.reject(true) : x === "none" ? Promise.reject() : x === "no"
      ? Promise.reject(new Error("no")) : x === "like" ? { then: (done) => done("as a promise") } : x;
  }`;
    const answers = await results({ "fn.mjs": text }, ["a", "true", "none", "no", "like", "sync"], "fn.mjs");
    assert.deepEqual(answers.map(([kind]) => kind), [0, 2, 1, 1, 0, 1]);
    assert.deepEqual([answers[0][1], answers[4][1]], ["a", "as a promise"]);
    assert.deepEqual([2, 3, 5].map((i) => JSON.parse(answers[i][1]).message), [
      "rejected with undefined",
      "no",
      "thrown",
    ]);
  },
);

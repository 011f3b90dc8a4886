import assert from "node:assert/strict";
import { inOurWords } from "../../src/bundler/messages.ts";
import { bundling, failure } from "../support/bundling.ts";

const js: [text: string, says: string][] = [
  ["var a = = 1", 'This is not JavaScript: "=" is not expected here.'],
  ["var a = ", "The file ends too early: a statement is not finished."],
  ["[1, 2", 'The file ends too early: "]" is missing.'],
  ["a b", 'This is not JavaScript: "b" stands where ";" is expected.'],
  ["var enum = 1", 'This is not JavaScript: "enum" stands where a name is expected.'],
  ["1_", 'This is not JavaScript: "_" is not expected here.'],
  ["let a; let a", '"a" is declared twice.'],
  ["const a = 1; a = 2", '"a" is a constant, which nothing can be assigned to.'],
  ["export default 1; export default 2", '"default" is exported twice.'],
  ["export { nope }", '"nope" is exported, but not declared in this file.'],
  ["import { y } from './b.js'; y()", '"b.js" exports no "y".'],
  ["import y from './b.js'; y()", '"b.js" has no default export.'],
  ["import { z } from './b.js'; z = 1", '"z" is imported: only the file that exports it can assign to it.'],
  [
    "await 1",
    "A module cannot await at its top level: await in the function, once, and keep what comes of it.",
  ],
  [
    "require('./top.mjs')",
    "A module cannot await at its top level: await in the function, once, and keep what comes of it.",
  ],
  ["function f() { await 1 }", '"await" is only possible in an async function.'],
  ["return 1; export {}", '"return" is only possible in a function.'],
  ["break", '"break" is only possible in a loop.'],
  ["'abc", "This has no end: a string that begins here or before."],
  ["`abc", "This has no end: a string that begins here or before."],
  ["/abc", "This has no end: a regular expression that begins here or before."],
  ["<div/>", "This looks like JSX: the name of a file with JSX ends with .jsx or .tsx."],
  [
    "'use strict'; with (a) {}",
    "What is in strict mode (ES modules are, and what says 'use strict') cannot have this: With statements.",
  ],
  ["a ?? b || c", '"||" and "??" side by side need parentheses.'],
  ["let let = 1", '"let" cannot be a name here.'],
  ["new.target", '"new.target" is not possible here.'],
  ["({ __proto__: 1, __proto__: 2 })", "This cannot be bundled."],
  ["require('./bad.json')", 'This is not JSON: "," stands where a string is expected.'],
  [
    "import x from './a.csv'",
    "It is not known what files that end with \".csv\" are: files are imported with { type: 'text' }, { type: 'bytes' } or { type: 'json' }.",
  ],
  [
    "import x from './a.csv' with { type: 'css' }",
    "There is no type \"css\": files are imported with { type: 'text' }, { type: 'bytes' } or { type: 'json' }.",
  ],
  ["require('./gone')", 'There is no module "./gone".'],
  ["require('/gone')", 'There is no module "/gone".'],
  ["require('..')", 'There is no module "..".'],
  ["require('')", "This names no module."],
  [
    "require('gone')",
    'There is no package "gone" beside the module; packages are looked for in node_modules.',
  ],
  ["require('pack/inner')", 'The package is there, but gives browsers no "pack/inner".'],
  ["require('pack/node')", 'The package is there, but gives browsers no "pack/node".'],
  ["import '#inner'", 'The package that this file is in has no "#inner".'],
  [
    "import 'jsr:@a/b'",
    'A module is not imported from "jsr:": save it beside the module, or install its package.',
  ],
  [
    "import 'https://a.example/b.js'",
    'A module is not fetched from an address ("https://a.example/b.js"): save it beside the module, or install its package.',
  ],
];
const beside = {
  "b.js": "export const z = 1",
  "top.mjs": "export default await 1",
  "bad.json": "{,}",
  "a.csv": "1",
  "node_modules/pack/package.json": '{"exports": {".": "./x.js", "./node": {"node": "./n.js"}}}',
  "package.json": '{"name": "me"}',
};
for (const [text, says] of js) {
  Deno.test(`said in our words: ${text}`, bundling, async () => {
    const { text: said, line, source } = await failure({ "fn.js": text, ...beside });
    assert.equal(said, says);
    assert.ok(line === 1 && source !== undefined, "there is a place");
  });
}

Deno.test("of TypeScript it is said so, and columns are those of characters", bundling, async () => {
  const { text, column } = await failure({ "fn.ts": "let é: string = '€'; let x: = 1" });
  assert.deepEqual([text, column], ['This is not TypeScript: "=" is not expected here.', 29]);
});

Deno.test("what there are no words for is kept for those who look for the reason", () => {
  const message = {
    id: "",
    pluginName: "",
    text: "Something new",
    location: null,
    notes: [],
    detail: undefined,
  };
  assert.deepEqual(inOurWords(message, "/"), {
    kind: "syntax",
    text: "This cannot be bundled.",
    original: "Something new",
  });
});

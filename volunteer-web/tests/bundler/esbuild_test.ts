import assert from "node:assert/strict";
import { bundled, bundling, failure, GOOD, outcomeOf, result, warnings } from "../support/bundling.ts";

Deno.test(
  "a module alone",
  bundling,
  async () => assert.deepEqual(await result({ "fn.js": GOOD }, "7"), "49"),
);

Deno.test("relative modules, JSON, a package of node_modules, and global", bundling, async () => {
  const files = {
    "fn.js": `var add = require('./lib/add'), data = require('./data.json'), pack = require('pack')
      global.seen = 1
      module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, pack(add(+x, data.n)) + seen) }`,
    "lib/add.js": "module.exports = (a, b) => a + b",
    "data.json": '{"n": 40}',
    "node_modules/pack/package.json": '{"name": "pack", "main": "node.js", "browser": "browser.js"}',
    "node_modules/pack/node.js": "module.exports = () => 'for node'",
    "node_modules/pack/browser.js": "module.exports = (n) => '<' + n + '>'",
  };
  assert.equal(await result(files, "2"), "<42>1");
});

Deno.test("a file that is not there", bundling, async () => {
  const outcome = await bundled("/nowhere/fn.js");
  assert.deepEqual(outcome, {
    ok: false,
    error: { kind: "missing-file", text: "There is no file /nowhere/fn.js.", file: "/nowhere/fn.js" },
    files: ["fn.js"],
  });
});

Deno.test("a syntax error has a place: file, line, column and the line itself", bundling, async () => {
  const { kind, file, line, column, source, folder } = await failure({
    "fn.js": "require('./lib')",
    "lib.js": "var a = 1\nvar b = = 2\n",
  });
  assert.deepEqual([kind, file, line, column, source], ["syntax", `${folder}/lib.js`, 2, 9, "var b = = 2"]);
});

Deno.test(
  "a package and a file that are missing are named with the place that asks",
  bundling,
  async () => {
    const { kind, text, line } = await failure({ "fn.js": GOOD + "require('left-pad')" });
    assert.deepEqual([kind, line], ["resolve", 2]);
    assert.ok(text.includes('"left-pad"') && text.includes("node_modules"), text);
    const relative = await failure({ "fn.js": GOOD + "require('./gone')" });
    assert.ok(relative.kind === "resolve" && relative.text.includes('"./gone"'), relative.text);
  },
);

Deno.test(
  "what a package lacks in browsers is empty there; in the user's own file that is said",
  bundling,
  async () => {
    const files = {
      "fn.js": `var fs = require('fs'), pack = require('pack')
      module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, typeof fs.readFileSync + pack + __dirname) }`,
      "node_modules/pack/index.js": "var net = require('net'); module.exports = Object.keys(net).length",
    };
    assert.equal(await result(files, "1"), "undefined0/");
    const said = await warnings(files);
    assert.deepEqual(said.map(({ line, column, source }) => [line, column, source]), [[
      1,
      18,
      "var fs = require('fs'), pack = require('pack')",
    ]]);
    assert.ok(said[0].text.includes('no module "fs"'), said[0].text);
    const { kind, text, line } = await failure({
      "fn.mjs": "\nimport { readFileSync } from 'node:fs'\nexport default (x) => x",
    });
    assert.deepEqual([kind, text, line], [
      "resolve",
      'Volunteers have no module "node:fs": it is part of Node.js.',
      2,
    ]);
  },
);

Deno.test("a strict module does not make strict what it requires", bundling, async () => {
  const sloppy = {
    "node_modules/old/index.js": "leaked = 2; module.exports = function (x) { return x * leaked }",
    "tsconfig.json": '{"compilerOptions": {"strict": true, "alwaysStrict": true}}',
  };
  const forms: [name: string, text: string][] = [
    ["fn.js", "'use strict'; var old = require('old'); module.exports = (x) => old(x)"],
    ["fn.js", "mine = 1; var old = require('old'); module.exports = (x) => old(x) * mine"],
    ["fn.ts", "import old from 'old'; export default (x: string) => old(+x)"],
    ["fn.mjs", "import old from 'old'; export default (x) => old(+x)"],
  ];
  for (const [name, text] of forms) {
    assert.deepEqual(await result({ [name]: text, ...sloppy }, "21", name), "42", text);
  }
  const strict = await failure({ "fn.js": "'use strict'; require('old'); mine = 1", ...sloppy });
  assert.ok(strict.text.includes("mine is not defined") && strict.line === 1, JSON.stringify(strict));
});

Deno.test("the files that it is made of are named, whatever they are", bundling, async () => {
  const files = {
    "fn.mjs": `import './a.txt'; import './b.dat' with { type: 'bytes' }; import data from './lib/c.json';
      import { deep } from './lib/d.ts'; import wasm from './e.wasm'; import 'node:path'; import p from 'p'
      export default (x) => Buffer.from(x + data + deep + wasm + p)`,
    "a.txt": "",
    "b.dat": "",
    "lib/c.json": "{}",
    "lib/d.ts": "export const deep: number = 1",
    "e.wasm": Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0]),
    "node_modules/p/index.js": "module.exports = 1",
  };
  const named = (await outcomeOf(files, "fn.mjs")).files;
  assert.deepEqual([...named].sort(), Object.keys(files).sort());
});

Deno.test("texts and bytes of files", bundling, async () => {
  const files = {
    "fn.mjs": `import text from './a.txt'; import also from './b.html' with { type: 'text' }
      import bytes from './a.txt' with { type: 'bytes' }; import data from './c.json' with { type: 'json' }
      export default (x) => [text, also, bytes.length, data.n, x].join()`,
    "a.txt": "ä",
    "b.html": "<p>",
    "c.json": '{"n": 1}',
  };
  assert.equal(await result(files, "1", "fn.mjs"), "ä,<p>,2,1,1");
  assert.deepEqual(
    await result({ "fn.js": "const t = require('./a.txt'); module.exports = () => t", "a.txt": "b" }, ""),
    "b",
  );
});

Deno.test("pando-computing is there however it is asked for", bundling, async () => {
  const ways = {
    "later.mjs": `export default async (x) => {
      const { report, version, default: all } = await import("pando-computing");
      return [typeof report, version === all.version, x].join();
    }`,
    "later.js": `module.exports = async (x) => {
      const { report, version } = await import("pando-computing");
      return [typeof report, version === require("pando-computing").version, x].join();
    }`,
    "now.mjs": `import { report, version } from "pando-computing";
      import all from "pando-computing";
      export default (x) => [typeof report, version === all.version, x].join()`,
    "on.mjs": `export * as pando from "pando-computing"; import { pando } from "./on.mjs";
      export default (x) => [typeof pando.report, true, x].join()`,
  };
  for (const name of Object.keys(ways)) {
    assert.equal(await result(ways, "1", name), "function,true,1", name);
    assert.deepEqual((await outcomeOf(ways, name)).files, [name]);
  }
});

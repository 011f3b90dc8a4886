import assert from "node:assert/strict";
import {
  bundled,
  bundling,
  failure,
  GOOD,
  outcomeOf,
  result,
  results,
  warnings,
  withFiles,
} from "../support/bundling.ts";

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
  assert.deepEqual(await result(files, "2"), "<42>1");
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

Deno.test(
  "what a package lacks in browsers is empty there; in the user's own file that is said",
  bundling,
  async () => {
    const files = {
      "fn.js": `var fs = require('fs'), pack = require('pack')
      module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, typeof fs.readFileSync + pack + __dirname) }`,
      "node_modules/pack/index.js": "var net = require('net'); module.exports = Object.keys(net).length",
    };
    assert.deepEqual(await result(files, "1"), "undefined0/");
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
    ["export default (x) => x; const a: number = 1", "syntax", "Expected"],
    ["import { a } from './gone.js'; export default a", "resolve", 'There is no module "./gone.js".'],
    ["import './broken.ts'", "syntax", "Unexpected"],
    ["import x from './fn.csv'", "syntax", "is imported with { type: 'text' }"],
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

Deno.test("a failure names the files that were looked at", bundling, async () => {
  const beside = {
    "lib/good.js": "require('../data.json')",
    "lib/bad.js": "var b = = 2",
    "data.json": "{}",
    "broken.wasm": "no wasm",
  };
  const modules: [text: string, ...files: string[]][] = [
    ["require('./lib/good'); require('./lib/bad')", "data.json", "lib/bad.js", "lib/good.js"],
    ["require('./lib/good'); require('./gone')", "data.json", "lib/good.js"],
    ["require('./broken.wasm')", "broken.wasm"],
    ["var b = = 2"],
    ["require('./lib/good'); throw new Error('while loading')", "data.json", "lib/good.js"],
    ["require('./lib/good'); module.exports = 7", "data.json", "lib/good.js"],
  ];
  for (const [text, ...files] of modules) {
    await withFiles({ "fn.js": text, ...beside }, async (folder) => {
      const outcome = await bundled(`${folder}/fn.js`);
      assert.ok(!outcome.ok, text);
      assert.deepEqual(
        outcome.files.filter((name) => !name.includes("gone")).sort(),
        [...files, "fn.js"].sort(),
        text,
      );
    });
  }
  await withFiles({ "lib/a.js": "require('../gone')", "fn.js": "require('./lib/a')" }, async (folder) => {
    const outcome = await bundled(`${folder}/fn.js`);
    assert.ok(
      !outcome.ok && ["gone", "gone.js", "gone.json"].every((name) => outcome.files.includes(name)),
      "gone",
    );
  });
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
  assert.deepEqual(await result(files, "1", "fn.mjs"), "ä,<p>,2,1,1");
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
    assert.deepEqual(await result(ways, "1", name), "function,true,1", name);
    assert.deepEqual((await outcomeOf(ways, name)).files, [name]);
  }
});

Deno.test("the command prints one JSON object and nothing else, whatever the module prints", async () => {
  const { build } = await import("../../build.ts");
  const files = {
    "fn.js": "console.log('noise')\n" + GOOD,
    ...Object.fromEntries((await build()).client),
  };
  await withFiles(files, async (folder) => {
    const flags = ["--no-prompt", "--no-config", "--no-lock", "--unstable-worker-options", "--allow-read"];
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...flags, "--allow-env", "--allow-run", "--allow-sys", "bundler.js", "fn.js"],
      cwd: folder,
    });
    const printed = async () => {
      const { stdout, stderr, code } = await command.output();
      assert.deepEqual([new TextDecoder().decode(stderr), code], ["", 0]);
      return new TextDecoder().decode(stdout);
    };
    assert.deepEqual(JSON.parse(await printed()).ok, true);
    await Deno.writeTextFile(`${folder}/fn.js`, "throw new Error('\\ud83d')");
    // An escape of half a character is what strict readers refuse.
    assert.ok(
      (await printed()).includes("Loading the module failed: Error: \ufffd"),
      "it is not well-formed",
    );
  });
});

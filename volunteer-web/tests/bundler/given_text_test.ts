import assert from "node:assert/strict";
import { bundledText, bundling, withFiles } from "../support/bundling.ts";
import { withWorker } from "../support/workers.ts";
import { clearest } from "../../src/bundler/given_text.ts";
import type { BundleOutcome } from "../../src/bundler/outcome.ts";

const FILES = {
  "lib.js": "module.exports = (x) => `lib ${x}`\n",
  "bad.js": "\nvar b = = 2\n",
  "node_modules/pack/index.js": "module.exports = (x) => `pack ${x}`\n",
};

/** Bundles a text beside a few files and calls `body` with what came of it. */
async function text(
  text: string,
  isExpression: boolean,
  body: (outcome: BundleOutcome, folder: string) => unknown,
): Promise<void> {
  await withFiles(
    FILES,
    async (folder) =>
      void await body(
        await bundledText(text, folder, isExpression ? "-e" : "/dev/fd/63", isExpression),
        folder,
      ),
  );
}

/** Returns what the function of a text makes of "7". */
async function result(given: string, isExpression = true): Promise<string> {
  let value = "";
  await text(given, isExpression, async (outcome, folder) => {
    assert.ok(outcome.ok, JSON.stringify(outcome));
    assert.ok(!(outcome.code + outcome.map).includes(folder), "a path of this machine is in it");
    await withWorker(outcome.code, async (worker) => {
      [[, value]] = await worker.run(["7"]);
    });
  });
  return value;
}

/** Returns where and why a text is refused. */
async function refused(given: string, isExpression = true): Promise<string> {
  let said = "";
  await text(given, isExpression, (outcome, folder) => {
    assert.ok(!outcome.ok, "it was bundled");
    const { file, line, column, text, source } = outcome.error;
    said = `${file}:${line}:${column}: ${text} | ${source}`.replace(folder, "FOLDER");
  });
  return said;
}

Deno.test("an expression is a function in any of its forms", bundling, async () => {
  for (
    const given of [
      "x => x * x",
      "x => x * x;",
      " \n(x) => x * x // squared",
      "async x => { await null; return x * x }",
      "function (x, cb) { cb(null, x * x) }",
      "(x, cb) => setTimeout(cb, 1, null, x * x)",
      "function square(x) { return x * x }",
      "(x: string): number => +x * +x",
      "module.exports = x => x * x",
      "module.exports['/pando/1.0.0'] = (x, cb) => cb(null, x * x)",
      "export default x => x * x",
      "const f = x => x * x\nmodule.exports = f",
      "require('node:util').promisify((x, cb) => cb(null, x * x))",
      "(() => { let n = 0; return x => { n++; return x * x } })()",
    ]
  ) assert.equal(await result(given), "49", given);
});

Deno.test("a module on standard input is one, or an expression", bundling, async () => {
  for (
    const given of [
      "'use strict'\nmodule.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x * x) }\n",
      "export default (x: string): number => +x * +x",
      "\ufeffexports['/pando/1.0.0'] = (x, cb) => cb(null, x * x)",
      "x => x * x\n",
    ]
  ) assert.equal(await result(given, false), "49", given);
});

Deno.test("what it requires is found in its folder", bundling, async () => {
  assert.equal(await result("require('./lib')"), "lib 7");
  assert.equal(await result("x => require('pack')(x)"), "pack 7");
  assert.equal(await result("import f from './lib.js'; export default f", false), "lib 7");
  await text("require('./lib')", true, (outcome) => assert.deepEqual(outcome.files, ["lib.js"]));
});

Deno.test("errors point at places in the text as it was given", bundling, async () => {
  for (
    const [given, said] of Object.entries({
      "x => x * }": '-e:1:10: This is not JavaScript: "}" is not expected here. | x => x * }',
      "x =>\n  x * }": '-e:2:7: This is not JavaScript: "}" is not expected here. |   x * }',
      "const f = x => x*; module.exports = f":
        '-e:1:18: This is not JavaScript: ";" is not expected here. | const f = x => x*; module.exports = f',
      "x => require('./gone')": "-e:1:14: There is no module \"./gone\". | x => require('./gone')",
      "require('./bad')":
        'FOLDER/bad.js:2:9: This is not JavaScript: "=" is not expected here. | var b = = 2',
      "nothing": "-e:1:1: Loading the module failed: ReferenceError: nothing is not defined | nothing",
      "\nx => x +\n": "-e:3:1: The file ends too early: a statement is not finished. | ",
      "5": "-e:undefined:undefined: This is not a function: -e 'x => x * x' gives one. | undefined",
      "let x = 5": "-e:undefined:undefined: This is not a function: -e 'x => x * x' gives one. | undefined",
    })
  ) assert.equal(await refused(given), said, given);
  assert.equal(
    await refused("\nmodule.exports = x => y +* 3", false),
    '/dev/fd/63:2:26: This is not JavaScript: "*" is not expected here. | module.exports = x => y +* 3',
  );
  assert.match(
    await refused("var n = 1", false),
    /: Incompatible module, missing '\/pando\/1\.0\.0' property/,
  );
  assert.match(await refused("module.exports = 7; throw new Error('no')", false), /^\/dev\/fd\/63:1:27: /);
});

Deno.test("warnings do too", bundling, async () => {
  await text("x => require('fs') && x", true, (outcome) => {
    assert.ok(outcome.ok);
    assert.deepEqual(outcome.warnings.map(({ file, line, column }) => [file, line, column]), [["-e", 1, 14]]);
  });
});

Deno.test("of two readings that are broken, the one that got further is told", () => {
  const given = { text: "", folder: "/", name: "-e", isExpression: true };
  const broken = (line: number, column: number): BundleOutcome => (
    { ok: false, error: { kind: "syntax", text: "", line, column }, files: [] }
  );
  const outcomes = [broken(1, 5), broken(2, 1), broken(1, 9), broken(2, 1)];
  assert.equal(clearest(outcomes, given), outcomes[1]);
  assert.equal(clearest([broken(1, 5), outcomes[2]], given), outcomes[2]);
});

import assert from "node:assert/strict";
import { build } from "../../build.ts";
import { bundled } from "../support/bundling.ts";
import { FIRST_LINE_SHIFT } from "../../src/worker/script.ts";
import { Tracer } from "../../src/bundler/source_map.ts";
import { withWorker } from "../support/workers.ts";

const FILES = {
  "fn.js": `var lib = require('./lib/deep')
module.exports['/pando/1.0.0'] = function (x, cb) {
  if (x === 'back') return cb(new Error('called back'))
  if (x === 'later') return void setTimeout(() => { throw new Error('uncaught') })
  if (x === 'async') return (async () => { await null; lib.run(x) })()
  lib.run(x)
}
`,
  "lib/deep.js": `'use strict'
exports.run = function run(x) {
  return [x].map(function each(y) { throw new TypeError('deep ' + y) })
}
`,
};

let made: Promise<{ code: string; map: string }> | null = null;

/** The bundle of these files. */
function bundle(): Promise<{ code: string; map: string }> {
  return made ??= (async () => {
    const folder = await Deno.makeTempDir();
    await Deno.mkdir(`${folder}/lib`);
    for (const [name, text] of Object.entries(FILES)) await Deno.writeTextFile(`${folder}/${name}`, text);
    const outcome = await bundled(`${folder}/fn.js`);
    await Deno.remove(folder, { recursive: true });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    return outcome;
  })();
}

// esbuild's program runs on between bundlings.
const options = { sanitizeResources: false, sanitizeOps: false };

const stacks: [item: string, lines: string[]][] = [
  ["back", ["Error: called back", "    at module.exports./pando/1.0.0 (fn.js:3:31)"]],
  ["later", ["Error: uncaught", "    at Timeout.eval [as _onTimeout] (fn.js:4:59)"]],
  [
    "sync",
    [
      "TypeError: deep sync",
      "    at each (lib/deep.js:3:43)",
      "    at Array.map (<anonymous>)",
      "    at Object.run (lib/deep.js:3:14)",
      "    at module.exports./pando/1.0.0 (fn.js:6:7)",
    ],
  ],
  [
    "async",
    [
      "TypeError: deep async",
      "    at each (lib/deep.js:3:43)",
      "    at Array.map (<anonymous>)",
      "    at Object.run (lib/deep.js:3:14)",
      "    at eval (fn.js:5:60)",
    ],
  ],
];
for (const [item, lines] of stacks) {
  Deno.test(
    `a stack of this runtime, "${item}", is one of the user's files and nothing else`,
    options,
    async () => {
      const { code, map } = await bundle();
      await withWorker(code, async (worker) => {
        const [[kind, value]] = await worker.run([item]);
        assert.deepEqual([kind, new Tracer(map).stack(JSON.parse(value).stack).split("\n")], [1, lines]);
      });
    },
  );
}

const RECORDED = {
  "Chromium": [
    `TypeError: deep 1
    at each (pando-function.js:16:15)
    at Array.map (<anonymous>)
    at Object.run (pando-function.js:15:18)
    at module.exports./pando/1.0.0 (pando-function.js:33:7)
    at #S (blob:null/dc6c9287-9be7-4fe0-8965-d0d780eae179:3:1678)`,
    `TypeError: deep 1
    at each (lib/deep.js:3:43)
    at Array.map (<anonymous>)
    at Object.run (lib/deep.js:3:14)
    at module.exports./pando/1.0.0 (fn.js:6:7)
    at #S (blob:null/dc6c9287-9be7-4fe0-8965-d0d780eae179:3:1678)`,
  ],
  "Firefox": [
    `each@pando-function.js:16:15
run@pando-function.js:15:18
module.exports["/pando/1.0.0"]@pando-function.js:33:7
#S@blob:null/b825ae3c-96f8-47cc-844f-8bb207a4491c:3:1679
`,
    `each@lib/deep.js:3:43
run@lib/deep.js:3:14
module.exports["/pando/1.0.0"]@fn.js:6:7
#S@blob:null/b825ae3c-96f8-47cc-844f-8bb207a4491c:3:1679
`,
  ],
  "Safari": [
    `each@pando-function.js:16:28
map@[native code]
run@pando-function.js:15:21
@pando-function.js:33:10
eval code@
#S@blob:null/b825ae3c-96f8-47cc-844f-8bb207a4491c:3:1679`,
    `each@lib/deep.js:3:47
map@[native code]
run@lib/deep.js:3:14
@fn.js:6:7
eval code@
#S@blob:null/b825ae3c-96f8-47cc-844f-8bb207a4491c:3:1679`,
  ],
};
for (const [browser, [recorded, mapped]] of Object.entries(RECORDED)) {
  Deno.test(`a stack as ${browser} writes it`, options, async () => {
    assert.deepEqual(new Tracer((await bundle()).map).stack(recorded), mapped);
  });
}

Deno.test("positions outside the user's files stay as they are", options, async () => {
  const tracer = new Tracer((await bundle()).map);
  for (const position of ["1:1", "1:99999", "5:3", "9999:1", "0:0", "99999999999999999999:1"]) {
    const stack = `f@pando-function.js:${position}`;
    assert.deepEqual(tracer.stack(stack), stack);
  }
  assert.deepEqual(tracer.first("Error\n    at x (pando-function.js:1:1)"), null);
});

Deno.test("columns of the bundle's first line are counted from its begin", () => {
  const tracer = new Tracer('{"version":3,"sources":["a.js"],"names":[],"mappings":"IAAA"}');
  assert.deepEqual(tracer.stack(`f@pando-function.js:1:${FIRST_LINE_SHIFT + 5}`), "f@a.js:1:1");
  assert.deepEqual(tracer.stack("f@pando-function.js:1:5"), "f@pando-function.js:1:5");
});

Deno.test("the command maps one stack, without permissions, and says when it was given something else", async () => {
  const script = await Deno.makeTempFile({ suffix: ".js" });
  await Deno.writeTextFile(script, (await build()).client.get("tracer.js")!);
  const run = async (input: string) => {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-remote", script],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = process.output();
    await new Blob([input]).stream().pipeTo(process.stdin);
    const { code, stdout, stderr } = await output;
    return [code, new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)];
  };
  const { map } = await bundle();
  const stack = "TypeError: é\n    at each (pando-function.js:16:15)";
  assert.deepEqual(await run(JSON.stringify({ map, stack })), [
    0,
    JSON.stringify({ stack: "TypeError: é\n    at each (lib/deep.js:3:43)" }) + "\n",
    "",
  ]);
  assert.deepEqual(await run(JSON.stringify({ map: "no map", stack })), [
    0,
    JSON.stringify({ stack }) + "\n",
    "",
  ]);
  for (const input of ["", "[]", "{", '{"map": 1, "stack": ""}', "null"]) {
    assert.deepEqual(await run(input), [1, "", "The tracer takes a map and a stack.\n"]);
  }
  await Deno.remove(script);
});

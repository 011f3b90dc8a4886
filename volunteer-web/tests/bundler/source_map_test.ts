import assert from "node:assert/strict";
import { Tracer } from "../../src/bundler/source_map.ts";
import { FIRST_LINE_SHIFT } from "../../src/worker/script.ts";
import { bundling } from "../support/bundling.ts";
import { tracedBundle } from "../support/traced.ts";
import { withWorker } from "../support/workers.ts";

const stacks: [item: string, lines: string[]][] = [
  ["back", ["Error: called back", "    at module.exports./pando/1.0.0 (fn.js:3:31)"]],
  ["later", ["Error: uncaught", "    at eval (fn.js:4:59)"]],
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
    bundling,
    async () => {
      const { code, map } = await tracedBundle();
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
  Deno.test(`a stack as ${browser} writes it`, bundling, async () => {
    assert.deepEqual(new Tracer((await tracedBundle()).map).stack(recorded), mapped);
  });
}

Deno.test("positions outside the user's files stay as they are", bundling, async () => {
  const tracer = new Tracer((await tracedBundle()).map);
  for (const position of ["1:1", "1:99999", "5:3", "9999:1", "0:0", "99999999999999999999:1"]) {
    const stack = `f@pando-function.js:${position}`;
    assert.deepEqual(tracer.stack(stack), stack);
  }
  assert.equal(tracer.first("Error\n    at x (pando-function.js:1:1)"), null);
});

for (const [browser, [recorded]] of Object.entries(RECORDED)) {
  Deno.test(
    `the calls of a stack as ${browser} writes it are those in files of the user`,
    bundling,
    async () => {
      const calls = new Tracer((await tracedBundle()).map).calls(recorded);
      assert.deepEqual(calls.map(({ name, file, line }) => [name, file, line]), [
        ["each", "lib/deep.js", 3],
        ["run", "lib/deep.js", 3],
        ["", "fn.js", 6],
      ]);
    },
  );
}

Deno.test("what is in no file of the user is no call of his", () => {
  const names = ["node:buffer", "pando:entry", "<stdin>", "wasm:lib/x.wasm", "url:x.png", "../lib/a.js"];
  const tracer = new Tracer(JSON.stringify({
    version: 3,
    sources: names,
    names: [],
    mappings: "AAAA;ACAA;ACAA;ACAA;ACAA;ACAA",
  }));
  const at = (line: number) => `at f (pando-function.js:${line}:${line === 1 ? FIRST_LINE_SHIFT + 1 : 1})`;
  const stack = names.map((_, i) => at(i + 1)).join("\n");
  assert.deepEqual(tracer.calls(stack), [{ name: "f", file: "../lib/a.js", line: 1, column: 1 }]);
  assert.deepEqual(tracer.first(stack), { file: "../lib/a.js", line: 1, column: 1 });
  const foreign = [
    "at #R (blob:null/b825ae3c:4:6209)",
    "at #R (http://h:5000/page_frame.html:4:6209)",
    "#R@blob:null/b825ae3c:4:6209",
    "at f (other.js:6:1)",
    "f@pando-function.js line 3 > eval:1:1",
    "at f (../lib/a.js:1:1)",
    "at f (my-pando-function.js:6:1)",
  ];
  assert.deepEqual(tracer.calls(foreign.join("\n")), []);
});

Deno.test("columns of the bundle's first line are counted from its begin", () => {
  const tracer = new Tracer('{"version":3,"sources":["a.js"],"names":[],"mappings":"IAAA"}');
  assert.deepEqual(tracer.stack(`f@pando-function.js:1:${FIRST_LINE_SHIFT + 5}`), "f@a.js:1:1");
  assert.equal(tracer.stack("f@pando-function.js:1:5"), "f@pando-function.js:1:5");
});

import assert from "node:assert/strict";
import { withImportMeta } from "../../src/bundler/import_meta.ts";
import { bundling, outcomeOf, result } from "../support/bundling.ts";

Deno.test("what there is in import.meta, in the user's files and in packages", bundling, async () => {
  const files = {
    "fn.mjs": `import p from 'p'
      const { url } = import.meta
      export default () => [url, import.meta.dirname, import.meta.filename, import.meta.main,
        import.meta.env.MODE, typeof import.meta.resolve, p].join()`,
    "node_modules/p/index.mjs": "export default new URL('./x/', import.meta.url).pathname",
    "node_modules/p/package.json": '{"main": "index.mjs"}',
  };
  assert.equal(
    await result(files, "", "fn.mjs"),
    "file:///index.js,/,/index.js,false,production,undefined,/x/",
  );
});

Deno.test("it is said in the user's own files what there is instead, with the place", bundling, async () => {
  const asked: [expression: string, said: RegExp][] = [
    ["import.meta.url", /^import\.meta\.url is "file:\/\/\/index\.js" at volunteers, .*bytes/],
    ["import.meta.dirname", /^import\.meta\.dirname is "\/"/],
    ["import.meta.filename", /^import\.meta\.filename is "\/index\.js"/],
    ["import.meta.main", /^import\.meta\.main is false/],
    ["import.meta?.env.KEY", /^import\.meta\.env says only/],
    ["import.meta.resolve", /^import\.meta\.resolve is not there/],
    ["import.meta.hot", /^import\.meta has only url, /],
    ["import.meta", /^import\.meta has only url, /],
    ["new URL('./gone.bin', import.meta.url)", /^There is no file "\.\/gone\.bin" that could come along/],
    ["new URL('https://a.example/', import.meta.url)", /^import\.meta\.url is/],
  ];
  for (const [expression, said] of asked) {
    const text = `\nexport default (x) => ["é", String(${expression})]`;
    const { warnings } = await outcomeOf({ "fn.mjs": text }, "fn.mjs");
    assert.equal(warnings.length, 1, expression);
    assert.match(warnings[0].text, said);
    const column = text.slice(1).indexOf("import.meta") + 1;
    assert.deepEqual([warnings[0].line, warnings[0].column], [2, column], expression);
  }
});

Deno.test("a file beside the module comes along by its address", bundling, async () => {
  const files = {
    "fn.mjs": `const image = new URL("./lib/x.bin", import.meta.url)
      export default async () => [image.protocol, new Uint8Array(await (await fetch(image)).arrayBuffer())].join()`,
    "lib/x.bin": Uint8Array.from([0, 200, 255]),
  };
  assert.equal(await result(files, "", "fn.mjs"), "data:,0,200,255");
  const { warnings, files: names } = await outcomeOf(files, "fn.mjs");
  assert.deepEqual([warnings, [...names].sort()], [[], ["fn.mjs", "lib/x.bin"]]);
});

Deno.test("only what the bundler wrote is filled in", () => {
  const text =
    "var import_meta = {};\n  import_meta2 = {};\nvar import_metas = {}; import_meta = {};\nimport_meta = {a};\n";
  const lines = withImportMeta(text).split("\n");
  assert.deepEqual(lines.map((line) => line.includes("file:///index.js")), [true, true, false, false, false]);
});

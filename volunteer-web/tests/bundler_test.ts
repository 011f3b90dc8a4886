import { bundleAndCheck, type BundleError } from "../src/bundler.ts";
import { assert, assertSame } from "./helpers.ts";
import { withWorker } from "./worker_helpers.ts";

const GOOD = "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x * x) }\n";

/** Runs `body` in a new folder with these files. */
async function withFiles(
  files: Record<string, string>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Bundles `fn.js` of these files and returns what the function makes of `item`. */
async function result(files: Record<string, string>, item: string): Promise<string> {
  let value = "";
  await withFiles(files, async (folder) => {
    const outcome = await bundleAndCheck(`${folder}/fn.js`);
    assert(outcome.ok, JSON.stringify(outcome));
    assert(
      !outcome.code.includes(folder) && !outcome.map.includes(folder),
      "a path of this machine is in it",
    );
    await withWorker(outcome.code, async (worker) => {
      value = (await worker.run([item]))[0][1];
    });
  });
  return value;
}

/** Bundles `fn.js` of these files and returns why that fails. */
async function failure(files: Record<string, string>): Promise<BundleError & { folder: string }> {
  let error: BundleError & { folder: string } | undefined;
  await withFiles(files, async (folder) => {
    const outcome = await bundleAndCheck(`${folder}/fn.js`);
    assert(!outcome.ok, "it was bundled");
    error = { ...outcome.error, folder };
  });
  return error!;
}

// esbuild's program runs on between bundlings.
const options = { sanitizeResources: false, sanitizeOps: false };

Deno.test("a module alone", options, async () => assertSame(await result({ "fn.js": GOOD }, "7"), "49"));

Deno.test("relative modules, JSON, a package of node_modules, and global", options, async () => {
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
  assertSame(await result(files, "2"), "<42>1");
});

Deno.test("a file that is not there", options, async () => {
  const outcome = await bundleAndCheck("/nowhere/fn.js");
  assertSame(outcome, {
    ok: false,
    error: { kind: "missing-file", text: "There is no file /nowhere/fn.js.", file: "/nowhere/fn.js" },
  });
});

Deno.test("a syntax error has a place: file, line, column and the line itself", options, async () => {
  const { kind, file, line, column, source, folder } = await failure({
    "fn.js": "require('./lib')",
    "lib.js": "var a = 1\nvar b = = 2\n",
  });
  assertSame([kind, file, line, column, source], ["syntax", `${folder}/lib.js`, 2, 9, "var b = = 2"]);
});

Deno.test(
  "a package that is missing, and a part of Node.js, are named with the place that asks",
  options,
  async () => {
    const { kind, text, line } = await failure({ "fn.js": GOOD + "require('left-pad')" });
    assertSame([kind, line], ["resolve", 2]);
    assert(text.includes('"left-pad"') && text.includes("node_modules"), text);
    const node = await failure({ "fn.js": GOOD + "require('fs')" });
    assert(node.kind === "resolve" && node.text.includes("part of Node.js"), node.text);
    const relative = await failure({ "fn.js": GOOD + "require('./gone')" });
    assert(relative.kind === "resolve" && relative.text.includes('"./gone"'), relative.text);
  },
);

Deno.test("exports that volunteers cannot call", options, async () => {
  const missing = await failure({ "fn.js": "module.exports = {}" });
  assertSame([missing.kind, missing.text], [
    "export-missing",
    "Incompatible module, missing '/pando/1.0.0' property",
  ]);
  for (const value of ["(x) => x", "7", "function (a, b, c) {}"]) {
    const { kind, text } = await failure({ "fn.js": `module.exports['/pando/1.0.0'] = ${value}` });
    assertSame([kind, text], [
      "export-shape",
      "Incompatible module, '/pando/1.0.0' property is not a function or does not expect two arguments",
    ]);
  }
});

Deno.test(
  "an error while loading is told, but that a browser's global is missing here is none",
  options,
  async () => {
    const { kind, text } = await failure({ "fn.js": "throw new TypeError('no way')" });
    assertSame([kind, text], ["load", "Loading the module failed: TypeError: no way"]);
    const deep = await failure({
      "fn.js": "// first\nvar lib = require('./lib/deep')",
      "lib/deep.js": "var a = 1\r\n  vra.x = a\r\n",
    });
    assertSame([deep.file, deep.line, deep.column], [`${deep.folder}/lib/deep.js`, 2, 3]);
    assertSame([deep.source, deep.kind], ["  vra.x = a", "load"]);
    const said = await failure({ "fn.js": "throw 'only text'" });
    assertSame([said.text, said.line], ["Loading the module failed: only text", undefined]);
    const typo = await failure({ "fn.js": "vra.x = 1" });
    assertSame([typo.kind, typo.text], [
      "load",
      "Loading the module failed: ReferenceError: vra is not defined",
    ]);
    await withFiles({ "fn.js": "var c = document.createElement('canvas')\n" + GOOD }, async (folder) => {
      assert((await bundleAndCheck(`${folder}/fn.js`)).ok, "refused");
    });
  },
);

Deno.test("the command prints one JSON object and nothing else, whatever the module prints", async () => {
  const { build } = await import("../build.ts");
  const files = {
    "fn.js": "console.log('noise')\n" + GOOD,
    "bundler.js": (await build()).client.get("bundler.js")!,
  };
  await withFiles(files, async (folder) => {
    const flags = ["--no-prompt", "--no-config", "--no-lock", "--unstable-worker-options", "--allow-read"];
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", ...flags, "--allow-env", "--allow-run", "bundler.js", "fn.js"],
      cwd: folder,
    });
    const { stdout, stderr, code } = await command.output();
    assertSame([new TextDecoder().decode(stderr), code], ["", 0]);
    assertSame(JSON.parse(new TextDecoder().decode(stdout)).ok, true);
  });
});

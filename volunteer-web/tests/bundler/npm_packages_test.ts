import assert from "node:assert/strict";
import { bundling, failure, outcomeOf, result } from "../support/bundling.ts";

Deno.test("npm: specifiers are installed, in the versions that they name", bundling, async () => {
  const files = {
    "fn.ts": `import BigNumber from "npm:bignumber.js@9.1.2";
      import older from "npm:bignumber.js@8.1.1/bignumber.js";
      import { sha256 } from "./hash.ts";
      export default (x: string) => [new BigNumber(x).pow(20).toFixed(), older === BigNumber, sha256(x)].join();`,
    "hash.ts": `import sha from "npm:sha.js@2";
      export const sha256 = (x: string) => new sha.sha256().update(x).digest("hex").slice(0, 8);`,
  };
  assert.equal(await result(files, "11", "fn.ts"), "672749994932560009201,false,4fc82b26");
  const { code, map } = await outcomeOf(files, "fn.ts");
  assert.ok(map.includes("npm:bignumber.js@9.1.2/node_modules/"), "the package is not named in the map");
  assert.ok(code.includes("// hash.ts"), "the user's file is not named");
});

Deno.test("one that is installed beside the module is taken from there", bundling, async () => {
  const files = {
    "fn.js": "import x from 'npm:bignumber.js@9'; import y from 'npm:@a/b/c.js'; export default () => x + y",
    "node_modules/bignumber.js/package.json": '{"main": "mine.js"}',
    "node_modules/bignumber.js/mine.js": "module.exports = 'beside'",
    "node_modules/@a/b/c.js": "module.exports = ' too'",
  };
  assert.equal(await result(files, ""), "beside too");
});

Deno.test("one that there is not is an error with its place", bundling, async () => {
  const text = "// first\nimport x from 'npm:bignumber.js@99999'\nexport default () => x";
  const error = await failure({ "fn.mjs": text });
  assert.deepEqual([error.kind, error.line, error.source], [
    "resolve",
    2,
    "import x from 'npm:bignumber.js@99999'",
  ]);
  assert.equal(error.text, 'The package "bignumber.js@99999" cannot be installed: it has no such version.');
  assert.ok(error.original?.includes("99999"), error.original);
  const part = await failure({
    "fn.mjs": "import x from 'npm:bignumber.js@9.1.2/gone.js'\nexport default () => x",
  });
  assert.deepEqual([part.kind, part.line], ["resolve", 1]);
  const nothing = await failure({ "fn.mjs": "import x from 'npm:'\nexport default () => x" });
  assert.equal(nothing.text, '"npm:" does not name a package.');
});

import assert from "node:assert/strict";
import { bundling, failure, outcomeOf, result } from "../support/bundling.ts";

/** Runs a function of the original that calls back with the value of `expression`. */
function valueOf(expression: string, item = "x", more: Record<string, string> = {}): Promise<string> {
  const text = `module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, ${expression}) }`;
  return result({ "fn.js": text, ...more }, item);
}

Deno.test("Buffer, as a global and required, with new and without", bundling, async () => {
  assert.equal(await valueOf("new Buffer(x).toString('hex')", "é"), "c3a9");
  assert.equal(await valueOf("Buffer(3).length + Buffer.from(x, 'base64').toString()", "aGk="), "3hi");
  assert.equal(await valueOf("require('buffer').Buffer === Buffer"), "true");
  assert.equal(await valueOf("require('node:buffer').Buffer.isBuffer(Buffer.alloc(1))"), "true");
  assert.deepEqual(await valueOf("(function () { var Buffer = 7; return Buffer })()"), "7");
});

Deno.test("process, global, setImmediate and nextTick", bundling, async () => {
  assert.deepEqual(
    await valueOf("[process.browser, typeof process.env.HOME, process.cwd(), global === globalThis].join()"),
    "true,undefined,/,true",
  );
  const text = `module.exports['/pando/1.0.0'] = function (x, cb) {
    var order = [], gone = setImmediate(function () { order.push('never') })
    clearImmediate(gone)
    setImmediate(function (a) { order.push(a); cb(null, order.join()) }, 'immediate')
    process.nextTick(function (a) { order.push(a) }, 'tick')
    order.push('now')
  }`;
  assert.deepEqual(await result({ "fn.js": text }, ""), "now,tick,immediate");
});

Deno.test("a global of that name that the function makes itself is its own", bundling, async () => {
  const text = `process = { mine: 1 }
    module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, process.mine + Buffer.from('a').length) }`;
  assert.deepEqual(await result({ "fn.js": text }, ""), "2");
});

Deno.test("the modules of Node.js that browserify gave", bundling, async () => {
  const cases: [expression: string, value: string][] = [
    ["require('path').join('/a', '..', 'b')", "/b"],
    ["require('util').inspect({ a: [1] })", "{ a: [ 1 ] }"],
    ["require('util').format('%s:%d', 'a', 1)", "a:1"],
    ["require('url').parse('http://h:1/p?q#f').port", "1"],
    ["require('querystring').stringify({ a: 'b c' })", "a=b%20c"],
    ["require('crypto').createHash('sha1').update('a').digest('hex').slice(0, 8)", "86f7e437"],
    ["require('crypto').createHmac('md5', 'k').update('a').digest('base64').length", "24"],
    ["require('crypto').randomBytes(8).length + require('crypto').randomUUID().length", "44"],
    ["require('crypto').pbkdf2Sync('a', 'b', 1, 4, 'sha256').toString('hex').length", "8"],
    ["require('zlib').gunzipSync(require('zlib').gzipSync(new Buffer('zip'))).toString()", "zip"],
    ["new (require('string_decoder').StringDecoder)('utf8').write(Buffer.from([0xc3])) === ''", "true"],
    [
      "(function () { try { require('assert').deepEqual([1], [2]) } catch (e) { return e.name } })()",
      "AssertionError",
    ],
    ["new (require('events'))() instanceof require('events').EventEmitter", "true"],
    ["typeof require('stream').Transform + typeof require('stream').pipeline", "functionfunction"],
    ["require('os').EOL", "\n"],
    ["require('vm').runInThisContext('1 + 1')", "2"],
    ["typeof require('timers').setImmediate", "function"],
    ["require('punycode').toASCII('ü')", "xn--tda"],
    ["require('constants').O_RDONLY", "0"],
    ["typeof require('http').request + typeof require('https').get", "functionfunction"],
    ["require('tty').isatty(1)", "false"],
    ["require('console') === console", "true"],
    ["require('path/posix') === require('path') && require('sys') === require('util')", "true"],
    ["typeof require('perf_hooks').performance.now()", "number"],
    ["require('util/types').isDate(new Date()) + require('assert/strict').name.length * 0", "1"],
    ["typeof require('domain').create", "function"],
    [
      "typeof require('fs') + typeof require('child_process') + typeof require('node:sqlite')",
      "objectobjectobject",
    ],
  ];
  for (const [expression, value] of cases) assert.deepEqual(await valueOf(expression), value, expression);
});

Deno.test("streams and promises of them", bundling, async () => {
  const text = `
    import { Readable, Transform } from "node:stream";
    import { pipeline } from "node:stream/promises";
    import { setTimeout as sleep } from "node:timers/promises";
    import zlib, { createGzip } from "node:zlib";
    export default async (x) => {
      const source = new Readable({ read() { this.push(x); this.push(null) } });
      const parts = [];
      const gzip = createGzip();
      gzip.on("data", (part) => parts.push(part));
      await pipeline(source, gzip);
      return await sleep(1, zlib.gunzipSync(Buffer.concat(parts)).toString());
    }`;
  assert.deepEqual(await result({ "fn.mjs": text }, "streamed", "fn.mjs"), "streamed");
});

Deno.test(
  "a package may name something else for browsers, and its own copy of a module",
  bundling,
  async () => {
    const files = {
      "fn.js": "var p = require('pack'); module.exports = function (x) { return p }",
      "node_modules/pack/package.json": JSON.stringify({
        browser: { crypto: false, path: "./own_path.js", "node:os": "./own_os.js" },
      }),
      "node_modules/pack/index.js": `var crypto = require('crypto'), Own = require('buffer/').Buffer
      module.exports = [Object.keys(crypto).length, require('path'), require('node:os'), Own].join()`,
      "node_modules/pack/own_path.js": "module.exports = 'own path'",
      "node_modules/pack/own_os.js": "module.exports = 'own os'",
      "node_modules/buffer/index.js": "exports.Buffer = 'own buffer'",
    };
    assert.equal(await result(files, ""), "0,own path,own os,own buffer");
  },
);

Deno.test("an error in a stand-in has the place of the user's file that called it", bundling, async () => {
  const { line, source, text } = await failure({ "fn.js": "var a = 1\nBuffer.alloc(-1)\n" });
  assert.deepEqual([line, source], [2, "Buffer.alloc(-1)"]);
  assert.ok(text.includes("RangeError"), text);
});

Deno.test("what is not used is not there", bundling, async () => {
  const { code } = await outcomeOf({
    "fn.js": "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x) }",
  }, "fn.js");
  assert.ok(code.length < 120, code);
  const path = await outcomeOf(
    { "fn.js": "var p = require('path'); module.exports = (x) => p.join(x)" },
    "fn.js",
  );
  assert.ok(path.code.length < 20_000 && !path.code.includes("Buffer"), `${path.code.length} characters`);
});

import assert from "node:assert/strict";
import { bundling, failure, outcomeOf, result, results } from "../support/bundling.ts";
import { withWorker } from "../support/workers.ts";

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

Deno.test(
  "process has what packages touch while they load, and says nothing of Node.js",
  bundling,
  async () => {
    const cases: [expression: string, value: string][] = [
      [
        "process.stdout.isTTY + ',' + process.stderr.isTTY + process.stdin.isTTY + process.stdout.columns",
        "",
      ],
      [
        "process.hrtime(process.hrtime())[0] + typeof process.hrtime()[1] + typeof process.hrtime.bigint()",
        "",
      ],
      ["process.hrtime([0, 999999999]).every((n) => n >= 0 || n === -1)", "true"],
      [
        "Object.values(process.memoryUsage()).every(Number.isFinite) && process.memoryUsage.rss() >= 0",
        "true",
      ],
      ["/^v(\\d+)\\.\\d+\\.\\d+$/.exec(process.version)[1] > 20", "true"],
      ["[process.platform, process.arch, process.title, process.pid, process.exitCode, process.umask()]", ""],
      ["[process.argv.length, process.argv.slice(2), process.execPath, process.execArgv]", ""],
      [
        "process.uptime() >= 0 && process.cpuUsage().user >= 0 && process.features.inspector === false",
        "true",
      ],
      ["[process.versions.node, process.release.name, Object.prototype.toString.call(process)]", ""],
      ["process.env.NODE_ENV + (({ env }) => env.NODE_ENV)(process) + process.env.HOME", ""],
      ["process === require('process') && process === global.Object(process)", "true"],
      ["process.on('exit', Boolean) === process && process.once('SIGINT', Boolean) === process", "true"],
      [
        "[process.listenerCount('none'), process.listeners('none').length, process.off('none', Boolean) === process]",
        "",
      ],
      [
        "(process.emitWarning('a'), process.emitWarning(new Error('b')), process.emitWarning('c', 'D', 'E1'))",
        "undefined",
      ],
      [
        "process.stdout.write('a') && process.stderr.write(Buffer.from('b'), 'utf8', () => cb(null, 'written'))",
        "written",
      ],
      [
        "var s = new (require('stream').PassThrough)(); s.pipe(process.stdout); s.on('end', () => cb(null, 'piped')); s.end('a')",
        "piped",
      ],
      [
        "(() => { const heard = [], hear = (x) => heard.push(x); process.once('a', hear).on('a', hear).prependListener('a', () => hear(0));" +
        "process.emit('a', 1); process.emit('a', 2); process.off('a', hear); process.emit('a', 3);" +
        "return [heard, process.emit('b'), process.eventNames(), process.removeAllListeners().listenerCount('a')] })()",
        "0,1,1,0,2,0,false,a,0",
      ],
      ["(process.stdin.on('data', Boolean).on('end', () => cb(null, 'ended')), undefined)", "ended"],
    ];
    const expected: Record<number, string> = {
      0: "false,falsefalseundefined",
      1: "0numberbigint",
      5: "browser,javascript,browser,1,,0",
      6: "2,,/pando,",
      8: ",browser,[object Object]",
      9: "productionproductionundefined",
      12: "0,0,true",
    };
    for (const [i, [expression, value]] of cases.entries()) {
      const waits = value === "written" || value === "piped" || value === "ended";
      const text = waits
        ? `module.exports['/pando/1.0.0'] = function (x, cb) { ${expression} }`
        : `module.exports = (x) => String(${expression})`;
      assert.equal(await result({ "fn.js": text }, ""), expected[i] ?? value, expression);
    }
  },
);

Deno.test("process says in plain words what it cannot do", bundling, async () => {
  const text = `module.exports = (x) => {
    try { process[x]('fs') } catch (error) { return error.message }
  }`;
  const said = (await results({ "fn.js": text }, ["exit", "kill", "chdir", "binding"])).map(([, value]) =>
    value
  );
  assert.deepEqual(said, [
    "process.exit is not there: a function ends an item by its result or an error, and its volunteer goes on",
    "process.kill is not there: a function has no processes",
    "process.chdir is not there: a function has no files",
    "process.binding is not there: it is the inside of Node.js",
  ]);
});

Deno.test(
  "what is written to the streams of process is written to the console, line by line",
  bundling,
  async () => {
    const text = `module.exports = async (x) => {
    process.stdout.write('one\\ntw'); process.stdout.write('o\\n\\nrest'); process.stderr.write('bad\\n')
    process.emitWarning('old', 'DeprecationWarning', 'DEP1')
    await new Promise((done) => setTimeout(done, 150))
    return x
  }`;
    const { code } = await outcomeOf({ "fn.js": text }, "fn.js");
    await withWorker(code, async (worker) => {
      await worker.run(["x"]);
      const lines = worker.notes.flatMap((note) =>
        note.note === "console" ? [[note.level, note.lines.join("|")]] : []
      );
      assert.deepEqual(lines, [
        ...[["info", "one"], ["info", "two"], ["info", ""], ["error", "bad"]],
        ...[["error", "[DEP1] DeprecationWarning: old"], ["info", "rest"]],
      ]);
    });
  },
);

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
  assert.ok(
    path.code.length < 25_000 && !path.code.includes("TYPED_ARRAY_SUPPORT"),
    `${path.code.length} characters`,
  );
});

"""Functions as their users have them: with packages as they are on npm, and in every form that a module may have."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import uuid
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from pando_client.function.deno import deno
from pando_shared import __version__
from tests.support.programs import PANDO, Programs

PACKAGES = {
    "async": "3.2.5",
    "bignumber.js": "9.1.2",
    "chalk": "4.1.2",
    "commander": "12.1.0",
    "debug": "4.3.4",
    "depd": "2.0.0",
    "graceful-fs": "4.2.11",
    "lodash": "4.17.21",
    "ndarray": "1.0.19",
    "pngjs": "7.0.0",
    "progress": "2.0.3",
    "pull-stream": "3.7.0",
    "readable-stream": "3.6.2",
    "seedrandom": "3.0.5",
    "sha.js": "2.4.11",
    "signal-exit": "3.0.7",
    "through2": "2.0.5",
    "uuid": "9.0.1",
    "yargs": "17.7.2",
}
HERE = ("--start-idle=false", "--port=0")
"""Real volunteers, on this machine."""


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages, installed by Deno as they are on npm."""
    folder = tmp_path_factory.mktemp("packages")
    imports = {name: f"npm:{name}@{version}" for name, version in PACKAGES.items()}
    (folder / "deno.json").write_text(json.dumps({"imports": imports}))
    subprocess.run([deno(), "install", "--quiet", "--node-modules-dir=auto"], cwd=folder, check=True, timeout=120)
    return folder / "node_modules"


@pytest.fixture
def with_packages(programs: Programs, node_modules: Path) -> Programs:
    (programs.folder / "node_modules").symlink_to(node_modules)
    return programs


def original(body: str, before: str = "") -> str:
    """A module as the original wants it."""
    return f"{before}\nmodule.exports['/pando/1.0.0'] = function (x, cb) {{ {body} }}\n"


# Packages


PACKAGE_CASES = [
    (
        "bignumber.js",
        original("cb(null, new BigNumber(x).pow(100).toFixed())", "var BigNumber = require('bignumber.js')"),
        lambda x: str(int(x) ** 100),
    ),
    (
        "sha.js",
        original("cb(null, sha('sha512').update(x, 'utf8').digest('hex'))", "var sha = require('sha.js')"),
        lambda x: hashlib.sha512(x.encode()).hexdigest(),
    ),
    (
        "debug",
        original("debug('item %s of %o', x, { a: 1 }); cb(null, !debug.enabled)", "var debug = require('debug')('f')"),
        lambda x: "true",
    ),
    (
        "lodash",
        original("cb(null, _.padStart(_.sum(_.range(+x)), 8, '.'))", "var _ = require('lodash')"),
        lambda x: str(sum(range(int(x)))).rjust(8, "."),
    ),
    (
        "ndarray",
        original(
            "var a = ndarray(new Float64Array([1, 2, 3, +x]), [2, 2]); cb(null, a.transpose(1, 0).get(1, 1))",
            "var ndarray = require('ndarray')",
        ),
        lambda x: x,
    ),
    (
        # The value is that of its documentation.
        "seedrandom",
        original("cb(null, seedrandom('hello.')() + Number(x))", "var seedrandom = require('seedrandom')"),
        lambda x: repr(0.9282578795792454 + int(x)),
    ),
    (
        "uuid",
        original("cb(null, uuid.v4().length + uuid.v5(x, uuid.v5.URL))", "var uuid = require('uuid')"),
        lambda x: "36" + str(uuid.uuid5(uuid.NAMESPACE_URL, x)),
    ),
    (
        "through2",
        original(
            """
            var upper = through(function (chunk, _, done) { done(null, String(chunk).toUpperCase()) })
            upper.on('data', function (data) { cb(null, data.toString()) })
            upper.write(new Buffer('item ' + x))
            """,
            "var through = require('through2')",
        ),
        lambda x: f"ITEM {x}",
    ),
    (
        "pull-stream",
        original(
            """
            pull(pull.count(+x), pull.asyncMap(function (n, done) { setTimeout(done, 1, null, n * n) }),
              pull.collect(function (err, all) { cb(err, all) }))
            """,
            "var pull = require('pull-stream')",
        ),
        lambda x: ",".join(str(n * n) for n in range(int(x) + 1)),
    ),
    (
        "async",
        original(
            "async.mapLimit([1, 2, 3], 2, function (n, done) { setImmediate(done, null, n * x) }, cb)",
            "var async = require('async')",
        ),
        lambda x: ",".join(str(n * int(x)) for n in (1, 2, 3)),
    ),
]


@pytest.mark.parametrize(("package", "text", "expected"), PACKAGE_CASES, ids=[case[0] for case in PACKAGE_CASES])
async def test_a_package_as_it_is_on_npm(
    with_packages: Programs, package: str, text: str, expected: Callable[[str], str]
) -> None:
    with_packages.file("f.js", text)
    outcome = await with_packages.pando("f.js", *HERE, "7", "12", "30")
    assert (outcome.status, outcome.complaints) == (0, [])
    assert outcome.lines == [expected(x) for x in ("7", "12", "30")]


async def test_images_in_and_out(with_packages: Programs) -> None:
    """pngjs: streams, zlib and Buffers together."""
    with_packages.file(
        "f.js",
        """
        var PNG = require('pngjs').PNG
        module.exports['/pando/1.0.0'] = function (x, cb) {
          new PNG().parse(new Buffer(x, 'base64'), function (err, png) {
            if (err) return cb(err)
            for (var i = 0; i < png.data.length; i++) if (i % 4 < 3) png.data[i] = 255 - png.data[i]
            cb(null, PNG.sync.write(png))
          })
        }
        """,
    )

    def png(pixel: bytes) -> bytes:
        def chunk(kind: bytes, data: bytes) -> bytes:
            body = kind + data
            return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

        header = (1).to_bytes(4, "big") * 2 + bytes((8, 2, 0, 0, 0))
        return (
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(b"\0" + pixel))
            + chunk(b"IEND", b"")
        )

    item = base64.b64encode(png(bytes((10, 20, 30)))).decode()
    outcome = await with_packages.pando("f.js", *HERE, item)
    assert (outcome.status, outcome.complaints) == (0, [])
    image = base64.b64decode(outcome.lines[0])
    pixels = re.search(rb"IDAT(.*)....IEND", image[:-8] + b"IEND", re.DOTALL)
    assert pixels is not None
    assert zlib.decompressobj().decompress(pixels[1])[-4:] == bytes((245, 235, 225, 255))


async def test_packages_that_look_at_the_process_load_and_work(with_packages: Programs) -> None:
    before = """
    var chalk = require('chalk'), commander = require('commander'), depd = require('depd')
    var onExit = require('signal-exit'), Progress = require('progress'), yargs = require('yargs')
    var fs = require('graceful-fs'), readable = require('readable-stream')
    """
    body = """
    var bar = new Progress('[:bar] :etas', { total: 2, width: 5 })
    bar.tick()
    bar.terminate()
    depd('f')('this is old')
    onExit(function () {})
    var program = new commander.Command().option('-n, --number <n>').parse(['-n', x], { from: 'user' })
    var parsed = yargs(['--times', '3']).option('times', { type: 'number' }).parseSync()
    var upper = new readable.Transform({ transform: function (text, _, done) { done(null, `${text}`.toUpperCase()) } })
    upper.on('data', function (text) {
      cb(null, [text, chalk.red(program.opts().number * parsed.times), typeof fs.readFile].join(' '))
    })
    upper.write('item')
    """
    with_packages.file("f.js", original(body, before))
    outcome = await with_packages.pando("f.js", *HERE, "14")
    assert (outcome.status, outcome.lines) == (0, ["ITEM 42 function"]), outcome


# Node.js as browserify gave it


async def test_modules_of_node(programs: Programs) -> None:
    before = """
    var zlib = require('zlib'), crypto = require('crypto'), path = require('path'), util = require('util')
    var EventEmitter = require('events'), assert = require('assert'), url = require('url')
    var query = require('querystring'), data = require('./data.json'), beside = require('./lib')
    leaked = 0
    """
    body = """
    leaked++
    assert.equal(new Buffer(x).toString('hex').length, 2 * x.length)
    var emitter = new EventEmitter()
    emitter.on('zipped', function (zipped) {
      cb(null, [zlib.gunzipSync(zipped), crypto.createHash('md5').update(x).digest('hex'), path.basename('/a/' + x),
        util.format('%j', { x: x }), url.parse('http://h/' + x).pathname, query.escape(x + ' '), data.n, beside(leaked),
        global === globalThis, process.browser].join(' '))
    })
    process.nextTick(function () { zlib.gzip(x, function (err, zipped) { emitter.emit('zipped', zipped) }) })
    """
    programs.file("f.js", original(body, before))
    programs.file("data.json", '{"n": 5}')
    programs.file("lib/index.js", "module.exports = function (n) { return n > 0 }")
    outcome = await programs.pando("f.js", *HERE, "ab", "cd")
    assert (outcome.status, outcome.complaints) == (0, [])
    assert outcome.lines == [
        f'{x} {hashlib.md5(x.encode()).hexdigest()} {x} {{"x":"{x}"}} /{x} {x}%20 5 true true true'
        for x in ("ab", "cd")
    ]


async def test_what_volunteers_do_not_have_is_said_with_its_place(programs: Programs) -> None:
    programs.file("f.js", original("cb(null, typeof fs.readFileSync)", "var a = 1\nvar fs = require('fs')"))
    outcome = await programs.pando("f.js", "--local", "1")
    assert (outcome.status, outcome.lines) == (0, ["undefined"])
    place = f"{programs.folder / 'f.js'}:2:18"
    says = 'Volunteers have no module "fs": it is part of Node.js, and an empty object there'
    assert outcome.complaint == f"pando: {place}: {says}: var fs = require('fs')"
    programs.file("f.mjs", "import { readFileSync } from 'node:fs'\nexport default (x) => readFileSync(x)\n")
    outcome = await programs.pando("f.mjs", "--local", "1")
    assert (outcome.status, outcome.lines) == (1, [])
    assert outcome.complaint.startswith(f"pando: {programs.folder / 'f.mjs'}:1:")


# Today's forms


FORMS = {
    "f.mjs": "export default (x) => x * x",
    "async.mjs": "export default async (x) => { await new Promise((done) => setTimeout(done, 5)); return x * x }",
    "promise.js": "module.exports = (x) => Promise.resolve(x * x)",
    "callback.mjs": "export default (x, cb) => setTimeout(cb, 5, null, x * x)",
    "named.mjs": "const square = async (x) => x * x\nexport { square as '/pando/1.0.0' }",
    "typed.ts": "import { square } from './square.ts'\nexport default async (x: string): Promise<number> => square(+x)",
    "typed.mts": "enum Power { Square = 2 }\nexport default (x: string): number => Number(x) ** Power.Square",
}


@pytest.mark.parametrize("name", FORMS)
async def test_today_s_forms(programs: Programs, name: str) -> None:
    programs.file(name, FORMS[name])
    programs.file("square.ts", "export const square = (x: number): number => x * x")
    outcome = await programs.pando(name, *HERE, *map(str, range(20)))
    assert (outcome.status, outcome.complaints) == (0, [])
    assert outcome.lines == [str(n * n) for n in range(20)]


@pytest.mark.parametrize("name", ["f.mjs", "f.ts"])
async def test_errors_of_async_functions(programs: Programs, name: str) -> None:
    typed = "interface Long { goes: 1 }\n" if name.endswith("ts") else "// no\n"
    programs.file(name, f"{typed}export default async (x) => {{ if (x === '2') throw new Error('not two'); return x }}")
    outcome = await programs.pando(name, "--local", "--retries=1", "1", "2", "3")
    assert (outcome.status, outcome.lines) == (1, ["1"])
    assert outcome.complaint.startswith("pando: the function failed on item 2 (2), once: not two, at ")
    assert outcome.complaint.endswith(f"({name}:2:52)")


async def test_packages_that_a_module_names_itself(programs: Programs) -> None:
    programs.file(
        "f.ts",
        """
        import BigNumber from "npm:bignumber.js@9.1.2";
        export default (x: string): string => new BigNumber(x).pow(40).toFixed();
        """,
    )
    outcome = await programs.pando("f.ts", *HERE, "3")
    assert (outcome.status, outcome.lines, outcome.complaints) == (0, [str(3**40)], [])


async def test_webassembly_text_and_json(programs: Programs) -> None:
    # (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
    wasm = "0061736d0100000001070160027f7f017f03020100070701036164640000" + "0a09010700200020016a0b"
    programs.file("add.wasm", bytes.fromhex(wasm))
    programs.file("a.txt", "ü\n")
    programs.file("b.json", '{"n": 40}')
    programs.file(
        "f.mjs",
        """
        import { add } from './add.wasm'
        import compiled from './add.wasm'
        import text from './a.txt'
        import data from './b.json' with { type: 'json' }
        const instance = new WebAssembly.Instance(compiled)
        export default (x) => [add(data.n, x), instance.exports.add(1, x), text.trim()].join()
        """,
    )
    outcome = await programs.pando("f.mjs", *HERE, "2", "3")
    assert (outcome.status, outcome.lines, outcome.complaints) == (0, ["42,3,ü", "43,4,ü"], [])


BROKEN = {
    "syntax.ts": ("const a: = 1\nexport default (x: string) => x", ":1:10: ", "const a: = 1"),
    "missing.mjs": ("\nimport x from 'no-such-package'\nexport default x", ":2:15: There is no package", "import x"),
    "none.mjs": ("export const f = 1", ": Incompatible module, missing a default export", "'/pando/1.0.0'"),
    "shape.mjs": ("export default (a, b, c) => a", ": Incompatible module, the default export is not", "a callback"),
    "load.ts": ("type A = 1\n\n  missing(1 as A)\nexport default (x: string) => x", ":3:3: Loading the", "missing(1"),
    "one.js": (
        "module.exports['/pando/1.0.0'] = async (x) => x",
        ": Incompatible module, '/pando/1.0.0' property",
        "two",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_wrong_with_a_module_is_said_before_anything_is_served(programs: Programs, name: str) -> None:
    text, says, also = BROKEN[name]
    path = programs.file(name, text)
    outcome = await programs.pando(name, "--port=0", "1")
    assert (outcome.status, outcome.out, len(outcome.err)) == (1, b"", 1)
    # Where there is no place in it, the module is named as the user did.
    assert outcome.complaint.startswith((f"pando: {path}{says}", f"pando: {name}{says}"))
    assert also in outcome.complaint


# Binary results


BINARY = """
module.exports = (x) => ({
  bytes: () => new Uint8Array([0, 10, 255]),
  buffer: () => Float32Array.of(1).buffer,
  node: () => Buffer.from('hi'),
  text: () => 'text',
  nothing: () => new Uint8Array(),
})[x]()
"""


async def test_binary_results_are_base64_or_raw(programs: Programs) -> None:
    programs.file("f.js", BINARY)
    items = ("bytes", "text", "buffer", "nothing", "node", "text")
    raw = [b"\0\n\xff", b"text\n", b"\0\0\x80\x3f", b"", b"hi", b"text\n"]
    for where in (("--local",), HERE):
        outcome = await programs.pando("f.js", *where, *items)
        assert (outcome.status, outcome.complaints) == (0, [])
        assert outcome.out.decode() == "AAr/\ntext\nAACAPw==\n\naGk=\ntext\n"
        outcome = await programs.pando("f.js", *where, "--binary-output", *items)
        assert (outcome.status, outcome.complaints, outcome.out) == (0, [], b"".join(raw))


async def test_large_binary_results_keep_their_order(programs: Programs) -> None:
    programs.file("f.js", "module.exports = (x) => new Uint8Array(300000 + Number(x)).fill(x)")
    outcome = await programs.pando("f.js", *HERE, "--binary-output", *map(str, range(40)))
    assert outcome.status == 0
    assert outcome.out == b"".join(bytes([n]) * (300_000 + n) for n in range(40))


# Reports


async def test_what_the_function_reports_reaches_the_monitoring_page(programs: Programs) -> None:
    programs.file(
        "f.js",
        original(
            "pando.report({ cpuTime: 2, dataTransferTime: 0.5, nbItems: 3, units: 'Gizmos' }); cb(null, pando.version)",
            "var pando = require('pando-computing')",
        ),
    )
    program = await programs.start_pando("f.js", "--port=0", "--stdin", stdin=subprocess.PIPE)
    # Of one core: where there are more, an item that moves from one to another may be computed on both.
    await programs.volunteer(await program.serves_at())
    port = int((await program.says(r"monitoring page at http://127\.0\.0\.1:(\d+)\n"))[1])
    await program.write(b"1\n2\n3\n4\n")
    await program.prints(4)
    assert program.out.decode().split() == [__version__] * 4
    async with httpx.AsyncClient(trust_env=False) as http:
        reported = 0.0
        while reported < 12:
            [row] = (await http.get(f"http://127.0.0.1:{port}/status.json")).json()["volunteers"]
            reported = row["reported_items"]
    assert (row["reported_units"], row["reported_cpu_ms"], row["reported_data_transfer_ms"]) == ("Gizmos", 8, 2)
    await program.end_input()
    assert (await program.finish()).status == 0


async def test_the_api_is_there_for_es_modules_too(programs: Programs) -> None:
    programs.file(
        "f.mjs", "import { report, version } from 'pando-computing'\nexport default () => report({}) ?? version"
    )
    outcome = await programs.pando("f.mjs", "--local", "1")
    assert (outcome.status, outcome.lines, outcome.complaints) == (0, [__version__], [])


def test_the_options_are_explained() -> None:
    said = subprocess.run([PANDO, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "--binary-output" in said

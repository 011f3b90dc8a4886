"""What a function may count on wherever it runs: one module that shows all of it, and what it must print.

Each promise is an item: the function runs the code of that name. So one run shows them all, on any kind of volunteer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pando_shared import __version__


@dataclass(frozen=True)
class Promise:
    """A promise to those who write functions.

    Attributes:
        code: statements that call `cb`.
        prints: the line that the result becomes.
    """

    code: str
    prints: str


def _result(expression: str, prints: str) -> Promise:
    return Promise(f"cb(null, {expression})", prints)


THROUGH = """
var upper = new stream.Transform({ transform: function (chunk, encoding, done) {
  done(null, chunk.toString().toUpperCase())
} })
upper.on('data', function (data) { cb(null, String(data)) })
upper.end('through')
"""

PROMISES: Mapping[str, Promise] = {
    # What comes in and what comes out.
    "an item is a string": _result("typeof x", "string"),
    "a result may come later": Promise("setTimeout(function () { cb(null, 'later') }, 20)", "later"),
    "a number is printed as String does": _result("0.1 + 0.2", "0.30000000000000004"),
    "null is printed as String does": _result("null", "null"),
    "undefined is printed as String does": _result("undefined", "undefined"),
    "a boolean is printed as String does": _result("false", "false"),
    "an array is printed as String does": _result("[1, [2, 3], null]", "1,2,3,"),
    "an object with a text is printed as String does": _result("{ toString: function () { return 'own' } }", "own"),
    "an empty text is an empty line": _result("''", ""),
    "text is printed as it is": _result("'ü 😀'", "ü 😀"),
    # Node.js's built-ins, as browserify provides them.
    "new Buffer of text": _result("new Buffer('hi').toString('base64')", "aGk="),
    "new Buffer of base64": _result("new Buffer('aGk=', 'base64').toString()", "hi"),
    "new Buffer of a size": _result("new Buffer(3).length", "3"),
    "new Buffer of bytes": _result("new Buffer([104, 105]).toString('hex')", "6869"),
    "Buffer.from": _result("Buffer.concat([Buffer.from('h'), Buffer.from('i')]).toString()", "hi"),
    "Buffer of require('buffer')": _result("require('buffer').Buffer === Buffer", "true"),
    "process.nextTick": Promise("process.nextTick(function () { cb(null, 'ticked') })", "ticked"),
    "process knows a browser": _result("process.browser", "true"),
    "process.env is there": _result("typeof process.env", "object"),
    "zlib there and back": _result("zlib.gunzipSync(zlib.gzipSync('zipped')).toString()", "zipped"),
    "zlib with a callback": Promise(
        "zlib.deflate('z', function (e, data) { zlib.inflate(data, function (e, d) { cb(e, d.toString()) }) })", "z"
    ),
    "path": _result("path.join('/a', '..', 'b', path.basename('/c/d.js', '.js'))", "/b/d"),
    "stream": Promise(THROUGH, "THROUGH"),
    "crypto": _result(
        "require('crypto').createHash('sha256').update('x').digest('hex')", hashlib.sha256(b"x").hexdigest()
    ),
    "events": Promise(
        "var e = new (require('events'))(); e.on('now', function (v) { cb(null, v) }); e.emit('now', 'heard')", "heard"
    ),
    "util": _result("require('util').format('%s %j', 'a', [1])", "a [1]"),
    "url and querystring": _result(
        "require('url').parse('http://h/p?q=1').pathname + require('querystring').stringify({ a: 'b c' })", "/pa=b%20c"
    ),
    "assert": Promise(
        "try { require('assert').equal(1, 2) } catch (e) { cb(null, e.name + ' ' + e.actual) }", "AssertionError 1"
    ),
    "global is the global object": _result("global === globalThis && typeof global.setTimeout", "function"),
    "setImmediate": Promise("setImmediate(function () { cb(null, 'soon') })", "soon"),
    "__dirname and __filename": _result("__dirname + ' ' + __filename", "/ /index.js"),
    # Modules.
    "a package that is installed beside the module": _result("require('beside').name", "beside, for browsers"),
    "a file of its own": _result("require('./lib/own')('mine')", "own mine"),
    "JSON of its own": _result("require('./data.json').n", "5"),
    "exports and module are CommonJS's": _result("exports === module.exports", "true"),
    "a variable that is not declared": _result("(function () { undeclared = 4; return undeclared })()", "4"),
    # State, and what Pando gives.
    "state, first call": _result("++calls.count", "1"),
    "state is kept between calls": _result("++calls.count", "2"),
    "pando.version": _result("pando.version", __version__),
    "pando.report returns nothing": _result(
        "pando.report({ cpuTime: 3, dataTransferTime: 2, nbItems: 1, units: 'Gizmos' })", "undefined"
    ),
    "bytes are printed as a line of base64": _result(
        "new Uint8Array([0, 10, 255])", base64.b64encode(bytes((0, 10, 255))).decode()
    ),
}
"""By name. They are to run in this order, in one worker."""


def write_promises(folder: Path) -> Path:
    """Writes the module, with its package and its files, and returns its path."""
    package = folder / "node_modules" / "beside"
    for path, text in {
        package / "package.json": '{"name": "beside", "main": "node.js", "browser": "browser.js"}',
        package / "node.js": "throw new Error('this is for Node.js')",
        package / "browser.js": "exports.name = 'beside, for browsers'",
        folder / "lib" / "own.js": "module.exports = function (text) { return 'own ' + text }",
        folder / "data.json": '{"n": 5}',
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    codes = "".join(f"  {name!r}: function (x, cb) {{ {promise.code} }},\n" for name, promise in PROMISES.items())
    module = folder / "promises.js"
    module.write_text(
        "var zlib = require('zlib'), path = require('path'), stream = require('stream')\n"
        "var pando = require('pando-computing')\n"
        "var calls = { count: 0 }\n"
        f"var promises = {{\n{codes}}}\n"
        "module.exports['/pando/1.0.0'] = function (x, cb) { promises[x](x, cb) }\n"
    )
    return module

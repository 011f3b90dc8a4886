"""What becomes of a function's files: errors name places in them and in nothing else; those beside it come along."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.browsers import Chromium, firefox
from tests.support.programs import Client, Programs, pando

FUNCTION = """#!/usr/bin/env node
const pack = require('pack'), deep = require('./lib/deep'), { add } = require('adder')
module.exports['/pando/1.0.0'] = function (x, cb) {
  if (x === 'throws') return deep.run(x)
  if (x === 'package') return pack.fail(x)
  if (x === 'timer') return setTimeout(function later () { cb(new Error(x)) }, 1)
  if (x === 'async') return (async function waits () { await null; deep.run(x) })()
  add(Number(x), 40).then((sum) => setTimeout(function before () { cb(null, sum) }, 1), cb)
}
"""
DEEP = "exports.run = function run (x) {\n  throw new TypeError(x)\n}\n"
# As it is often published: of sources that are not.
PACKAGE = "exports.fail = (x) => [x].map(function inner (y) { throw new Error(y) })\n//# sourceMappingURL=i.js.map\n"
GONE = json.dumps({"version": 3, "sources": ["../src/gone.ts"], "names": [], "mappings": "AAAA,SAAS"})

# As wasm-bindgen and Emscripten write it.
ADDER = """
async function load (response) { return (await WebAssembly.instantiateStreaming(response, {})).instance.exports }
const adding = load(fetch(new URL('adder.wasm', import.meta.url)))
export async function add (a, b) { return (await adding).add(a, b) }
"""
ADD = bytes.fromhex("0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b")

PLACES = {
    "throws": ["run lib/deep.js:2", "fn.js:4"],
    "package": ["inner node_modules/pack/dist/i.js:1", "fail node_modules/pack/dist/i.js:1", "fn.js:5"],
    "timer": ["later fn.js:6"],
    "async": ["run lib/deep.js:2", "waits fn.js:7"],
}
"""Of the last item, which is in a lease with others that call back from timers: names, files and lines."""

SUMS = ["41", "42"]
"""The results of the items before it."""


@pytest.fixture
def function(tmp_path: Path) -> Path:
    files = {
        "fn.js": FUNCTION,
        "lib/deep.js": DEEP,
        "node_modules/pack/package.json": '{"main": "dist/i.js"}',
        "node_modules/pack/dist/i.js": PACKAGE,
        "node_modules/pack/dist/i.js.map": GONE,
        "node_modules/adder/package.json": '{"module": "adder.mjs"}',
        "node_modules/adder/adder.mjs": ADDER,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "node_modules/adder/adder.wasm").write_bytes(ADD)
    return tmp_path / "fn.js"


def places(client: Client | str, folder: Path) -> list[str]:
    """Returns what is said of places, without columns: `name file:line`, the name only if there is one."""
    text = client if isinstance(client, str) else client.err.decode()
    [line] = re.findall(r"^pando: the function failed on item 3 .*$", text, re.MULTILINE)
    assert "blob:" not in line, line
    found = re.findall(r", at (?:([^(,]*) \()?([^(,]*?):(\d+):\d+\)?(?= \(on |,|$)", line)
    assert len(found) == line.count(", at "), line
    return [f"{name} {file.removeprefix(f'{folder}/')}:{row}".strip() for name, file, row in found]


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_places_in_chromium(browser: Chromium, function: Path) -> None:
    for item in ("package", "async"):
        async with pando(function, ["1", "2", item], "--batch-size=3", debug=False) as client:
            await browser.open(client.url, cores=1)
            assert await client.ends() == 1, client
            assert (client.lines, places(client, function.parent)) == (SUMS, PLACES[item])


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_places_in_firefox(function: Path, tmp_path: Path) -> None:
    async with (
        pando(function, ["1", "2", "package"], "--batch-size=3", debug=False) as client,
        firefox(client.url, tmp_path / "profile"),
    ):
        assert await client.ends() == 1, client
        assert (client.lines, places(client, function.parent)) == (SUMS, PLACES["package"])


async def test_places_in_deno(function: Path, programs: Programs) -> None:
    for item, found in PLACES.items():
        outcome = await programs.pando(str(function), "--local", "1", "2", item)
        assert (outcome.status, outcome.lines) == (1, SUMS)
        assert places("\n".join(outcome.err), function.parent) == found

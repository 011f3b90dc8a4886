"""The function's contract: see `test_features`. What a function finds where it runs is shown by one run."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from tests.support.machine import eventually
from tests.support.processes import Outcome
from tests.support.programs import Programs, pando, pando_volunteer, programs_in
from tests.support.promises import PROMISES, write_promises


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a run prints for each promise."""

    async def run(folder: Path) -> Outcome:
        async with programs_in(folder) as programs:
            return await programs.pando(write_promises(folder).name, "--local", *PROMISES)

    outcome = asyncio.run(run(tmp_path_factory.mktemp("promises")))
    assert (outcome.status, outcome.err) == (0, []), outcome
    # One line an item, also for those after one that printed too much or too little.
    assert len(outcome.lines) == len(PROMISES), outcome
    return dict(zip(PROMISES, outcome.lines, strict=True))


@pytest.mark.parametrize("promise", PROMISES)
def test_a_function_has(everything: dict[str, str], promise: str) -> None:
    assert everything[promise] == PROMISES[promise].prints


MISSING = "Incompatible module, missing '/pando/1.0.0' property"
NO_FUNCTION = "Incompatible module, '/pando/1.0.0' property is not a function or does not expect two arguments"


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("exports.square = function (x, cb) { cb(null, x * x) }", MISSING),
        ("module.exports['/pando/1.0.0'] = function (x) { return x * x }", NO_FUNCTION),
        ("module.exports['/pando/1.0.0'] = { square: true }", NO_FUNCTION),
    ],
    ids=["another property", "one parameter", "no function"],
)
async def test_what_is_no_such_function_is_said_in_the_words_of_the_original(
    programs: Programs, module: str, says: str
) -> None:
    programs.file("g.js", module)
    outcome = await programs.pando("g.js", "--port=0", "1")
    assert (outcome.status, outcome.out, outcome.err) == (1, b"", [f"pando: g.js: {says}"])


async def test_an_error_that_is_called_back_stops_the_run_and_is_said(programs: Programs) -> None:
    programs.file("g.js", "module.exports['/pando/1.0.0'] = function (x, cb) { cb(x > 1 && new Error('too much'), x) }")
    outcome = await programs.pando("g.js", "--local", "0", "1", "2", "3")
    assert (outcome.status, outcome.lines) == (1, ["0", "1"])
    assert "item 3 (2)" in outcome.err[-1]
    assert "too much" in outcome.err[-1]


async def test_the_readme_s_doubling_function_works_word_by_word(programs: Programs) -> None:
    programs.file(
        "double.js",
        """module.exports['/pando/1.0.0'] = function (x, cb) {
    x = Number.parseInt(JSON.parse(x))
    var r = x + x
    cb(null, String(r))
}
""",
    )
    outcome = await programs.pando("double.js", "--local", "1", "2", "21")
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["2", "4", "42"], [])


async def test_an_object_without_a_text_is_printed_as_string_does(programs: Programs) -> None:
    programs.file("g.js", "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, { item: x }) }")
    outcome = await programs.pando("g.js", "--local", "1", "2")
    assert (outcome.status, outcome.lines) == (0, ["[object Object]"] * 2)


async def test_what_one_volunteer_declines_another_one_computes(tmp_path: Path) -> None:
    """`cb(true)`, by a volunteer that once had the item "mark"; that it declines is no failure."""
    function = tmp_path / "declines.js"
    function.write_text(
        "var marked = false\n"
        "module.exports['/pando/1.0.0'] = function (x, cb) {\n"
        "  if (marked) return cb(true)\n"
        "  marked = x === 'mark'\n"
        "  cb(null, x)\n"
        "}\n"
    )
    async with (
        pando(function, None, "--retries=1", debug=False) as client,
        pando_volunteer(client.url, "--cores=1", "--device=Marked"),
    ):
        await client.give(["mark"])
        await client.prints(1)
        async with pando_volunteer(client.url, "--cores=1", "--device=Fresh"):

            async def both_are_there() -> bool:
                return [row["state"] for row in (await client.status())["volunteers"]] == ["ready", "ready"]

            await eventually(both_are_there, "two volunteers")
            await client.feed(range(20))
            assert await client.ends() == 0, client
    assert client.lines == ["mark", *map(str, range(20))]


async def test_what_the_function_reports_is_summed_for_each_volunteer(programs: Programs) -> None:
    """As in the readme: an item after the other reports its times, its items and their units."""
    programs.file(
        "g.js",
        "var pando = require('pando-computing')\n"
        "module.exports['/pando/1.0.0'] = function (x, cb) {\n"
        "  pando.report({ cpuTime: 2, dataTransferTime: 0.5, nbItems: 3, units: 'Gizmos' })\n"
        "  cb(null, x)\n"
        "}\n",
    )
    client = await programs.start_pando("g.js", "--port=0", "--stdin", stdin=subprocess.PIPE)
    port = await client.serves_at()
    client.monitor = (await client.says(r"monitoring page at (http://127\.0\.0\.1:\d+)\n"))[1]
    # Of one core: where there are more, an item that moves from one to another may be computed on both.
    await programs.volunteer(port)
    await client.give(range(4))
    await client.prints(4)

    async def reported() -> bool:
        [row] = (await client.status())["volunteers"]
        return bool(row["reported_items"] == 12)

    await eventually(reported, "12 items reported")
    [row] = (await client.status())["volunteers"]
    told = {name: row[f"reported_{name}"] for name in ("units", "cpu_ms", "data_transfer_ms")}
    assert told == {"units": "Gizmos", "cpu_ms": 8, "data_transfer_ms": 2}, json.dumps(row)
    await client.end_input()
    assert await client.ends() == 0

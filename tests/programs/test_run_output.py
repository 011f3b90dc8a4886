"""Standard output in every shape: a reader that leaves, that is slow, that is full or closed."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from tests.support.programs import PANDO, Programs

SERVE = "--stdin --start-idle=false --port=0"


@pytest.mark.parametrize("count", [1, 3])
async def test_a_reader_that_has_enough_ends_the_run_quietly(programs: Programs, count: int) -> None:
    line = f"seq 100000 | $PANDO f.js {SERVE} --batch-size=50 | head -{count}; exit ${{PIPESTATUS[1]}}"
    outcome = await programs.shell(line)
    assert outcome.lines == [str(n * n) for n in range(1, count + 1)]
    assert outcome.complaints == []
    assert outcome.status == 128 + signal.SIGPIPE
    await programs.nothing_is_left()


async def test_a_slow_reader_gets_everything(programs: Programs) -> None:
    """It reads nothing before the client cannot write any more, and then in small bites."""
    programs.file("g.js", "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x + 'x'.repeat(1000)) }\n")
    ours, theirs = os.pipe()
    program = await programs.start_pando(
        "g.js", "--local", "--stdin", "--batch-size=20", stdin=asyncio.subprocess.PIPE, stdout=theirs
    )
    os.close(theirs)
    await program.write("".join(f"{n}\n" for n in range(2000)).encode())
    await program.end_input()

    def read() -> bytes:
        got = bytearray()
        while data := os.read(ours, 7_001):
            got += data
        return bytes(got)

    got = await asyncio.to_thread(read)
    os.close(ours)
    assert (await program.finish()).status == 0
    assert got.decode().splitlines() == [f"{n}{'x' * 1000}" for n in range(2000)]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("seq 1000 | $PANDO f.js --stdin --local > /dev/full", "No space left on device"),
        ("seq 1000 | $PANDO f.js --stdin --local >&-", "standard output is closed"),
        ("$PANDO f.js --local 1 1< /dev/null", "standard output is closed"),
    ],
)
async def test_an_output_that_cannot_be_written(programs: Programs, line: str, says: str) -> None:
    outcome = await programs.shell(line)
    assert outcome.status == 1
    assert outcome.complaint == f"pando: the results cannot be written: {says}"
    await programs.nothing_is_left()


async def test_a_descriptor_that_does_not_block(programs: Programs) -> None:
    """A terminal's descriptor is shared: another program may have made it non-blocking."""
    programs.file("g.js", "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x.repeat(100000)) }\n")
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    program = await programs.start(PANDO, "g.js", "--local", *"123456789", stdout=theirs)
    os.close(theirs)

    def read() -> bytes:
        got = bytearray()
        while data := os.read(ours, 1 << 16):
            got += data
        return bytes(got)

    got = await asyncio.to_thread(read)
    os.close(ours)
    outcome = await program.finish()
    assert (outcome.status, outcome.err) == (0, [])
    assert got.decode().splitlines() == [digit * 100_000 for digit in "123456789"]


async def test_standard_output_holds_results_and_nothing_else(programs: Programs) -> None:
    programs.file(
        "g.js",
        "console.log('loading')\nmodule.exports['/pando/1.0.0'] = function (x, cb) {\n"
        "  console.log('item', x); console.error('e'); console.info('i'); console.warn('w'); cb(null, x) }\n",
    )
    for environment in ({}, {"DEBUG": "*"}):
        outcome = await programs.pando("g.js", "--start-idle=false", "--port=0", "1", "2", env=environment)
        assert (outcome.status, outcome.lines) == (0, ["1", "2"])
        assert all(line.isprintable() for line in outcome.err)
        written = [line for line in outcome.complaints if line.startswith("console: ")]
        # Each as often as the module was loaded, or the item computed: idle cores try what others are on.
        each = {f"console: {text}" for item in "12" for text in (f"item {item}", "e", "i", "w")}
        assert set(written) == {"console: loading", *each}
        assert bool(environment) is (written != outcome.complaints)

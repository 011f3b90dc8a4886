"""Standard input in every shape, through a real client; `--local` computes, so that no volunteer is needed."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from tests.support.programs import Programs

LENGTH = "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x.length) }\n"
ECHO = "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, JSON.stringify(x)) }\n"
LOCAL = ("--local", "--stdin")


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"1\n2\n", ['"1"', '"2"']),
        (b"1\n2", ['"1"', '"2"']),
        (b"1\r\n2\r\n", ['"1"', '"2"']),
        (b"\n\n", ['""', '""']),
        # A byte order mark says something of the file, and is no part of the first line.
        ("\ufeffü\u2028\x85😀\n\ufeff".encode(), ['"ü\u2028\x85😀"', '"\ufeff"']),
        (b" 1 \t\n\0\n", ['" 1 \\t"', '"\\u0000"']),
    ],
)
async def test_lines_are_items(programs: Programs, data: bytes, lines: list[str]) -> None:
    programs.file("g.js", ECHO)
    outcome = await programs.pando("g.js", *LOCAL, stdin=data)
    assert (outcome.status, outcome.err) == (0, [])
    assert outcome.out.decode().split("\n") == [*lines, ""]


async def test_what_is_not_utf8_is_named_after_the_results_before_it(programs: Programs) -> None:
    outcome = await programs.pando("f.js", *LOCAL, stdin=b"1\n2\n3\nab\xff\n5\n")
    assert (outcome.status, outcome.lines) == (1, ["1", "4", "9"])
    assert outcome.complaint == "pando: line 4 of standard input is not valid UTF-8 (byte 3)"


async def test_a_line_that_is_too_long_is_named_after_the_results_before_it(programs: Programs) -> None:
    outcome = await programs.pando("f.js", *LOCAL, stdin=b"1\n2\n" + b"x" * (17 << 20) + b"\n4\n")
    assert (outcome.status, outcome.lines) == (1, ["1", "4"])
    assert outcome.complaint == "pando: line 3 of standard input is longer than 16777216 bytes"


async def test_the_longest_line_goes_through(programs: Programs) -> None:
    programs.file("g.js", LENGTH)
    outcome = await programs.pando("g.js", *LOCAL, stdin=b"x" * (16 << 20) + b"\n1")
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["16777216", "1"], [])


async def test_a_hundred_thousand_lines_in_order(programs: Programs) -> None:
    data = "".join(f"{n}\n" for n in range(100_000)).encode()
    arguments = ("--stdin", "--start-idle=false", "--port=0", "--batch-size=500")
    outcome = await programs.pando("f.js", *arguments, stdin=data)
    assert outcome.status == 0, outcome.err
    assert outcome.complaints == []
    assert outcome.lines == [str(n * n) for n in range(100_000)]
    await programs.nothing_is_left()


@pytest.mark.parametrize(
    ("line", "status", "out", "says"),
    [
        ("$PANDO f.js --local --stdin < items", 0, ["1", "4"], None),
        ("$PANDO f.js --local --stdin < /dev/null", 0, [], None),
        ("$PANDO f.js --local --stdin 0>items", 1, [], "pando: standard input cannot be read: it is closed"),
        ("cat items | $PANDO f.js --local --stdin | $PANDO f.js --local --stdin", 0, ["1", "16"], None),
    ],
)
async def test_where_it_comes_from(programs: Programs, line: str, status: int, out: list[str], says: str) -> None:
    programs.file("items", "1\n2\n")
    outcome = await programs.shell(line)
    assert (outcome.status, outcome.lines, outcome.err) == (status, out, [says] if says else [])


async def test_an_endless_input_ends_with_its_reader(programs: Programs) -> None:
    line = "yes 3 | $PANDO f.js --stdin --start-idle=false --port=0 | head -3; exit ${PIPESTATUS[1]}"
    outcome = await programs.shell(line)
    assert (outcome.status, outcome.lines, outcome.complaints) == (128 + signal.SIGPIPE, ["9", "9", "9"], [])
    await programs.nothing_is_left()


async def test_results_come_while_the_input_stays_open(programs: Programs) -> None:
    program = await programs.start_pando("f.js", *LOCAL, stdin=asyncio.subprocess.PIPE)
    for n in range(5):
        await program.write(b"%d\n" % n)
        await program.prints(n + 1)
    await program.end_input()
    outcome = await program.finish()
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["0", "1", "4", "9", "16"], [])


async def test_a_silent_input_can_be_interrupted(programs: Programs) -> None:
    program = await programs.start_pando("f.js", *LOCAL, stdin=asyncio.subprocess.PIPE)
    await program.write(b"3\n")
    await program.prints(1)
    program.signal(signal.SIGINT)
    outcome = await program.finish(within=10)
    assert (outcome.status, outcome.lines, outcome.err) == (130, ["9"], [])
    await programs.nothing_is_left()


async def test_nothing_is_read_before_a_volunteer_is_ready(programs: Programs) -> None:
    """What the client has not read is still in the pipe when it has gone."""
    ours, theirs = os.pipe()
    os.write(theirs, b"1\n2\n3\n")
    program = await programs.start_pando("f.js", "--stdin", "--port=0", stdin=ours)
    await program.says("waiting for a volunteer")
    program.signal(signal.SIGTERM)
    assert (await program.finish()).status == 143
    os.close(theirs)
    assert os.read(ours, 100) == b"1\n2\n3\n"
    os.close(ours)


async def test_no_more_is_read_than_the_volunteers_can_take(programs: Programs) -> None:
    """One slot that never answers: with items of a megabyte, the writer cannot get many of them off its hands."""
    programs.file("g.js", "module.exports['/pando/1.0.0'] = function (x, cb) { if (x[0] === 'a') cb(null, 1) }\n")
    program = await programs.start_pando("g.js", *LOCAL, stdin=asyncio.subprocess.PIPE)
    await program.write(b"a\n")
    await program.prints(1)
    line = b"b" * (1 << 20) + b"\n"
    written = 0
    while written < 50:
        try:
            async with asyncio.timeout(1.0):  # nothing moves any more
                await program.write(line)
        except TimeoutError:
            break
        written += 1
    assert 1 <= written <= 5
    program.signal(signal.SIGINT)
    assert (await program.finish(within=15)).status == 130

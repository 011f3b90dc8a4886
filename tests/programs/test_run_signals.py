"""Signals, to the client and to the volunteer that it started."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from tests.support.programs import PANDO, Client, Programs

SLOW = """
module.exports['/pando/1.0.0'] = function (x, cb) {
  setTimeout(function () { cb(null, x * x) }, 20)
}
"""
NEVER = "module.exports['/pando/1.0.0'] = function (x, cb) { if (x == 1) cb(null, 1) }\n"
HERE = ("--start-idle=false", "--port=0")
SQUARES = [str(n * n) for n in range(1, 101)]
ITEMS = [str(n) for n in range(1, 101)]


async def begun(programs: Programs, function: str, *arguments: str) -> Client:
    """A client that has printed its first result."""
    programs.file("g.js", function)
    program = await programs.start_pando("g.js", *HERE, *arguments)
    await program.prints(1)
    return program


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
async def test_a_signal_ends_the_run_quietly_and_soon(programs: Programs, number: int, status: int) -> None:
    program = await begun(programs, NEVER, "1", "2", "3")
    program.signal(number)
    outcome = await program.finish(within=10)
    assert (outcome.status, outcome.lines, outcome.complaints) == (status, ["1"], [])
    await programs.nothing_is_left()


async def test_a_second_signal_ends_it_at_once(programs: Programs) -> None:
    program = await begun(programs, NEVER, "1", "2")
    program.signal(signal.SIGINT)
    program.signal(signal.SIGINT)
    outcome = await program.finish(within=10)
    assert (outcome.status, outcome.lines, outcome.complaints) == (130, ["1"], [])
    await programs.nothing_is_left()


async def test_a_function_that_blocks_its_worker_does_not_keep_us(programs: Programs) -> None:
    blocks = "module.exports['/pando/1.0.0'] = function (x, cb) { if (x == 1) return cb(null, 1); for (;;) {} }\n"
    program = await begun(programs, blocks, "1", "2", "3")
    program.signal(signal.SIGINT)
    outcome = await program.finish(within=15)
    assert (outcome.status, outcome.lines, outcome.complaints) == (130, ["1"], [])
    await programs.nothing_is_left()


async def test_interrupted_while_the_bundler_works(programs: Programs) -> None:
    programs.file("g.js", "for (;;) {}\n")
    program = await programs.start_pando("g.js", "--local", "1")

    async def bundler() -> None:
        while not any("bundler.js" in line for line in programs.left().values()):  # noqa: ASYNC110 - a grandchild
            await asyncio.sleep(0.01)

    await asyncio.wait_for(bundler(), 20)
    program.signal(signal.SIGINT)
    outcome = await program.finish(within=10)
    assert (outcome.status, outcome.out, outcome.err) == (130, b"", [])
    await programs.nothing_is_left()


async def test_interrupted_while_nobody_is_there(programs: Programs) -> None:
    program = await programs.start_pando("f.js", "--port=0", "1")
    await program.serves_at()
    program.signal(signal.SIGINT)
    outcome = await program.finish(within=10)
    assert (outcome.status, outcome.out, outcome.complaints) == (130, b"", [])


async def test_what_is_ignored_at_the_start_stays_ignored(programs: Programs) -> None:
    """As after nohup."""
    programs.file("g.js", SLOW)
    program = await programs.start("sh", "-c", 'trap \'\' HUP; exec "$0" "$@"', PANDO, "g.js", *HERE, *ITEMS)
    await program.prints(1)
    program.signal(signal.SIGHUP)
    outcome = await program.finish()
    assert (outcome.status, outcome.lines, outcome.complaints) == (0, SQUARES, [])


@pytest.mark.alone
async def test_stopped_for_longer_than_a_heartbeat_and_continued(programs: Programs) -> None:
    program = await begun(programs, SLOW, "--heartbeat=100", *ITEMS)
    program.signal(signal.SIGSTOP)
    await asyncio.sleep(1.5)  # what is tested is that time passes: 15 heartbeats
    program.signal(signal.SIGCONT)
    outcome = await program.finish()
    assert (outcome.status, outcome.lines, outcome.complaints) == (0, SQUARES, [])


async def test_the_volunteer_here_is_killed_twice(programs: Programs) -> None:
    program = await begun(programs, SLOW, *ITEMS)
    for printed in (10, 40):
        await program.prints(printed)
        [volunteer] = programs.volunteers_here()
        os.kill(volunteer, signal.SIGKILL)
        await program.prints(printed + 20)
    outcome = await program.finish()
    assert (outcome.status, outcome.lines) == (0, SQUARES), outcome
    ended = "pando: the volunteer on this machine ended while it was working on "
    assert [line.startswith(ended) for line in outcome.complaints] == [True, True], outcome
    await programs.nothing_is_left()


async def test_the_volunteer_here_is_stopped(programs: Programs) -> None:
    """It is told to end, and hands back; another one takes its place."""
    program = await begun(programs, SLOW, *ITEMS)
    [volunteer] = programs.volunteers_here()
    os.kill(volunteer, signal.SIGTERM)
    outcome = await program.finish()
    assert (outcome.status, outcome.lines, outcome.complaints) == (0, SQUARES, [])


@pytest.mark.alone
async def test_the_volunteer_here_freezes(programs: Programs) -> None:
    """Its items go to another volunteer; here it comes back first."""
    program = await begun(programs, SLOW, "--heartbeat=100", *ITEMS)
    [volunteer] = programs.volunteers_here()
    os.kill(volunteer, signal.SIGSTOP)
    await asyncio.sleep(0.5)  # what is tested is that time passes: five heartbeats, so that it is a suspect
    os.kill(volunteer, signal.SIGCONT)
    outcome = await program.finish()
    assert (outcome.status, outcome.lines, outcome.complaints) == (0, SQUARES, [])


async def test_a_client_that_is_killed_leaves_no_volunteer_behind(programs: Programs) -> None:
    program = await begun(programs, NEVER, "1", "2")
    assert programs.volunteers_here()
    program.signal(signal.SIGKILL)
    await program.finish()
    await programs.nothing_is_left()


async def test_with_64_descriptors(programs: Programs) -> None:
    line = "ulimit -n 64; seq 100 | $PANDO f.js --stdin --start-idle=false --port=0"
    outcome = await programs.shell(line)
    assert (outcome.status, outcome.lines, outcome.complaints) == (0, SQUARES, [])


async def test_two_clients_in_one_folder(programs: Programs) -> None:
    both = await asyncio.gather(*(programs.pando("f.js", *HERE, *items) for items in (ITEMS, ITEMS[::-1])))
    assert [outcome.lines for outcome in both] == [SQUARES, SQUARES[::-1]]
    assert [(outcome.status, outcome.complaints) for outcome in both] == [(0, []), (0, [])]

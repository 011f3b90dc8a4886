"""`--local --watch`: the same items again whenever the function's files change."""

from __future__ import annotations

import signal

from tests.support.programs import Client, Programs

MODULE = """const { times } = require('./lib/times')
module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x * times) }
"""


async def waits(pando: Client, times: int) -> None:
    """Waits until it has run so often."""
    await pando.until(lambda: pando.err.count(b"waiting for a change") >= times)


async def test_a_change_runs_it_again(programs: Programs) -> None:
    programs.file("lib/times.js", "exports.times = 2\n")
    programs.file("g.js", MODULE)
    pando = await programs.start_pando("g.js", "--local", "--watch", "1", "2")
    await waits(pando, 1)
    assert pando.out == b"2\n4\n"
    programs.file("lib/times.js", "exports.times = 3\n")
    await waits(pando, 2)
    assert pando.out == b"2\n4\n3\n6\n"
    # A function that cannot be used is one line, and mending it is a change.
    programs.file("g.js", "module.exports = (\n")
    await pando.says(r"g\.js:\d")
    await waits(pando, 3)
    programs.file("g.js", MODULE)
    await waits(pando, 4)
    # So is one that throws.
    programs.file("lib/times.js", "throw new Error('no times')\n")
    await pando.says(r"lib/times\.js:1:7: Loading the module failed: Error: no times")
    await waits(pando, 5)
    pando.signal(signal.SIGINT)
    outcome = await pando.finish()
    assert outcome.status == 130
    assert outcome.lines == ["2", "4", "3", "6", "3", "6"]
    await programs.nothing_is_left()


async def test_what_it_cannot_do(programs: Programs) -> None:
    says = "pando: --watch runs the items of the command line again and again: it needs --local, and no --stdin"
    pando = await programs.start_pando("nowhere/f.js", "--local", "--watch", "1")
    await waits(pando, 1)
    pando.signal(signal.SIGINT)
    assert (await pando.finish()).err[0] == "pando: the module nowhere/f.js does not exist"
    for arguments in (["--watch", "1"], ["--watch", "--local", "--stdin"]):
        outcome = await programs.pando("f.js", *arguments)
        assert (outcome.status, outcome.complaint) == (2, says)


async def test_a_run_without_an_end_is_left_when_its_function_is_mended(programs: Programs) -> None:
    programs.file("g.js", "module.exports['/pando/1.0.0'] = function (x, cb) { console.log('begun'); while (1); }\n")
    pando = await programs.start_pando("g.js", "--local", "--watch", "3", env={"DEBUG": "pando-computing"})
    await pando.says("joined")
    programs.file("g.js", "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x * x) }\n")
    await pando.prints(1)
    await waits(pando, 1)
    pando.signal(signal.SIGINT)
    outcome = await pando.finish()
    assert (outcome.status, outcome.lines) == (130, ["9"])
    await programs.nothing_is_left()

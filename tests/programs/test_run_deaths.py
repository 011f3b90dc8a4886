"""Items that end whoever works on them or never settle, and failures said as they happen, with the real programs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from tests.support.programs import Client, Programs

LITTLE_MEMORY = {"DENO_V8_FLAGS": "--max-old-space-size=48"}
"""So that memory runs out soon, and this machine keeps its own."""
TALKATIVE: dict[str, Any] = {"env": {"DEBUG": "pando-computing"}}
EATS = "const kept = []; for (;;) kept.push(new Array(1e5).fill(kept.length))"
EATS_SLOWLY = "const kept = []; return setInterval(() => kept.push(new Array(1e6).fill(kept.length)), 100)"


def function(deadly: str) -> str:
    """A module of a function that squares; on 3 it does something `deadly`."""
    return module(f"if (x === '3') {{ {deadly} }} setTimeout(() => cb(null, x * x), 5)")


def module(body: str) -> str:
    return f"module.exports['/pando/1.0.0'] = function (x, cb) {{ {body} }}\n"


async def test_an_item_that_ends_the_volunteer_on_this_machine_fails_after_three_times(programs: Programs) -> None:
    programs.file("g.js", function(EATS))
    outcome = await programs.pando("g.js", "--start-idle=false", "--port=0", *"123456", env=LITTLE_MEMORY)
    assert (outcome.status, outcome.lines) == (1, ["1", "4"]), outcome
    *before, last = outcome.complaints
    assert last == (
        "pando: item 3 (3) ended the volunteer on this machine 3 times, so it counts as failed. "
        "Perhaps it needs more memory than there is"
    )
    assert before, outcome
    for line in before:
        assert line.startswith("pando: the volunteer on this machine ended while it was working on item ")
    await programs.nothing_is_left()


async def test_an_item_that_ends_volunteers_elsewhere_is_named_with_them_and_may_be_skipped(programs: Programs) -> None:
    programs.file("g.js", function(EATS_SLOWLY))
    arguments = ("g.js", "--stdin", "--on-error=skip", "--port=0")
    client = await programs.start_pando(*arguments, stdin=asyncio.subprocess.PIPE, **TALKATIVE)
    port = await client.serves_at()
    volunteers = [await programs.volunteer(port, f"--device=V{number}", env=LITTLE_MEMORY) for number in range(4)]
    for number in range(4):
        await client.says(f"V{number} joined")
    await client.feed(range(1, 101))
    assert await client.ends() == 1, client
    assert client.lines == [str(x * x) for x in range(1, 101) if x != 3]
    said = (await client.says(r"pando: item 3 \(3\) ended 3 volunteers that worked on it \(on (V\d, V\d, V\d)\)"))[1]
    for number in range(4):
        if f"V{number}" in said:
            assert await volunteers[number].ends() < 0, "by a signal"
    assert client.said("left .* while it was working on .*item") >= 3
    assert client.err_lines[-1] == "pando: 1 item has no result: 3"
    assert all(line.isprintable() for line in client.err_lines)


async def test_a_volunteer_that_is_killed_is_started_again_and_makes_no_item_fail(programs: Programs) -> None:
    programs.file("g.js", module("setTimeout(() => cb(null, x * x), 1000)"))
    client = await programs.start_pando("g.js", "--start-idle=false", "--on-error=skip", "--port=0", *"12", **TALKATIVE)
    for kills in (1, 2):
        await client.says(" joined with ", times=kills)
        [volunteer] = programs.volunteers_here()
        os.kill(volunteer, signal.SIGKILL)
    assert await client.ends() == 0, client
    assert client.lines == ["1", "4"]


async def test_each_failure_is_said_as_it_happens(programs: Programs) -> None:
    programs.file("g.js", module("if (x % 2) throw new TypeError('odd: \\u001b[31m' + x); cb(null, x)"))
    arguments = ("g.js", "--stdin", "--on-error=skip", "--retries=1", "--port=0")
    client = await programs.start_pando(*arguments, stdin=asyncio.subprocess.PIPE)
    await programs.volunteer(await client.serves_at(), "--device=alice")
    await client.give(range(1, 51))
    await client.says(r"item 49 \(49\)")  # while the input is still open
    await client.end_input()
    assert await client.ends() == 1, client
    failures = [line for line in client.err_lines if "the function failed on" in line]
    assert [line.partition(", at ")[0] for line in failures] == [
        f"pando: the function failed on item {x} ({x}), once: odd: \\x1b[31m{x}" for x in range(1, 51, 2)
    ]
    assert all(line.endswith(" (on alice)") and "g.js:1:" in line for line in failures), failures
    numbers = ", ".join(str(x) for x in range(1, 40, 2))
    assert client.err_lines[-1] == f"pando: 25 items have no result: {numbers}, …"


IMPATIENT = """
import pando_client.coordination.coordinator as coordinator, pando_client.coordination.patience as patience
coordinator.FIRST_SECONDS = patience.FIRST_SECONDS = 5.0
patience.LOOK_SECONDS = 0.1
from pando_client.command.main import main
main()
"""


async def test_an_item_that_never_settles_is_named_with_its_holder(programs: Programs) -> None:
    """With less patience than people have: a minute is too long for a test."""
    programs.file("g.js", module("globalThis.kept = cb; if (x !== '2') cb(null, x)"))
    client = await programs.launch(Client, sys.executable, "-c", IMPATIENT, "g.js", "--port=0", *"1234")
    await programs.volunteer(await client.serves_at(), "--device=alice")
    await client.says(
        "pando: item 2 has been at alice for 5 s without a result, and no other volunteer is here to try it; "
        "--timeout=SECONDS limits the time of an item\n"
    )
    client.signal(signal.SIGTERM)
    assert await client.ends() == 128 + signal.SIGTERM
    assert client.lines == ["1"]
    assert client.said("has been at alice") == 1

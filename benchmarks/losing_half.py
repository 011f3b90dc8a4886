"""What happens to the results when half of the volunteers are killed at once.

    python benchmarks/losing_half.py [--quick]

Eight volunteers of one slot each, 100 ms an item; four of them get SIGKILL in the middle, with nothing said to anybody.
The others owe one result each every 100 ms from that moment on. The output is in order, so it stops at what the dead
ones held until that is lent again; then it catches up. Recovered is when as many results are written as the others
alone owe by then, and it stays so.
"""

from __future__ import annotations

import itertools
import time
from contextlib import AsyncExitStack

from support import functions, machine, programs
from support.flow import flowing, numbers
from support.script import Given, Table, run

VOLUNTEERS = 8
SECONDS_EACH = 0.1
FULL = 0.9
"""Part of what the others owe that counts as their full rate: 100 ms of timer are a little more than 100 ms."""
WATCHED = 10.0
"""Seconds after the kill for which the rate is watched."""


def recovered(marks: list[tuple[float, int]], killed: float, rate: float) -> float:
    """Returns the seconds from `killed` to the time from which on at least `rate` results a second are written."""
    before = max((count for at, count in marks if at <= killed), default=0)
    late = [
        until - killed
        for (_, count), (until, _) in itertools.pairwise(marks)
        if killed < until <= killed + WATCHED and count - before < rate * (until - killed - 2 * SECONDS_EACH)
    ]
    return max(late, default=0.0)


async def once(given: Given, protocol: str, seconds: float) -> tuple[float, float, float]:
    """Returns the seconds until recovered, and the rates before and after."""
    items = numbers(round(VOLUNTEERS / 2 / SECONDS_EACH * seconds))
    function = functions.module(given.folder, f"setTimeout(() => cb(null, x), {SECONDS_EACH * 1000})")
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(flowing(function))
        volunteers = [
            await stack.enter_async_context(
                programs.pando_volunteer(client.url, f"--device=V{number}", "--cores=1", f"--protocol={protocol}")
            )
            for number in range(VOLUNTEERS)
        ]
        await client.says("joined", times=VOLUNTEERS)
        with client.pouring(items):
            since = time.perf_counter()
            await client.reaches(len(items.split()) // 4)
            before = client.count / (time.perf_counter() - since)
            killed = time.perf_counter()
            for volunteer in volunteers[::2]:
                machine.kill(volunteer.pid)
            await client.gives_back(items, within=seconds * 3 + 30)
    rest = VOLUNTEERS / 2 / SECONDS_EACH
    after = [(at, count) for at, count in client.marks if at > killed]
    last = [mark for mark in after if mark[0] - killed > WATCHED] or after[-2:]
    rate = (last[-1][1] - last[0][1]) / (last[-1][0] - last[0][0])
    return recovered(client.marks, killed, FULL * rest), before, rate


async def measure(given: Given, table: Table) -> None:
    """Fills the table."""
    for protocol, name in (("webrtc", "WebRTC"), ("websocket", "WebSocket")):
        seconds, before, after = await once(given, protocol, 24 if given.quick else 40)
        table.add(f"{name}, full rate again after", seconds, "s", 5, 3, less=True, digits=1)
        table.note(
            f"{name}: {before:.1f} items/s of 80 before, {after:.1f} of 40 at the end; every result is there, in order"
        )


if __name__ == "__main__":
    run(measure, "Four of eight volunteers are killed, 100 ms an item")

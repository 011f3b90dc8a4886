"""What happens to the results when half of the volunteers are killed at once.

    python -m benchmarks.losing_half [--quick]

Eight volunteers of one slot each, 100 ms an item; four of them get SIGKILL in the middle, with nothing said to anybody.
The others owe one result each every 100 ms from that moment on. The output is in order, so it stops at what the dead
ones held until that is lent again. Recovered is when the last second is over in which clearly fewer than those results
were written.
"""

from __future__ import annotations

import bisect
import time
from contextlib import AsyncExitStack

from benchmarks.support.flow import flowing, numbers
from benchmarks.support.script import Given, Table, run
from tests.support import functions, machine, programs

VOLUNTEERS = 8
SECONDS_EACH = 0.1
FULL = 0.8
"""Part of what the others owe that counts as their full rate."""
WINDOW, STEP = 1.0, 0.05
"""Seconds over which the rate is taken, and from one window to the next."""
WATCHED = 10.0
"""Seconds after the kill for which the rate is watched."""


def recovered(marks: list[tuple[float, int]], killed: float, rate: float) -> float:
    """Returns the seconds from `killed` to the end of the last window in which fewer results were written."""
    times = [at for at, _ in marks]

    def written(until: float) -> int:
        place = bisect.bisect_right(times, until)
        return marks[place - 1][1] if place else 0

    starts = [STEP * step for step in range(round((WATCHED - WINDOW) / STEP))]
    slow = [s for s in starts if written(killed + s + WINDOW) - written(killed + s) < rate * WINDOW]
    return max(slow) + WINDOW if slow else 0.0


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

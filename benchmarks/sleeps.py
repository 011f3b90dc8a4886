"""How close ten volunteers come to ten times one, when each item sleeps for a second.

    python -m benchmarks.sleeps [--quick]

Ten volunteers of one slot each wait at a public server before the client starts. The clock runs from the moment at
which the first of them is ready for items to the last result, so that it includes the arrival of the others.
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack

from benchmarks.support.flow import flowing
from benchmarks.support.script import Given, Table, run
from tests.support import functions, programs

VOLUNTEERS = 10


async def measure(given: Given, table: Table) -> None:
    """Fills the table."""
    each = 10 if given.quick else 40
    items = b"".join(b"%d\n" % number for number in range(VOLUNTEERS * each))
    function = functions.module(given.folder, "setTimeout(() => cb(null, x), 1000)")
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(programs.pando_server())
        for number in range(VOLUNTEERS):
            volunteer = programs.pando_volunteer(server.url, f"--device=V{number}", "--cores=1")
            await stack.enter_async_context(volunteer)
        await server.has("volunteers", VOLUNTEERS)
        client = await stack.enter_async_context(flowing(function, server=server))
        with client.pouring(items):
            await client.says("joined")
            first = time.perf_counter()
            await client.says("joined", times=VOLUNTEERS)
            last = time.perf_counter()
            await client.gives_back(items, within=each * 3 + 30)
    until = client.marks[-1][0]
    table.add("from the first ready on", 100 * each / (until - first), "% of the ideal", 97, 99, digits=1)
    table.note(f"{len(items.split())} items; the last volunteer was ready {last - first:.2f} s after the first;")
    table.note(f"{until - first:.2f} s in all, of which {until - first - each:.2f} s are not sleep")


if __name__ == "__main__":
    run(measure, "Sleeps of 1 s, ten volunteers of one slot each, over WebRTC")

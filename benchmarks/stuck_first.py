"""How much memory the client takes when the first item is stuck, so that nothing can be written, and is then released.

    python -m benchmarks.stuck_first [--quick]

Two simulated volunteers give every item back, but keep the first one until the client has read all that it will read
meanwhile. They take their time until then, so that the first item is given up for a straggler long before. The peak is
the system's own count, so that no moment is missed.
"""

from __future__ import annotations

import time

from benchmarks.support.flow import Flow, flowing, numbers
from benchmarks.support.script import Given, Table, run
from benchmarks.support.usage import peak_resident, resident
from pando_shared.wire.codec import encode
from pando_shared.wire.messages import Lend
from tests.support import functions, machine
from tests.support.volunteers import Echo, over_websocket

PAUSE = 0.1
"""Seconds between two answers, each to a lease of thousands of items."""
SETTLED = 2.0
"""Seconds without an item read after which the client reads no more."""


def is_first(lend: bytes) -> bool:
    """Whether it lends the first item, which the client lends alone: it does not know yet how long one takes."""
    return lend[8:] == encode(Lend(1, [b"1"]))[8:]


async def full(client: Flow) -> int:
    """Waits until the client reads no more; returns how many items it has read."""
    since, read = time.monotonic(), 0

    async def stands_still() -> bool:
        nonlocal since, read
        now = (await client.status())["read"]
        if now != read:
            since, read = time.monotonic(), now
        return read > 0 and time.monotonic() - since > SETTLED

    await machine.eventually(stands_still, "a client that reads no more", 120)
    return read


async def measure(given: Given, table: Table) -> None:
    """Fills the table."""
    count = 1_000_000 if given.quick else 10_000_000
    items = numbers(count)
    async with flowing(functions.module(given.folder, "cb(null, x)")) as client:
        empty = resident(client.pid)
        one, two = Echo(2, "One", is_first), Echo(2, "Two", is_first)
        async with over_websocket(client.url, one) as first, over_websocket(client.url, two) as second:
            first.pause = second.pause = PAUSE
            with client.pouring(items):
                held = await full(client)
                assert client.count == 0, client
                stuck = peak_resident(client.pid)
                await first.release()
                await second.release()
                await client.reaches(count, within=300)
                peak = peak_resident(client.pid)
                await client.gives_back(items, within=30)
    table.add("peak while the first item is stuck", stuck, "MiB", 300, 150, less=True)
    table.add("peak of the whole run", peak, "MiB", 300, 150, less=True)
    table.note(
        f"{count:,} items, of which {held:,} were read while the first was stuck; an idle client: {empty:.0f} MiB"
    )
    table.note(f"for each item read and not written: {(stuck - empty) * 1024 * 1024 / held:.0f} bytes")


if __name__ == "__main__":
    run(measure, "Memory of the client when the first item is stuck")

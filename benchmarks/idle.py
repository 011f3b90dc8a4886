"""What volunteers cost the client that are connected and have nothing to do.

    python -m benchmarks.idle [--quick] [--code=CHECKOUT]

Simulated volunteers: their channels, handshakes, pings and consent checks are real, but they need no browser. Those
over WebRTC are in other processes. The client waits for its first item meanwhile. Memory is counted from the client
before the first of them came. With `--code` it is the client of another checkout: so two versions are measured alike.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from benchmarks.support.flow import Flow, flowing
from benchmarks.support.script import Given, Table, run
from benchmarks.support.usage import cpu_seconds, resident
from tests.support import functions
from tests.support.processes import Program, start
from tests.support.volunteers import Echo, over_websocket

PROCESSES = 2
AT_ONCE = 50
"""Volunteers over WebSocket that connect at a time."""
SETTLE = 3.0
"""Seconds after which handshakes are over and what they needed is given back."""

Join = Callable[[Flow, AsyncExitStack, int], Awaitable[None]]


@dataclass(frozen=True)
class Case:
    """A number of volunteers, and what they may cost.

    Attributes:
        channel: what they are connected by.
        volunteers: how many.
        cpu: percent of a core: what it must be, and the aim.
        memory: MiB, likewise.
    """

    channel: str
    volunteers: int
    cpu: tuple[float, float]
    memory: tuple[float, float]


# A client's own server takes 1,000 sockets in all, and a few are for those who look at it.
CASES = (
    Case("WebRTC", 100, (15, 8), (100, 60)),
    Case("WebSocket", 100, (15, 8), (100, 60)),
    Case("WebSocket", 300, (15, 3), (100, 60)),
    Case("WebSocket", 990, (15, 5), (200, 150)),
)


async def used(pid: int, seconds: float) -> float:
    """Returns the part of a core that a process uses, in percent."""
    since, before = time.perf_counter(), cpu_seconds(pid)
    await asyncio.sleep(seconds)
    return 100 * (cpu_seconds(pid) - before) / (time.perf_counter() - since)


async def join_over_webrtc(client: Flow, stack: AsyncExitStack, count: int) -> None:
    """Lets so many volunteers join."""

    async def some(count: int) -> None:
        peers = await start(Program, sys.executable, "-m", "benchmarks.support.peers", client.url, str(count))
        stack.push_async_callback(peers.close)
        await peers.until(lambda: peers.out.startswith(b"ready"), "all of them", within=120)

    shares = [count // PROCESSES + (number < count % PROCESSES) for number in range(PROCESSES)]
    await asyncio.gather(*(some(share) for share in shares if share))


async def join_over_websocket(client: Flow, stack: AsyncExitStack, count: int) -> None:
    """Lets so many volunteers join."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with places:
            await stack.enter_async_context(over_websocket(client.url, Echo(1, f"Peer {number}")))

    await asyncio.gather(*map(one, range(count)))


JOINS: dict[str, Join] = {"WebRTC": join_over_webrtc, "WebSocket": join_over_websocket}


async def measure_case(given: Given, table: Table, case: Case) -> None:
    """Adds what one number of volunteers costs to the table."""
    seconds = 10.0 if given.quick else 30.0
    join, name = JOINS[case.channel], f"{case.volunteers} over {case.channel}"
    function = functions.module(given.folder, "cb(null, x)")
    async with flowing(function, code=given.code) as client, AsyncExitStack() as stack:
        await asyncio.sleep(SETTLE)
        nobody, empty = await used(client.pid, seconds / 3), resident(client.pid)
        await join(client, stack, 1)
        await asyncio.sleep(SETTLE)
        one = resident(client.pid)
        since = time.perf_counter()
        await join(client, stack, case.volunteers - 1)
        await client.says("joined", times=case.volunteers, within=120)
        joined = time.perf_counter() - since
        await asyncio.sleep(SETTLE)
        cpu, grown = await used(client.pid, seconds), resident(client.pid) - empty
        assert len((await client.status())["volunteers"]) == case.volunteers, client
    table.add(f"{name}, CPU", cpu, "% of a core", *case.cpu, less=True, digits=1)
    table.add(f"{name}, memory", grown, "MiB", *case.memory, less=True, digits=0)
    table.note(
        f"{name}: {joined:.1f} s to join; nobody there: {nobody:.1f} %, {empty:.0f} MiB;"
        f" {one - empty:.0f} MiB came with the first volunteer"
    )


async def measure(given: Given, table: Table) -> None:
    """Fills the table."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each volunteer is a file
    for case in CASES:
        await measure_case(given, table, case)
    table.note("990 and not 1,000: a client's own server takes no more sockets, and somebody has to look at it")


if __name__ == "__main__":
    run(measure, "Volunteers with nothing to do", any_code=True)

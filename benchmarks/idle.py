"""What a hundred volunteers cost the client that are connected and have nothing to do.

    python -m benchmarks.idle [--quick]

Simulated volunteers in other processes: their channels, handshakes, pings and consent checks are real, but they need no
browser. The client waits for its first item meanwhile. Memory is counted from the client before the first of them came.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack

from benchmarks.support.flow import Flow, flowing
from benchmarks.support.script import Given, Table, run
from benchmarks.support.simulated import Echo, over_websocket
from benchmarks.support.usage import cpu_seconds, resident
from tests.support import functions, programs

VOLUNTEERS = 100
PROCESSES = 2
SETTLE = 3.0
"""Seconds after which handshakes are over and what they needed is given back."""


async def used(pid: int, seconds: float) -> float:
    """Returns the part of a core that a process uses, in percent."""
    since, before = time.perf_counter(), cpu_seconds(pid)
    await asyncio.sleep(seconds)
    return 100 * (cpu_seconds(pid) - before) / (time.perf_counter() - since)


async def join_over_webrtc(client: Flow, stack: AsyncExitStack, count: int) -> None:
    """Lets so many volunteers join."""
    command = (sys.executable, "-m", "benchmarks.support.peers", client.url, str(count))
    peers = await programs.start(programs.Program, *command)
    stack.push_async_callback(peers.close)
    await peers.says("^ready", within=120)


async def join_over_websocket(client: Flow, stack: AsyncExitStack, count: int) -> None:
    """Lets so many volunteers join."""
    for number in range(count):
        await stack.enter_async_context(over_websocket(client.url, Echo(1, f"Peer {number}")))


async def measure(given: Given, table: Table) -> None:
    """Fills the table."""
    seconds = 10.0 if given.quick else 30.0
    function = functions.module(given.folder, "cb(null, x)")
    for name, join in (("WebRTC", join_over_webrtc), ("WebSocket", join_over_websocket)):
        async with flowing(function) as client, AsyncExitStack() as stack:
            await asyncio.sleep(SETTLE)
            nobody, empty = await used(client.pid, seconds / 3), resident(client.pid)
            await join(client, stack, 1)
            await asyncio.sleep(SETTLE)
            one = resident(client.pid)
            since = time.perf_counter()
            await asyncio.gather(*(join(client, stack, (VOLUNTEERS - 1) // PROCESSES) for _ in range(PROCESSES)))
            await join(client, stack, VOLUNTEERS - 1 - (VOLUNTEERS - 1) // PROCESSES * PROCESSES)
            await client.says("joined", times=VOLUNTEERS)
            joined = time.perf_counter() - since
            await asyncio.sleep(SETTLE)
            cpu, grown = await used(client.pid, seconds), resident(client.pid) - empty
            assert len((await client.status())["volunteers"]) == VOLUNTEERS, client
        table.add(f"{name}, CPU", cpu, "% of a core", 15, 8, less=True, digits=1)
        table.add(f"{name}, memory", grown, "MiB", 100, 60, less=True, digits=0)
        table.note(
            f"{name}: {joined:.1f} s to join; nobody there: {nobody:.1f} %, {empty:.0f} MiB;"
            f" {one - empty:.0f} MiB came with the first volunteer"
        )


if __name__ == "__main__":
    run(measure, "A hundred volunteers with nothing to do")

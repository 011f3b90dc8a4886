"""Whether a large function that twenty volunteers are being sent keeps the results of another one waiting.

    python -m benchmarks.large_bundle [--quick]

The function is 5 MB that cannot be packed any smaller. One volunteer gives a result every 20 ms; then twenty more come
at once, each of whom has to be sent the function. They are simulated, and in other processes. What counts is the
longest time between two results, before and meanwhile.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import random
import time
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.idle import join_over_webrtc, join_over_websocket
from benchmarks.support.flow import Flow, flowing, numbers
from benchmarks.support.script import Given, Table, run
from tests.support import functions, programs

VOLUNTEERS = 20
SIZE = 5_000_000
MS = 20
BEFORE = 3.0
"""Seconds in which nobody comes."""


def large_module(folder: Path) -> Path:
    """Writes a function that answers after `MS`, with bytes beside it that gzip cannot make fewer."""
    ballast = base64.b64encode(random.Random(1).randbytes(SIZE)).decode()
    module = functions.module(folder, f"setTimeout(() => cb(null, x), {MS})")
    module.write_text(f"exports.ballast = '{ballast}'\n{module.read_text()}")
    return module


def longest_wait(client: Flow, since: float, until: float) -> float:
    """Returns the longest time without a result, in seconds."""
    times = [since, *(at for at, _ in client.marks if since < at < until), until]
    return max(later - sooner for sooner, later in itertools.pairwise(times))


async def measure(given: Given, table: Table) -> None:
    """Fills the table."""
    module = large_module(given.folder)
    joins = (("WebRTC", join_over_webrtc), ("WebSocket", join_over_websocket))
    for name, join in joins:
        async with flowing(module, "--batch-size=1") as client, AsyncExitStack() as stack:
            worker = programs.pando_volunteer(client.url, "--device=First", "--cores=1", f"--protocol={name.lower()}")
            await stack.enter_async_context(worker)
            with client.pouring(numbers(1_000_000)):
                await client.reaches(50)
                quiet = time.perf_counter()
                await asyncio.sleep(BEFORE)
                since = time.perf_counter()
                await join(client, stack, VOLUNTEERS)
                await client.says("joined", times=VOLUNTEERS + 1, within=120)
                until = time.perf_counter()
        before, meanwhile = longest_wait(client, quiet, since), longest_wait(client, since, until)
        table.add(f"{name}, longest wait", meanwhile, "s", 1.0, 0.3, less=True, digits=2)
        table.note(f"{name}: {before:.2f} s before; {until - since:.1f} s until all {VOLUNTEERS} had the function")


if __name__ == "__main__":
    run(measure, f"A function of {SIZE // 1_000_000} MB is sent to {VOLUNTEERS} volunteers while another one works")

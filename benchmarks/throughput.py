"""How many items a second one Chromium tab does when the function takes no time at all.

    python -m benchmarks.throughput [--quick]

The steady rate counts from the first result on; the rate of the whole run from the opening of the page, with
everything that happens once. The limit is what the same channel, browser and function do with no engine at all.
"""

from __future__ import annotations

import time

from benchmarks.support.bare import bare_rate
from benchmarks.support.flow import flowing, numbers
from benchmarks.support.script import Given, Table, run
from benchmarks.support.tabs import UnwatchedChromium, unwatched_chromium
from tests.support import functions


async def rates(browser: UnwatchedChromium, given: Given, protocol: str, items: bytes) -> tuple[float, float]:
    """Returns items a second: steady, and of the whole run."""
    function = functions.module(given.folder, "cb(null, x)")
    async with flowing(function) as client:
        with client.pouring(items):
            since = time.perf_counter()
            tab = await browser.open(client.url, protocol)
            await client.gives_back(items, within=180)
        await tab.close()
    until, count = client.marks[-1]
    return client.rate(), count / (until - since)


async def measure(given: Given, table: Table) -> None:
    """Fills the table."""
    items = numbers(1_000_000 if given.quick else 4_000_000)
    async with unwatched_chromium(given.folder / "profile") as browser:
        bare = await browser.open()
        limit = await bare_rate(bare, 3 if given.quick else 8)
        await bare.close()
        for protocol, name in (("webrtc", "WebRTC"), ("websocket", "WebSocket")):
            steady, whole = await rates(browser, given, protocol, items)
            table.add(f"{name}, steady", steady, "items/s", 100_000, 250_000)
            table.add(f"{name}, whole run", whole, "items/s", 100_000, 250_000)
            if protocol == "webrtc":
                table.add("WebRTC, steady, part of the limit", 100 * steady / limit, "%", 25, 25)
    table.note(f"the limit, with no engine: {limit:,.0f} items/s over WebRTC")


if __name__ == "__main__":
    run(measure, "Throughput: a function that takes no time, one Chromium tab")

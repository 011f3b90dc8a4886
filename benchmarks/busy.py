"""How busy a tab's cores are with items of 10 ms, near by and at a distance of 100 ms.

    python -m benchmarks.busy [--quick]

One Chromium tab with two slots, over WebRTC. The function keeps its core busy until 10 ms have passed by the clock, so
the ideal is 200 items a second; what is missing is time in which a slot had no item, or no core. What two workers reach
that nobody lends anything, before and after, tells the one from the other. At a distance every packet is held back for
50 ms each way by a relay that neither end knows of.
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack

from benchmarks.support.bare import bare_work
from benchmarks.support.flow import flowing, numbers
from benchmarks.support.script import Given, Table, run
from tests.support import browsers, functions
from tests.support.network import distance

SLOTS = 2
MS = 10
IDEAL = SLOTS / MS * 1000
BUSY = f"const end = performance.now() + {MS}; while (performance.now() < end); cb(null, x)"
ROUND_TRIP = 0.1


async def efficiency(
    browser: browsers.Chromium, given: Given, items: bytes, round_trip: float
) -> tuple[float, float, float]:
    """Returns items a second, steady and of the whole run, and the milliseconds of a round trip."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(flowing(functions.module(given.folder, BUSY)))
        context = await browser.browser.new_context()
        stack.push_async_callback(context.close)
        if round_trip:
            await stack.enter_async_context(distance(context, round_trip))
        page = await context.new_page()
        with client.pouring(items):
            await page.goto(f"{client.url}/#device=Busy;cores={SLOTS};protocol=webrtc;")
            await client.says("joined")
            since = time.perf_counter()
            await client.reaches(len(items.split()) // 2, within=60)
            [volunteer] = (await client.status())["volunteers"]
            await client.gives_back(items, within=120)
    until, count = client.marks[-1]
    return client.rate(), count / (until - since), volunteer["round_trip_ms"]


async def alone(browser: browsers.Chromium, seconds: float) -> float:
    """Returns the items a second of two workers that nobody lends anything."""
    context = await browser.browser.new_context()
    try:
        return await bare_work(await context.new_page(), BUSY, SLOTS, seconds)
    finally:
        await context.close()


async def measure(given: Given, table: Table) -> None:
    """Fills the table."""
    items = numbers(1500 if given.quick else 6000)
    seconds = 3.0 if given.quick else 10.0
    async with browsers.chromium(given.folder / "profile", browsers.OPEN_ADDRESSES) as browser:
        for name, round_trip in (("near", 0.0), ("at a distance of 100 ms", ROUND_TRIP)):
            before = await alone(browser, seconds)
            steady, whole, measured = await efficiency(browser, given, items, round_trip)
            after = await alone(browser, seconds)
            table.add(f"{name}, steady", 100 * steady / IDEAL, "% of the ideal", 95, 98, digits=1)
            table.add(f"{name}, from ready on", 100 * whole / IDEAL, "% of the ideal", 95, 98, digits=1)
            table.note(
                f"{name}: workers alone reach {100 * before / IDEAL:.1f} % before, {100 * after / IDEAL:.1f} % after;"
                f" the client measured a round trip of {measured:.0f} ms"
            )


if __name__ == "__main__":
    run(measure, "Items of 10 ms, one Chromium tab with two slots, over WebRTC")

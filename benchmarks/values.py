"""How fast large values travel: 1 MiB each, to one Chromium tab and back.

    python -m benchmarks.values [--quick]

Every value goes both ways, so each figure is the rate each way while the other way is as busy. The limit is what the
same browser and channel do with no engine, in the same run.
"""

from __future__ import annotations

from benchmarks.support.bare import bare_bytes
from benchmarks.support.flow import flowing
from benchmarks.support.script import Given, Table, run
from benchmarks.support.tabs import unwatched_chromium
from tests.support import functions

SIZE = 1024 * 1024
BOUNDS = {"webrtc": ("WebRTC", 15, 25), "websocket": ("WebSocket", 60, 150)}


async def measure(given: Given, table: Table) -> None:
    """Fills the table."""
    async with unwatched_chromium(given.folder / "profile") as browser:
        for protocol, (name, must, aim) in BOUNDS.items():
            count = (1 if given.quick else 4) * (60 if protocol == "webrtc" else 240)
            items = b"".join(b"%08d" % number * (SIZE // 8) + b"\n" for number in range(count))
            async with flowing(functions.module(given.folder, "cb(null, x)")) as client:
                with client.pouring(items):
                    tab = await browser.open(client.url, protocol)
                    await client.gives_back(items, within=180)
                await tab.close()
            rate = client.rate() * SIZE / 1e6
            table.add(name, rate, "MB/s each way", must, aim)
            bare = await browser.open()
            limit = await bare_bytes(bare, protocol, 2 if given.quick else 5) / 1e6
            await bare.close()
            table.note(
                f"{name} with no engine, full frames: {limit:.0f} MB/s each way; {100 * rate / limit:.0f} % of it"
            )


if __name__ == "__main__":
    run(measure, "Values of 1 MiB, echoed by one Chromium tab")

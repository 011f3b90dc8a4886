"""How long it takes from opening the page to the first result, in Chromium, where networks let less and less pass.

    python -m benchmarks.networks [--runs=3]

Each run has a network of its own (`tests/support/networks.py`): server, client, STUN and TURN server, and a volunteer,
around a router that delays nothing. The clock starts before the browser is told to open the page, and stops when the
first line of the client's standard output is read. All else runs already. It needs what `make browsers networks`
installs.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.support.functions import module
from tests.support.networks import Host, Network
from tests.support.on_hosts import site, stun_url, turn_url

SETTLE = 1.5
"""Seconds between a client's start and the opening of the page: nobody opens it faster."""
PATIENCE = 20.0
"""Seconds after which there is no way through."""

Block = Callable[[Network, Host, Host], Awaitable[None]]


async def _nothing(_net: Network, _client: Host, _volunteer: Host) -> None:
    pass


async def _between(net: Network, client: Host, volunteer: Host) -> None:
    await net.block_udp_between(client, volunteer)


async def _at_volunteer(net: Network, _client: Host, volunteer: Host) -> None:
    await net.block_udp(volunteer)


async def _at_client(net: Network, client: Host, _volunteer: Host) -> None:
    await net.block_udp(client)


async def _at_both(net: Network, client: Host, volunteer: Host) -> None:
    await net.block_udp(client, volunteer)


CASES: dict[str, tuple[str, Block]] = {
    "directly": ("stun", _nothing),
    "TURN over UDP; none between client and volunteer": ("udp", _between),
    "TURN over TCP; no UDP at the volunteer": ("tcp", _at_volunteer),
    "TURN over TLS; no UDP at the volunteer": ("tls", _at_volunteer),
    "no TURN; no UDP at the volunteer": ("stun", _at_volunteer),
    "no TURN; no UDP at the client": ("stun", _at_client),
    "no TURN; no UDP at both": ("stun", _at_both),
}
"""What there is to help, and what is blocked."""


async def first_result(help_by: str, block: Block) -> float | None:
    """Returns the seconds to the first result; None where there was none."""
    with tempfile.TemporaryDirectory() as folder:
        async with site(Path(folder)) as at:
            place, here, relay, there = await at.hosts("server", "client", "relay", "volunteer")
            server = await at.server(place)
            await at.turn(relay)
            await block(at.net, here, there)
            ice = stun_url(relay) if help_by == "stun" else turn_url(relay, help_by)
            client = await at.client(here, module(at.folder, "cb(null, x)"), server.url, "1", ice=ice)
            await (await at.tab(there, "about:blank")).close()
            await asyncio.sleep(SETTLE)
            began = time.perf_counter()
            opening = asyncio.create_task(at.tab(there, server.url))
            try:
                await client.prints(1, PATIENCE)
            except AssertionError:
                return None
            finally:
                seconds = time.perf_counter() - began
                await opening
            assert client.lines == ["1"], client
            return seconds


async def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Time to the first result, through networks that block UDP.")
    parser.add_argument("--runs", type=int, default=3, help="for each case (3)")
    runs = parser.parse_args().runs
    print(f"Chromium, {runs} runs each, seconds to the first result: median (least to most)")
    for name, (help_by, block) in CASES.items():
        found = [await first_result(help_by, block)]
        if found[0] is not None:  # the rest would only take as long
            found += [await first_result(help_by, block) for _ in range(runs - 1)]
        seconds = [one for one in found if one is not None]
        failed = f"none within {PATIENCE:.0f} s" if len(seconds) < len(found) else ""
        line = f"{statistics.median(seconds):6.2f} ({min(seconds):.2f} to {max(seconds):.2f})" if seconds else ""
        print(f"  {name:<50}{line:>22} {failed}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())

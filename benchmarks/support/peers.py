"""Many simulated volunteers over WebRTC, in a process of their own.

    python -m benchmarks.support.peers URL COUNT

Prints `ready` when all are there, and lets them live until it is ended.
"""

from __future__ import annotations

import asyncio
import sys

from benchmarks.support.script import new_event_loop
from tests.support.server_peers import Site, Volunteer
from tests.support.volunteers import Echo, WebRtcPeer, loopback_only

AT_ONCE = 4
"""Volunteers that connect at a time."""


async def join(site: Site, number: int) -> WebRtcPeer:
    """Connects one volunteer by way of the client's server; returns when its channel is open."""
    echo = Echo(1, f"Peer {number}")

    def receive(frame: bytes) -> None:
        for answer in echo.receive(frame):
            peer.channel.send(answer)

    peer = WebRtcPeer(receive)
    sdp = await peer.offer()
    server = await Volunteer(site).connect()
    try:
        while (await server.hear())[0] != "assigned":
            continue
        answer = await server.offer(sdp=sdp)
    finally:
        await server.close()
    await peer.accept(answer["sdp"])
    async with asyncio.timeout(30):
        await peer.open.wait()
    return peer


async def main(url: str, count: int) -> None:
    """Connects all of them, and waits."""
    site = Site(int(url.rpartition(":")[2]))
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> WebRtcPeer:
        async with places:
            return await join(site, number)

    with loopback_only():  # as each of them; but they gather their addresses at the same time
        peers = await asyncio.gather(*map(one, range(count)))
    print("ready", len(peers), flush=True)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main(sys.argv[1], int(sys.argv[2])))

"""Many simulated volunteers over WebRTC, in a process of their own.

    python -m support.peers URL COUNT

Prints `ready` when all are there, and lets them live until it is ended.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import socketio
from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription

from benchmarks.support.bare import loopback_only
from benchmarks.support.script import new_event_loop
from benchmarks.support.simulated import Echo
from pando_shared import PROTOCOL, __version__

AT_ONCE = 4
"""Volunteers that connect at a time."""
NAMESPACE = "/volunteer"


async def exchange(url: str, sdp: str) -> str:
    """Offers `sdp` to the job's client by way of the server, and returns its answer."""
    server = socketio.AsyncClient(reconnection=False)
    assigned = asyncio.Event()

    async def on_assigned(_: Any) -> None:
        assigned.set()

    server.on("assigned", on_assigned, namespace=NAMESPACE)
    auth = {"protocol": PROTOCOL, "version": __version__, "job": None}
    await server.connect(url, auth=auth, namespaces=[NAMESPACE], transports=["websocket"], wait_timeout=30)
    try:
        async with asyncio.timeout(30):
            await assigned.wait()
        answer = await server.call("offer", {"attempt": 1, "sdp": sdp}, namespace=NAMESPACE, timeout=30)
        return str(answer["sdp"])
    finally:
        await server.disconnect()


async def join(url: str, number: int) -> RTCPeerConnection:
    """Connects one volunteer; returns when its channel is open."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    channel = peer.createDataChannel("pando", negotiated=True, id=0)
    opened = asyncio.Event()
    _live(channel, Echo(1, f"Peer {number}"), opened)
    await peer.setLocalDescription(await peer.createOffer())
    answer = await exchange(url, peer.localDescription.sdp)
    await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    async with asyncio.timeout(30):
        await opened.wait()
    return peer


def _live(channel: RTCDataChannel, echo: Echo, opened: asyncio.Event) -> None:
    def receive(frame: bytes) -> None:
        for answer in echo.receive(frame):
            channel.send(answer)

    channel.on("message", receive)
    channel.on("open", opened.set)


async def main(url: str, count: int) -> None:
    """Connects all of them, and waits."""
    loopback_only()
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> RTCPeerConnection:
        async with places:
            return await join(url, number)

    peers = await asyncio.gather(*map(one, range(count)))
    print("ready", len(peers), flush=True)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main(sys.argv[1], int(sys.argv[2])))

"""Two ends of a WebRTC connection in one process, over loopback: the client's channel, and an offering volunteer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSctpTransport, RTCSessionDescription

from pando_client.channels.aiortc_tuning.loopback import gather_loopback
from pando_client.channels.webrtc import WebRtcChannel, answer

WITHIN = 20.0
"""Seconds that anything may take here; only a hang takes so long."""


def sctp_of(end: WebRtcChannel | WebRtcPeer) -> RTCSctpTransport:
    """Returns the SCTP transport of an end that has a data channel."""
    assert end.connection.sctp is not None
    return end.connection.sctp


class WebRtcPeer:
    """The offering end."""

    def __init__(self) -> None:
        gather_loopback(True)
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.channel: RTCDataChannel = self.connection.createDataChannel("pando", negotiated=True, id=0)
        self.received: asyncio.Queue[bytes | str] = asyncio.Queue()
        self.open = asyncio.Event()
        self.closed = asyncio.Event()
        self.channel.on("message", self.received.put_nowait)
        self.channel.on("open", self.open.set)
        self.channel.on("close", self.closed.set)

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        sdp: str = self.connection.localDescription.sdp
        return sdp

    async def accept(self, sdp: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def all_is_sent(self) -> None:
        """Waits until aiortc holds nothing unsent."""
        while self.channel.bufferedAmount:  # noqa: ASYNC110 - it has no event for it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[WebRtcChannel, WebRtcPeer]]:
    volunteer = WebRtcPeer()
    async with asyncio.timeout(WITHIN):
        sdp, channel = await answer(await volunteer.offer(), [], loopback=True)
        await volunteer.accept(sdp)
        await channel.opened(WITHIN)
        await volunteer.open.wait()
        try:
            yield channel, volunteer
        finally:
            await asyncio.gather(channel.close(), volunteer.connection.close())

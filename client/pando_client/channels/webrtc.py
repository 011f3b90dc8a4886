"""The WebRTC data channel to a volunteer, by aiortc.

aiortc has traps; each comment below names the one it avoids. Read them before changing a line.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import deque
from collections.abc import Sequence

import ifaddr
from aiortc import RTCConfiguration, RTCDataChannel, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import InvalidStateError
from aiortc.sdp import SessionDescription

from pando_client.channels.aiortc_tuning.datagrams import DatagramSender
from pando_client.channels.aiortc_tuning.loopback import gather_loopback
from pando_client.channels.aiortc_tuning.tune import tune
from pando_client.channels.candidates import keep_safe_candidates
from pando_client.channels.channel import CLOSE_SECONDS
from pando_shared.limits import MAX_FRAME_BYTES
from pando_shared.signaling import IceServer
from pando_shared.wire.job_proof import webrtc_binding

HIGH_WATER_BYTES = 256 * 1024
"""Bytes that aiortc may hold unsent: more only adds delay, and control frames wait behind it."""
LOW_WATER_BYTES = 128 * 1024
MAX_RECEIVED_BYTES = 8 * 1024 * 1024
"""Bytes that may wait to be taken. Behind a packet that was lost much can arrive at once; more than this is a flood."""
FRAME_COST_BYTES = 256
"""Bytes that a frame counts besides its content, so that empty ones count as well."""


ROOM_SECONDS = 1.0
"""Time after which `send` looks again for room, in case aiortc's event for it was missed."""
CLOSE_CONNECTION_SECONDS = 5.0
"""Time that closing the peer connection may take."""


def on_private_network() -> bool:
    """Whether this machine is on a private network, so that a volunteer of the same network can be reached."""
    addresses = []
    for adapter in ifaddr.get_adapters():
        for found in adapter.ips:
            if isinstance(found.ip, str):
                addresses.append(ipaddress.ip_address(found.ip))
                continue
            address, _, scope = found.ip
            if not scope:  # one with a scope is of a link, not of a network
                addresses.append(ipaddress.ip_address(address))
    return any(address.is_private and not address.is_loopback for address in addresses)


class WebRtcChannel:
    """A `Channel` over one negotiated data channel. Made by `answer`; `opened` waits for it."""

    kind = "webrtc"

    def __init__(self, connection: RTCPeerConnection, channel: RTCDataChannel) -> None:
        self.peer = "?"
        self.binding: str | None = None
        self.datagrams: DatagramSender | None = None
        """What sends the datagrams of a connection that is tuned."""
        self.connection = connection
        self._channel = channel
        self._received: deque[bytes] = deque()
        self._received_bytes = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._open = asyncio.Event()
        self._closed = False
        channel.bufferedAmountLowThreshold = LOW_WATER_BYTES
        # Handlers are synchronous and only note what happened: an exception in one would close the connection, and
        # asynchronous ones may run out of order.
        channel.on("open", self._open.set)
        channel.on("message", self._on_message)
        channel.on("close", self._on_closed)
        channel.on("error", self._on_error)
        channel.on("bufferedamountlow", self._room.set)
        connection.on("connectionstatechange", self._on_state)
        connection.on("error", self._on_error)
        # The client has asked for no other channel and for no media.
        connection.on("datachannel", self._on_unasked)
        connection.on("track", self._on_unasked)

    def _on_message(self, data: str | bytes) -> None:
        self._received_bytes += len(data) + FRAME_COST_BYTES
        if self._received_bytes > MAX_RECEIVED_BYTES:
            self._on_closed()
            return
        # Text, and what is longer than any frame, is passed on as no frame at all: the session ends the volunteer.
        is_frame = isinstance(data, bytes) and len(data) <= MAX_FRAME_BYTES
        self._received.append(data if is_frame else b"")  # type: ignore[arg-type]  # just checked
        self._arrived.set()

    def _on_state(self) -> None:
        # There is no "disconnected" state: it fails, or is closed.
        if self.connection.connectionState in ("failed", "closed"):
            self._on_closed()

    def _on_error(self, *_: object) -> None:
        self._on_closed()

    def _on_unasked(self, *_: object) -> None:
        # As what is no frame, so that the session hears of the breach; and nothing more is taken.
        if not self._closed:
            self._received.append(b"")
            self._on_closed()

    def _on_closed(self) -> None:
        self._closed = True
        for event in (self._arrived, self._room, self._open):
            event.set()

    def tune(self, offered_role: str) -> None:
        """See `aiortc_tuning.tune`; the offer is set, and not answered yet."""
        self.datagrams = tune(self.connection, offered_role, self._on_closed)

    @property
    def buffered_bytes(self) -> int:
        """What aiortc holds unsent."""
        return self._channel.bufferedAmount

    async def opened(self, within: float) -> None:
        """Waits until frames can be sent.

        Raises:
            ConnectionError: it did not open within `within` seconds; the connection is closed then.
        """
        try:
            async with asyncio.timeout(within):
                if self._channel.readyState != "open":
                    await self._open.wait()
        except TimeoutError:
            self._on_closed()
        if self._closed:
            await self.close()
            raise ConnectionError("the peer connection did not open")
        self.peer = _address_of_peer(self.connection)

    async def send(self, frame: bytes) -> None:
        """See `Channel`."""
        while not self._closed and self.buffered_bytes > HIGH_WATER_BYTES:
            self._room.clear()
            # The event fires only when the level is crossed: look again after clearing, and wait with a limit.
            if self.buffered_bytes > LOW_WATER_BYTES:
                try:
                    async with asyncio.timeout(ROOM_SECONDS):
                        await self._room.wait()
                except TimeoutError:
                    continue
        if self._closed:
            raise ConnectionError("the data channel is closed")
        try:
            self._channel.send(frame)
        except (InvalidStateError, ValueError) as error:
            raise ConnectionError(str(error)) from error

    async def receive(self) -> bytes | None:
        """See `Channel`."""
        while not self._received:
            if self._closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        frame = self._received.popleft()
        self._received_bytes -= len(frame) + FRAME_COST_BYTES
        return frame

    async def close(self) -> None:
        """See `Channel`."""
        if not self._closed:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    # `RTCPeerConnection.close` drops what is queued: wait for the last acknowledgement first.
                    while (  # noqa: ASYNC110 - aiortc has no event for it
                        not self._closed and (self.buffered_bytes or _unacknowledged(self.connection))
                    ):
                        await asyncio.sleep(0.01)
            except TimeoutError:
                pass
        self._on_closed()
        try:
            async with asyncio.timeout(CLOSE_CONNECTION_SECONDS):
                await self.connection.close()
        except TimeoutError:
            pass
        finally:
            if self.datagrams:
                self.datagrams.close()


def _unacknowledged(connection: RTCPeerConnection) -> bool:
    # aiortc has no public word for it; without these attributes `close` waits for the buffer only.
    sctp = connection.sctp
    return bool(getattr(sctp, "_sent_queue", None) or getattr(sctp, "_outbound_queue", None))


def _address_of_peer(connection: RTCPeerConnection) -> str:
    # Nor for the pair of addresses that ICE has chosen.
    sctp = connection.sctp
    nominated = getattr(getattr(sctp.transport.transport, "_connection", None), "_nominated", None) if sctp else None
    pair = nominated.get(1) if nominated else None
    return str(pair.remote_addr[0]) if pair else "?"


async def answer(sdp: str, ice_servers: Sequence[IceServer], *, loopback: bool) -> tuple[str, WebRtcChannel]:
    """Answers a volunteer's offer.

    Args:
        sdp: the offer, complete, with one negotiated data channel.
        ice_servers: STUN and TURN servers; none on a local network, since gathering waits for them.
        loopback: whether the volunteer is known to be on this machine.

    Returns:
        The answer and the channel, which is not open yet.

    Raises:
        ValueError: the offer cannot be understood.
    """
    # Always explicit: aiortc's default is a server of another party.
    servers = [RTCIceServer(urls=s.urls, username=s.username, credential=s.credential) for s in ice_servers]
    connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
    try:
        # Negotiated: no race for the "datachannel" event, and one queue for all that is sent.
        channel = WebRtcChannel(connection, connection.createDataChannel("pando", negotiated=True, id=0, ordered=True))
        safe = keep_safe_candidates(sdp, loopback=loopback, private=on_private_network())
        # aiortc answers all that it can parse, even an empty description.
        media = SessionDescription.parse(safe).media
        if [section.kind for section in media] != ["application"] or media[0].dtls is None:
            raise ValueError("not one data channel")
        gather_loopback(loopback)
        await connection.setRemoteDescription(RTCSessionDescription(safe, "offer"))
        channel.tune(media[0].dtls.role)
        await connection.setLocalDescription(await connection.createAnswer())
    except Exception as error:
        # aiortc's parser lets errors of any class pass; to the caller each means the same: not an offer.
        await connection.close()
        raise ValueError(f"the offer cannot be understood: {type(error).__name__}") from error
    channel.binding = webrtc_binding(safe, connection.localDescription.sdp)
    return connection.localDescription.sdp, channel

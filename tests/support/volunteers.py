"""Volunteers that are no browsers: they speak the protocol and run no function.

`Peer` is one end of a channel without any I/O: frames go in, messages come out, and the other way round. What carries
the frames is put around it: `over_websocket`, `WebRtcPeer`, and the wires of the tests in fake time. `Echo` is a peer
that answers by itself, at next to no cost.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from unittest import mock

import aioice.ice
from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSctpTransport, RTCSessionDescription
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from pando_client.channels.webrtc import WebRtcChannel, answer
from pando_shared.limits import RECEIVED_EVERY_BYTES
from pando_shared.wire.codec import encode, from_client
from pando_shared.wire.framing import FIRST, NEXT, Joiner, split
from pando_shared.wire.messages import (
    Blob,
    BlobInfo,
    ClientGoodbye,
    ClientMessage,
    Hello,
    HelloInfo,
    Lend,
    Message,
    Ping,
    Pong,
    Ready,
    ReadyInfo,
    Received,
    Results,
)

METERED = (FIRST, NEXT, Lend.TYPE, Blob.TYPE)
"""First bytes of the frames of which the client counts what has arrived."""
MAX_TO_VOLUNTEER = 64 * 1024 * 1024
"""Bytes of the longest message that a volunteer takes."""
WITHIN = 30.0
"""Seconds until a volunteer gives up on something that should happen at once."""


def hello_of(job: str, bundle: bytes = b"bundle") -> HelloInfo:
    """Returns what a client says of a job whose function is `bundle`."""
    return HelloInfo(job=job, function=BlobInfo(digest=hashlib.sha256(bundle).hexdigest(), bytes=len(bundle)))


class Peer:
    """The volunteer's end of a channel, without I/O.

    Args:
        slots: that it lends.
        device: what it is called.
        agent: what it says that it runs in.
    """

    def __init__(self, slots: int = 1, device: str = "", agent: str = "test") -> None:
        self.ready = Ready(ReadyInfo(slots=slots, device=device, agent=agent))
        self._joiner = Joiner(MAX_TO_VOLUNTEER)
        self._arrived = 0

    def join(self, frame: bytes) -> bytes | None:
        """Takes a frame of the client; returns the message that it completes, encoded, or None.

        Raises:
            ProtocolError: it is no frame that may come now.
        """
        message = self._joiner.receive(frame)
        if frame[0] in METERED:
            self._arrived += len(frame)
        return message

    def owes(self) -> list[bytes]:
        """Returns the frame that says what has arrived, if it is due: after each frame of what is large, and otherwise
        for so many bytes."""
        if self._arrived < RECEIVED_EVERY_BYTES:
            return []
        arrived, self._arrived = self._arrived, 0
        return [encode(Received(arrived))]

    def hear(self, frame: bytes) -> ClientMessage | None:
        """As `join`, but returns the message decoded."""
        message = self.join(frame)
        return None if message is None else from_client(message)

    @staticmethod
    def frames(message: Message) -> Iterator[bytes]:
        """Returns the frames that carry a message to the client."""
        return split(encode(message))


class Echo(Peer):
    """A volunteer that gives every item back as its result.

    Args:
        slots: that it lends.
        device: what it is called.
        keeps: whether it keeps a lease, a whole `lend` message, until `release`.
    """

    def __init__(self, slots: int, device: str, keeps: Callable[[bytes], bool] = lambda message: False) -> None:
        super().__init__(slots, device)
        self.ended = False
        self.kept: list[bytes] = []
        """Leases that are kept."""
        self._keeps = keeps

    def receive(self, frame: bytes) -> list[bytes]:
        """Takes a frame and returns those that answer it."""
        message = self.join(frame)
        return self.owes() + ([] if message is None else self._answer(message))

    def _answer(self, message: bytes) -> list[bytes]:
        if message[0] == Lend.TYPE:
            if self._keeps(message):
                self.kept.append(message)
                return []
            return list(split(_echo(message)))
        match from_client(message):
            case Hello():
                return [encode(self.ready)]
            case Ping(token):
                return [encode(Pong(token))]
            case ClientGoodbye():
                self.ended = True
        return []

    def release(self) -> list[bytes]:
        """Returns the frames that answer what was kept; from now on nothing is."""
        kept, self.kept = self.kept, []
        self._keeps = lambda message: False
        return [frame for message in kept for frame in split(_echo(message))]


def _echo(lend: bytes) -> bytes:
    """Returns the results of a whole lease: its own columns, under another head. It took no time."""
    lease, count = struct.unpack_from("<4xII", lend)
    return b"".join((struct.pack("<B3xIIII", Results.TYPE, lease, 0, count, 0), memoryview(lend)[12:]))


# Over WebSocket


class WebSocketPeer:
    """A `Peer` over WebSocket that can say anything, also what no volunteer says.

    Attributes:
        socket: the connection, for what it does below its messages.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._peer = Peer()

    async def raw(self, frame: bytes | str) -> None:
        """Sends a frame, or what is none."""
        await self.socket.send(frame)

    async def say(self, message: Message) -> None:
        """Sends a message."""
        for frame in self._peer.frames(message):
            await self.socket.send(frame)

    async def hear(self) -> ClientMessage:
        """Returns the client's next message; pings are answered meanwhile."""
        while True:
            frame = await self.socket.recv()
            assert isinstance(frame, bytes)
            heard = self._peer.hear(frame)
            with contextlib.suppress(ConnectionClosed):
                for owed in self._peer.owes():
                    await self.socket.send(owed)
            if isinstance(heard, Ping):
                with contextlib.suppress(ConnectionClosed):  # what the client said last may still be there to read
                    await self.say(Pong(heard.token))
            elif heard is not None:
                return heard

    async def join(self, slots: int = 4, device: str = "Mallory") -> None:
        """Waits for the client's `hello` and says that it is ready."""
        heard = await self.hear()
        assert isinstance(heard, Hello), heard
        await self.say(Peer(slots, device).ready)

    async def lease(self) -> Lend:
        """Returns the next lease."""
        while not isinstance(heard := await self.hear(), Lend):
            continue
        return heard

    async def goodbye(self) -> ClientGoodbye:
        """Waits for the client's goodbye and the end of the connection, and returns the former."""
        goodbye: ClientGoodbye | None = None
        try:
            async with asyncio.timeout(WITHIN):
                while True:
                    heard = await self.hear()
                    if isinstance(heard, ClientGoodbye):
                        goodbye = heard
        except ConnectionClosed:
            assert goodbye is not None, "closed without a goodbye"
            return goodbye


class WebSocketEcho:
    """An `Echo` over WebSocket.

    Attributes:
        pause: seconds between two answers.
    """

    def __init__(self, echo: Echo, socket: ClientConnection) -> None:
        self.echo = echo
        self.pause = 0.0
        self._socket = socket

    async def live(self) -> None:
        """Answers until the channel closes."""
        with contextlib.suppress(ConnectionClosed):
            async for frame in self._socket:
                assert isinstance(frame, bytes)
                answer = self.echo.receive(frame)
                if answer and self.pause:
                    await asyncio.sleep(self.pause)
                await self._send(answer)

    async def release(self) -> None:
        """Answers what was kept, and everything else without a pause."""
        self.pause = 0.0
        await self._send(self.echo.release())

    async def _send(self, frames: list[bytes]) -> None:
        for frame in frames:
            await self._socket.send(frame)


def websocket_to(url: str, address: str | None = None) -> connect:
    """Returns a WebSocket to the client whose own server is at `url`, to be entered or awaited.

    Args:
        url: where volunteers go.
        address: from which the client sees it come; all of 127.0.0.0/8 are this machine. None: any.
    """
    return connect(
        url.replace("http://", "ws://").rstrip("/") + "/channel",
        compression=None,
        max_size=None,
        proxy=None,
        ping_interval=None,
        close_timeout=0.2,
        local_addr=None if address is None else (address, 0),
    )


@asynccontextmanager
async def over_websocket(url: str, echo: Echo) -> AsyncIterator[WebSocketEcho]:
    """Lets `echo` volunteer to the client at `url`, while the block runs."""
    async with websocket_to(url) as socket:
        volunteer = WebSocketEcho(echo, socket)
        living = asyncio.create_task(volunteer.live())
        try:
            yield volunteer
        finally:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)


# Over WebRTC


class WebRtcPeer:
    """The offering end of a data channel.

    Args:
        receive: called with what the other end sends, frame by frame; None to keep it in `received`.

    Attributes:
        received: what the other end has sent.
        open: set when the channel is open.
        closed: set when it is closed.
    """

    def __init__(self, receive: Callable[[bytes], object] | None = None) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.channel: RTCDataChannel = self.connection.createDataChannel("pando", negotiated=True, id=0)
        self.received: asyncio.Queue[bytes | str] = asyncio.Queue()
        self.open = asyncio.Event()
        self.closed = asyncio.Event()
        self.channel.on("message", receive or self.received.put_nowait)
        self.channel.on("open", self.open.set)
        self.channel.on("close", self.closed.set)

    async def offer(self) -> str:
        """Returns the offer, whose only address is 127.0.0.1; aioice leaves it out otherwise."""
        with loopback_only():
            await self.connection.setLocalDescription(await self.connection.createOffer())
        sdp: str = self.connection.localDescription.sdp
        return sdp

    async def accept(self, sdp: str) -> None:
        """Takes the other end's answer."""
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def all_is_sent(self) -> None:
        """Waits until aiortc holds nothing unsent."""
        while self.channel.bufferedAmount:  # noqa: ASYNC110 - it has no event for it
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        """Ends the connection."""
        await self.connection.close()


def sctp_of(end: WebRtcChannel | WebRtcPeer) -> RTCSctpTransport:
    """Returns the SCTP transport of an end that has a data channel."""
    assert end.connection.sctp is not None
    return end.connection.sctp


def loopback_only() -> contextlib.AbstractContextManager[object]:
    """Lets connections that gather their addresses while the block runs use no address but 127.0.0.1."""
    return mock.patch.object(aioice.ice, "get_host_addresses", return_value=["127.0.0.1"])


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[WebRtcChannel, WebRtcPeer]]:
    """Joins the client's end of a data channel with a volunteer's, in one process."""
    peer = WebRtcPeer()
    async with asyncio.timeout(WITHIN):
        sdp, channel = await answer(await peer.offer(), [], loopback=True)
        await peer.accept(sdp)
        await channel.opened(WITHIN)
        await peer.open.wait()
        try:
            yield channel, peer
        finally:
            await asyncio.gather(channel.close(), peer.close())

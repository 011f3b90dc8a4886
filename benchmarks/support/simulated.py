"""Volunteers without a function: they speak the protocol and give every item back, at next to no cost."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from pando_shared.wire.codec import encode, from_client
from pando_shared.wire.framing import Joiner, split
from pando_shared.wire.messages import ClientGoodbye, Hello, Lend, Ping, Pong, Ready, ReadyInfo, Results

MAX_TO_VOLUNTEER = 64 * 1024 * 1024


class Echo:
    """A volunteer's side of one channel. Frames go in, frames come out.

    Args:
        slots: what it lends.
        device: what it is called.
        keeps: whether it keeps a lease, a whole `lend` message, until `release`.
    """

    def __init__(self, slots: int, device: str, keeps: Callable[[bytes], bool] = lambda message: False) -> None:
        self.ended = False
        self.kept: list[bytes] = []
        """Leases that are kept."""
        self._ready = Ready(ReadyInfo(slots=slots, device=device))
        self._keeps = keeps
        self._joiner = Joiner(MAX_TO_VOLUNTEER)

    def receive(self, frame: bytes) -> list[bytes]:
        """Takes a frame and returns those that answer it."""
        message = self._joiner.receive(frame)
        if message is None:
            return []
        if message[0] == Lend.TYPE:
            if self._keeps(message):
                self.kept.append(message)
                return []
            return list(split(_answer(message)))
        match from_client(message):
            case Hello():
                return [encode(self._ready)]
            case Ping(token):
                return [encode(Pong(token))]
            case ClientGoodbye():
                self.ended = True
        return []

    def release(self) -> list[bytes]:
        """Returns the frames that answer what was kept."""
        kept, self.kept = self.kept, []
        self._keeps = lambda message: False
        return [frame for message in kept for frame in split(_answer(message))]


def _answer(lend: bytes) -> bytes:
    """Returns the results of a whole lease: its own columns, under another head. It took no time."""
    lease, count = struct.unpack_from("<4xII", lend)
    return b"".join((struct.pack("<B3xIIII", Results.TYPE, lease, 0, count, 0), memoryview(lend)[12:]))


class WebSocketEcho:
    """An `Echo` over WebSocket.

    Attributes:
        pause: seconds between two answers.
    """

    def __init__(self, echo: Echo, websocket: ClientConnection) -> None:
        self.echo = echo
        self.pause = 0.0
        self._websocket = websocket

    async def live(self) -> None:
        """Answers until the channel closes."""
        with contextlib.suppress(ConnectionClosed):
            async for frame in self._websocket:
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
            await self._websocket.send(frame)


@asynccontextmanager
async def over_websocket(url: str, echo: Echo) -> AsyncIterator[WebSocketEcho]:
    """Lets `echo` volunteer to the client at `url`, while the block runs."""
    address = url.replace("http://", "ws://") + "/channel"
    async with connect(address, proxy=None, compression=None, max_size=None) as websocket:
        volunteer = WebSocketEcho(echo, websocket)
        living = asyncio.create_task(volunteer.live())
        try:
            yield volunteer
        finally:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)

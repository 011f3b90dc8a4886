"""Channels: the two-way pipe to a volunteer. Nothing above this interface knows which kind it is.

`PipeChannel` (a headless volunteer that this client started) and `WebSocketChannel` (the local network) are here; the
WebRTC data channel is in `webrtc`, so that nobody who does without it waits for aiortc to load.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Protocol

from pando_shared.limits import MAX_FRAME_BYTES

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

CLOSE_WITHIN = 2.0
"""Seconds in which a channel that is closed may still deliver what was sent."""


class Channel(Protocol):
    """A pipe that keeps frames whole and in order."""

    kind: str
    """`pipe`, `websocket` or `webrtc`, for the monitoring page."""
    peer: str
    """Where the volunteer is, for a person."""

    async def send(self, frame: bytes) -> None:
        """Sends a frame, when there is room for it.

        Raises:
            ConnectionError: the channel is closed.
        """

    async def receive(self) -> bytes | None:
        """Returns the next frame, or None when the channel is closed. What is no frame at all is returned as `b""`."""

    async def close(self) -> None:
        """Delivers what was sent, within `CLOSE_WITHIN`, and closes; may be called twice."""


class PipeChannel:
    """Frames through the standard input and output of a process, each preceded by its length (PROTOCOL.md, 2)."""

    kind = "pipe"

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.peer = "this machine"
        self._process = process
        self._writer = process.stdin
        self._reader = process.stdout

    async def send(self, frame: bytes) -> None:
        """See `Channel`."""
        self._writer.write(struct.pack("<I", len(frame)))
        self._writer.write(frame)
        await self._writer.drain()

    async def receive(self) -> bytes | None:
        """See `Channel`."""
        try:
            (size,) = struct.unpack("<I", await self._reader.readexactly(4))
            return await self._reader.readexactly(size) if size <= MAX_FRAME_BYTES else b""
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def close(self) -> None:
        """See `Channel`: closes its standard input, which ends the process; kills it when it does not end."""
        self._writer.close()
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


class WebSocketChannel:
    """Frames as binary messages of a WebSocket that the embedded server accepted."""

    kind = "websocket"

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._open = True
        client = websocket.client
        self.peer = client.host if client else "?"

    async def send(self, frame: bytes) -> None:
        """See `Channel`; uvicorn waits while the socket's buffer is full."""
        try:
            await self._websocket.send({"type": "websocket.send", "bytes": frame})
        except Exception as error:  # starlette's own among them, when the volunteer has gone: its base is Exception
            raise ConnectionError(str(error)) from error

    async def receive(self) -> bytes | None:
        """See `Channel`."""
        if not self._open:
            return None
        message = await self._websocket.receive()
        if message["type"] != "websocket.receive":
            self._open = False
            return None
        return message.get("bytes") or b""

    async def close(self) -> None:
        """See `Channel`."""
        if self._open:
            self._open = False
            try:
                async with asyncio.timeout(CLOSE_WITHIN):
                    await self._websocket.close()
            except Exception:  # noqa: BLE001 - as in `send`
                return  # it was closed from the other side

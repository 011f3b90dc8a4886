"""Frames as binary messages of a WebSocket that the embedded server accepted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pando_client.channels.channel import CLOSE_SECONDS

if TYPE_CHECKING:
    from starlette.websockets import WebSocket


class WebSocketChannel:
    """A `Channel` over a WebSocket.

    Args:
        websocket: accepted already.
    """

    kind = "websocket"
    binding: str | None = None

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
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._websocket.close()
            except Exception:  # noqa: BLE001 - as in `send`
                return  # it was closed from the other side

"""A channel over a WebSocket that the embedded server accepted."""

from __future__ import annotations

from typing import Any

import pytest

from pando_client.channels.websocket import WebSocketChannel


class Gone(Exception):
    """What starlette raises is a class of its own."""


class FakeSocket:
    client = None

    def __init__(self, *messages: dict[str, Any], error: Exception | None = None) -> None:
        self.messages = list(messages)
        self.error = error
        self.sent: list[Any] = []

    async def send(self, message: Any) -> None:
        if self.error:
            raise self.error
        self.sent.append(message)

    async def receive(self) -> dict[str, Any]:
        return self.messages.pop(0)

    async def close(self) -> None:
        await self.send("close")


def websocket(*messages: dict[str, Any], error: Exception | None = None) -> tuple[WebSocketChannel, FakeSocket]:
    socket = FakeSocket(*messages, error=error)
    return WebSocketChannel(socket), socket  # type: ignore[arg-type]


async def test_frames_over_a_websocket() -> None:
    channel, socket = websocket(
        {"type": "websocket.receive", "bytes": b"frame"},
        {"type": "websocket.receive", "bytes": None, "text": "text"},
        {"type": "websocket.receive", "text": "text"},
        {"type": "websocket.disconnect", "code": 1006},
    )
    assert channel.peer == "?"
    assert [await channel.receive() for _ in range(5)] == [b"frame", b"", b"", None, None]
    await channel.send(b"frame")
    assert socket.sent == [{"type": "websocket.send", "bytes": b"frame"}]
    await channel.close()
    assert len(socket.sent) == 1, "it is closed already"


@pytest.mark.parametrize("error", [RuntimeError("closed"), OSError("reset"), Gone()])
async def test_a_websocket_that_has_gone(error: Exception) -> None:
    channel, _ = websocket(error=error)
    with pytest.raises(ConnectionError):
        await channel.send(b"frame")
    await channel.close()
    await channel.close()

"""Channels over a pipe and over a WebSocket."""

from __future__ import annotations

import asyncio
import struct
import sys
from typing import Any

import pytest

from pando_client.channels import channel as channels
from pando_client.channels.channel import PipeChannel, WebSocketChannel
from pando_shared.limits import MAX_FRAME_BYTES

ECHO = "import sys, shutil; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer, 1)"


async def pipe_to(code: str) -> tuple[PipeChannel, asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=4 * MAX_FRAME_BYTES,
    )
    return PipeChannel(process), process


async def test_frames_through_a_pipe_come_back_whole() -> None:
    channel, process = await pipe_to(ECHO)
    frames = [b"abcd", b"x" * MAX_FRAME_BYTES, b"", b"1" * 5]
    for frame in frames:
        await channel.send(frame)
    await channel.close()
    assert [await channel.receive() for _ in frames] == frames
    assert await channel.receive() is None
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("output", "frames"),
    [
        (b"", [None]),
        (b"\4\0", [None]),
        (struct.pack("<I", 100) + b"cut off", [None]),
        (struct.pack("<I", 4) + b"good" + struct.pack("<I", 0xFFFFFFFF), [b"good", b""]),
    ],
)
async def test_what_a_process_may_say_instead(output: bytes, frames: list[bytes | None]) -> None:
    channel, _ = await pipe_to(f"import sys; sys.stdout.buffer.write({output!r})")
    assert [await channel.receive() for _ in frames] == frames
    await channel.close()


async def test_a_process_that_has_ended_cannot_be_sent_to() -> None:
    channel, process = await pipe_to("pass")
    await process.wait()

    async def flood() -> None:
        for _ in range(100):
            await channel.send(bytes(MAX_FRAME_BYTES))

    with pytest.raises(ConnectionError):
        await flood()
    await channel.close()


async def test_a_process_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "CLOSE_WITHIN", 0.1)
    channel, process = await pipe_to("import signal\nprint('up', flush=True)\nwhile True: signal.pause()")
    await channel._reader.readline()
    await channel.close()
    assert process.returncode == -9
    await channel.close()


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

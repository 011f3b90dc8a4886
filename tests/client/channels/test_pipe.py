"""A channel through the pipes of a process."""

from __future__ import annotations

import asyncio
import struct
import sys

import pytest

from pando_client.channels import pipe
from pando_client.channels.pipe import PipeChannel
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
    monkeypatch.setattr(pipe, "CLOSE_SECONDS", 0.1)
    up = "import sys; sys.stdout.buffer.write(b'\\2\\0\\0\\0up'); sys.stdout.flush()"
    channel, process = await pipe_to(f"{up}\nimport signal\nwhile True: signal.pause()")
    assert await channel.receive() == b"up"
    await channel.close()
    assert process.returncode == -9
    await channel.close()

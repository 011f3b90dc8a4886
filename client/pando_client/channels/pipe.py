"""Frames through the standard input and output of a process, each preceded by its length (PROTOCOL.md, 2)."""

from __future__ import annotations

import asyncio
import struct

from pando_client.channels.channel import CLOSE_SECONDS
from pando_shared.limits import MAX_FRAME_BYTES

LENGTH = struct.Struct("<I")


class PipeChannel:
    """A `Channel` to a process.

    Args:
        process: with pipes for its standard input and output.
    """

    kind = "pipe"
    binding: str | None = None
    peer = "this machine"

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._writer = process.stdin
        self._reader = process.stdout

    async def send(self, frame: bytes) -> None:
        """See `Channel`."""
        self._writer.write(LENGTH.pack(len(frame)))
        self._writer.write(frame)
        await self._writer.drain()

    async def receive(self) -> bytes | None:
        """See `Channel`."""
        try:
            (size,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
            return await self._reader.readexactly(size) if size <= MAX_FRAME_BYTES else b""
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def close(self) -> None:
        """See `Channel`: closes its standard input, which ends the process; kills it when it does not end."""
        self._writer.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

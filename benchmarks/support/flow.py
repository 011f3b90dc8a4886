"""Clients with a flow of items that is too large to be kept: what comes out is counted, timed and hashed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.machine import LIMIT
from tests.support.programs import Client, Server, serving

CHUNK = 1024 * 1024


class Flow(Client):
    """A client whose standard output is not kept.

    Attributes:
        marks: after each read of its output, when it was (`time.perf_counter`), and how many results there were.
        digest: of its output.
    """

    def __init__(self, name: str) -> None:
        self.marks: list[tuple[float, int]] = []
        self.digest = hashlib.md5(usedforsecurity=False)
        super().__init__(name)

    @property
    def count(self) -> int:
        """Results so far."""
        return self.marks[-1][1] if self.marks else 0

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Notes what comes on standard output, in place of keeping it."""
        if fd == 1:
            self.digest.update(data)
            self.marks.append((time.perf_counter(), self.count + data.count(b"\n")))
            data = b""
        super().pipe_data_received(fd, data)

    async def pour(self, data: bytes) -> None:
        """Gives the client its items, as fast as it takes them; it may end before it has all."""
        with contextlib.suppress(ConnectionError):
            for at in range(0, len(data), CHUNK):
                await self.write(data[at : at + CHUNK])
            await self.end_input()

    @contextlib.contextmanager
    def pouring(self, data: bytes) -> Iterator[None]:
        """Pours while the block runs."""
        task = asyncio.create_task(self.pour(data))
        try:
            yield
        finally:
            task.cancel()

    async def reaches(self, count: int, within: float = LIMIT) -> None:
        """Waits until `count` results are there."""
        await self.until(lambda: self.count >= count, f"{count} results", within)

    async def gives_back(self, data: bytes, within: float) -> None:
        """Waits for the end of a client whose function returns what it gets, and checks that all is there, in order."""
        status = await self.ends(within)
        expected = hashlib.md5(data, usedforsecurity=False)
        assert (status, self.digest.digest()) == (0, expected.digest()), f"{self}: the output is not what it should be"

    def rate(self) -> float:
        """Results a second, from the first ones on."""
        (since, first), (until, last) = self.marks[0], self.marks[-1]
        return (last - first) / (until - since)


@asynccontextmanager
async def flowing(
    module: Path, *options: str, server: Server | None = None, code: Path | None = None
) -> AsyncIterator[Flow]:
    """Runs a client that reads standard input, at `server` or with a server of its own.

    Args:
        module: file of the function.
        options: more options.
        server: the public server.
        code: a checkout, its page built, whose client is run instead of the one that is installed.
    """
    async with serving(Flow, module, "--stdin", *options, server=server, code=code) as client:
        yield client


def numbers(count: int) -> bytes:
    """Returns the numbers from 1 to `count`, one a line."""
    return b"".join(map(b"%d\n".__mod__, itertools.islice(itertools.count(1), count)))

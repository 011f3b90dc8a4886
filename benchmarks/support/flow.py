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
from typing import Any

from tests.support.machine import LIMIT
from tests.support.programs import PROGRAMS, SECRET, Client, Server, start

CHUNK = 1024 * 1024


class Flow(Client):
    """A client whose standard output is not kept.

    Attributes:
        marks: after each read of its output, when it was (`time.perf_counter`), and how many results there were.
        digest: of its output.
    """

    def __init__(self, *args: Any) -> None:
        self.marks: list[tuple[float, int]] = []
        self.digest = hashlib.md5(usedforsecurity=False)
        super().__init__(*args)

    @property
    def count(self) -> int:
        """Results so far."""
        return self.marks[-1][1] if self.marks else 0

    async def _read(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        if lines is not self.out:
            await super()._read(stream, lines)
            return
        while data := await stream.read(CHUNK):
            async with self._changed:
                self.digest.update(data)
                self.marks.append((time.perf_counter(), self.count + data.count(b"\n")))
                self._changed.notify_all()
        await super()._read(stream, lines)  # which is at its end

    async def pour(self, data: bytes) -> None:
        """Gives the client its items, as fast as it takes them; it may end before it has all."""
        assert self._process.stdin
        with contextlib.suppress(ConnectionError):
            for at in range(0, len(data), CHUNK):
                self._process.stdin.write(data[at : at + CHUNK])
                await self._process.stdin.drain()
            self._process.stdin.close()

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
async def flowing(module: Path, *options: str, server: Server | None = None) -> AsyncIterator[Flow]:
    """Runs a client that reads standard input, at `server` or with a server of its own."""
    where = f"--host={server.url}" if server else "--port=0"
    env = {"PANDO_SECRET": SECRET} if server else {}
    env["DEBUG"] = "pando-computing"
    program = await start(Flow, PROGRAMS / "pando", module, where, "--stdin", *options, env=env)
    try:
        program.url = (await program.says(r"volunteer code at (http://127\.0\.0\.1:\d+)"))[1]
        if server is None:
            program.monitor = (await program.says(r"monitoring page at (http://127\.0\.0\.1:\d+)"))[1]
        yield program
    finally:
        await program.close()


def numbers(count: int) -> bytes:
    """Returns the numbers from 1 to `count`, one a line."""
    return b"".join(map(b"%d\n".__mod__, itertools.islice(itertools.count(1), count)))

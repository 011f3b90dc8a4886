"""The programs of Pando as processes, with what they print.

Every process ends with the block that started it, by its own pid. Nothing waits by sleeping: one waits for a line or a
result, and a wait that takes too long fails with what the program has said.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from tests.support.machine import LIMIT, descendants, eventually, get_json, kill

SECRET = "a secret of the tests, long enough"
PROGRAMS = Path(sys.executable).parent
"""Where pip puts `pando` and the other two."""

P = TypeVar("P", bound="Program")


class Program:
    """A process that runs, with the lines that it has printed so far.

    Attributes:
        out: lines on standard output.
        err: lines on standard error.
    """

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self.out: list[str] = []
        self.err: list[str] = []
        self.pid = process.pid
        self._process = process
        self._name = name
        self._changed = asyncio.Condition()
        self._open = 2  # of its two streams
        assert process.stdout
        assert process.stderr
        self._readers = [
            asyncio.create_task(self._read(process.stdout, self.out)),
            asyncio.create_task(self._read(process.stderr, self.err)),
        ]

    def __repr__(self) -> str:
        said = "\n  ".join(["", *self.err[-20:]])
        return f"<{self._name}, status {self._process.returncode}, {len(self.out)} lines out, and said{said}>"

    async def _read(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        while line := await stream.readline():
            async with self._changed:
                lines.append(line.decode(errors="replace").rstrip("\n"))
                self._changed.notify_all()
        async with self._changed:
            self._open -= 1
            self._changed.notify_all()

    async def until(self, true: Callable[[], Any], what: str, within: float = LIMIT) -> Any:
        """Waits until `true()` is, looking whenever a line comes; returns what it returned."""
        try:
            async with asyncio.timeout(within), self._changed:
                await self._changed.wait_for(lambda: true() or self._open == 0)
                if not (found := true()):
                    raise AssertionError(f"it ended without {what}: {self}")
                return found
        except TimeoutError:
            raise AssertionError(f"not within {within} s: {what}: {self}") from None

    async def says(self, pattern: str, within: float = LIMIT, times: int = 1) -> re.Match[str]:
        """Waits for `times` lines, on either stream, that hold `pattern`; returns the last one's match."""

        def find() -> re.Match[str] | None:
            found = [m for line in [*self.err, *self.out] if (m := re.search(pattern, line))]
            return found[times - 1] if len(found) >= times else None

        found: re.Match[str] = await self.until(find, f"a line with {pattern!r}", within)
        return found

    def said(self, pattern: str) -> int:
        """How many lines on standard error hold `pattern`."""
        return sum(re.search(pattern, line) is not None for line in self.err)

    async def results(self, count: int, within: float = LIMIT) -> None:
        """Waits until `count` lines are on standard output."""
        await self.until(lambda: len(self.out) >= count, f"{count} results", within)

    async def ends(self, within: float = LIMIT) -> int:
        """Waits for the end and returns the exit status, negative for a signal."""
        try:
            async with asyncio.timeout(within):
                await asyncio.gather(*self._readers)
                return await self._process.wait()
        except TimeoutError:
            raise AssertionError(f"not ended within {within} s: {self}") from None

    def signal(self, number: int) -> None:
        """Sends a signal."""
        self._process.send_signal(number)

    async def close(self) -> None:
        """Ends it, if it has not ended, and those that it started."""
        children = descendants(self.pid) if self._process.returncode is None else []
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        for pid in children:
            kill(pid)
        await self._process.wait()
        done, _ = await asyncio.wait(self._readers, timeout=5)
        for reader in self._readers:
            if reader not in done:
                reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        # Some grandchild may still hold the other end of a pipe; our end is closed now and not by chance later.
        self._process._transport.close()  # type: ignore[attr-defined]


async def start(kind: type[P], *command: str | Path, env: Mapping[str, str] = MappingProxyType({})) -> P:
    """Starts a program. Of Pando's own variables in this environment it sees none but those in `env`."""
    ours = ("SECRET", "HOST", "PORT", "DEBUG")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PANDO_") and k not in ours}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**inherited, **env},
    )
    return kind(process, Path(command[0]).name)


class Client(Program):
    """A `pando` process."""

    url = ""
    """Where its volunteers go."""
    monitor = ""
    """Its monitoring page, for an embedded server."""

    async def feed(self, items: Iterable[object]) -> None:
        """Gives a client with `--stdin` all its items."""
        await self.write(items)
        await self.end_input()

    async def write(self, items: Iterable[object]) -> None:
        """Gives a client with `--stdin` some items."""
        assert self._process.stdin
        self._process.stdin.write("".join(f"{item}\n" for item in items).encode())
        await self._process.stdin.drain()

    async def end_input(self) -> None:
        """There are no more items."""
        assert self._process.stdin
        self._process.stdin.close()

    async def status(self) -> dict[str, Any]:
        """What its monitoring page shows."""
        return await get_json(f"{self.monitor}/status.json")


@asynccontextmanager
async def pando(
    module: Path,
    items: Iterable[object] | None,
    *options: str,
    server: Server | None = None,
    debug: bool = True,
    port: int = 0,
) -> AsyncIterator[Client]:
    """Runs a client, at `server` or with a server of its own; ready for volunteers when the block begins.

    Args:
        module: file of the function.
        items: the items; None for a client that waits for `feed`, so that volunteers can be there first.
        options: more options.
        server: the public server.
        debug: whether it tells of volunteers that join and leave.
        port: of its own server.
    """
    env = {"DEBUG": "pando-computing"} if debug else {}
    if server is not None:
        env["PANDO_SECRET"] = SECRET
        where = f"--host={server.url}"
    else:
        where = f"--port={port}"
    given = ["--stdin"] if items is None else ["--", *map(str, items)]
    program = await start(Client, PROGRAMS / "pando", module, where, *options, *given, env=env)
    try:
        program.url = (await program.says(r"volunteer code at (http://127\.0\.0\.1:\d+)"))[1]
        if server is None:
            program.monitor = (await program.says(r"monitoring page at (http://127\.0\.0\.1:\d+)"))[1]
        yield program
    finally:
        await program.close()


class Server(Program):
    """A `pando-server` process."""

    url = ""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    async def health(self) -> dict[str, Any]:
        """What it says of itself."""
        return await get_json(f"{self.url}/healthz")

    async def has(self, what: str, count: int) -> None:
        """Waits until it has so many `jobs` or `volunteers`."""

        async def look() -> bool:
            health = await self.health()
            return bool(health[what] == count)

        await eventually(look, f"{count} {what} at the server")


@asynccontextmanager
async def pando_server(port: int = 0) -> AsyncIterator[Server]:
    """Runs a public server on loopback; it answers when the block begins."""
    command = (PROGRAMS / "pando-server", "--host=127.0.0.1", f"--port={port}")
    program = await start(Server, *command, env={"PANDO_SECRET": SECRET})
    try:
        program.url = (await program.says(r"Listening at (http://\S+)"))[1]
        assert (await program.health())["status"] == "ok"
        yield program
    finally:
        await program.close()


@asynccontextmanager
async def pando_volunteer(url: str, *options: str) -> AsyncIterator[Program]:
    """Runs a volunteer without a browser."""
    program = await start(Program, PROGRAMS / "pando-volunteer", url, *options)
    try:
        yield program
    finally:
        await program.close()

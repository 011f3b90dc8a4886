"""Real processes for tests: what they print is kept, a wait that takes too long fails with it, and none stays behind.

Nothing waits by sleeping: one waits for what a process prints. The programs of Pando are in `programs`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from tests.support.machine import LIMIT, descendants, kill

P = TypeVar("P", bound="Program")


@dataclass(frozen=True)
class Outcome:
    """What a process left: its exit status (negative: the signal that ended it), its output, its lines on stderr."""

    status: int
    out: bytes
    err: list[str]

    @property
    def lines(self) -> list[str]:
        """The lines on stdout."""
        return self.out.decode("utf-8", "surrogateescape").splitlines()

    @property
    def complaints(self) -> list[str]:
        """The lines on stderr that are not about where volunteers can come."""
        return [line for line in self.err if not line.startswith("Serving ")]

    @property
    def complaint(self) -> str:
        """The only such line."""
        assert len(self.complaints) == 1, self
        assert not any("Traceback" in line for line in self.err), self
        return self.complaints[0]


class Program(asyncio.SubprocessProtocol):
    """A process that runs, and what it has printed so far. Made by `start`.

    Args:
        name: what it is called in the text of a failure.

    Attributes:
        out: what it has printed on stdout, unless that leads elsewhere.
        err: the same for stderr.
    """

    def __init__(self, name: str) -> None:
        self.out = bytearray()
        self.err = bytearray()
        self._name = name
        self._transport: asyncio.SubprocessTransport
        self._reads: set[int] = set()
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost = asyncio.Event()

    def __repr__(self) -> str:
        said = "\n  ".join(["", *self.err_lines[-20:]])
        out = bytes(self.out[-500:])
        return f"<{self._name} {self.pid}, status {self._status}, printed {len(self.lines)} lines: {out!r}, said{said}>"

    @property
    def pid(self) -> int:
        """Its process id."""
        pid = self._transport.get_pid()
        assert pid is not None
        return pid

    @property
    def lines(self) -> list[str]:
        """The complete lines on stdout."""
        return self.out.decode("utf-8", "replace").split("\n")[:-1]

    @property
    def err_lines(self) -> list[str]:
        """The lines on stderr."""
        return self.err.decode("utf-8", "replace").splitlines()

    def said(self, pattern: str) -> int:
        """How many lines on stderr hold `pattern`."""
        return sum(re.search(pattern, line) is not None for line in self.err_lines)

    async def until(self, condition: Callable[[], Any], what: str = "what was awaited", within: float = LIMIT) -> Any:
        """Waits for something that what was printed decides, and returns it. `within` is in seconds."""
        try:
            async with asyncio.timeout(within):
                while not (found := condition()):
                    assert self._reads, f"it ended without {what}: {self}"
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not within {within} s: {what}: {self}") from None
        return found

    async def says(self, pattern: str, within: float = LIMIT, times: int = 1) -> re.Match[str]:
        """Waits until stderr holds `pattern` so many `times`; returns the last match."""

        def find() -> re.Match[str] | None:
            found = list(re.finditer(pattern, self.err.decode("utf-8", "replace")))
            return found[times - 1] if len(found) >= times else None

        match: re.Match[str] = await self.until(find, f"{pattern!r} on stderr", within)
        return match

    async def prints(self, lines: int, within: float = LIMIT) -> None:
        """Waits for so many lines on stdout."""
        await self.until(lambda: self.out.count(b"\n") >= lines, f"{lines} lines on stdout", within)

    def signal(self, number: int) -> None:
        """Sends a signal."""
        self._transport.send_signal(number)

    async def write(self, data: bytes) -> None:
        """Writes to its stdin, when there is room.

        Raises:
            ConnectionError: it reads no more.
        """
        stdin = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        if stdin.is_closing():
            raise BrokenPipeError(f"{self} reads no more")
        stdin.write(data)
        await self._writable.wait()

    async def end_input(self) -> None:
        """Closes its stdin, as soon as it has read what was written."""
        stdin = self._transport.get_pipe_transport(0)
        assert stdin is not None
        stdin.close()

    async def finish(self, within: float = LIMIT) -> Outcome:
        """Waits for its end and that of its output."""
        try:
            async with asyncio.timeout(within):
                while self._status is None or self._reads:
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not ended within {within} s: {self}") from None
        return Outcome(self._status, bytes(self.out), self.err_lines)

    async def ends(self, within: float = LIMIT) -> int:
        """Waits for its end and returns the exit status, negative for a signal."""
        return (await self.finish(within)).status

    async def close(self) -> None:
        """Ends it, if it has not ended, and those that it started."""
        if self._status is None:
            children = descendants(self.pid)
            with contextlib.suppress(ProcessLookupError):
                self._transport.kill()
            for pid in children:
                kill(pid)
        with contextlib.suppress(AssertionError):
            await self.finish(5)
        # Some grandchild may still hold the other end of a pipe; our end is closed now and not by chance later.
        self._transport.close()
        await self._lost.wait()

    @property
    def _status(self) -> int | None:
        return self._transport.get_returncode()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)  # uvloop's is no subclass of it
        self._reads = {fd for fd in (1, 2) if self._transport.get_pipe_transport(fd) is not None}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        (self.out if fd == 1 else self.err).extend(data)
        self._tell()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._reads.discard(fd)
        if fd == 0:
            self._writable.set()
        self._tell()

    def process_exited(self) -> None:
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport.close()
        self._lost.set()
        self._tell()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()


def environment(**more: str) -> dict[str, str]:
    """Returns the environment of a program: of Pando's own variables it has none but those in `more`."""
    ours = ("SECRET", "HOST", "PORT", "DEBUG")
    return {k: v for k, v in os.environ.items() if not k.startswith("PANDO_") and k not in ours} | more


async def start(kind: type[P], *command: str | Path, env: Mapping[str, str] | None = None, **streams: Any) -> P:
    """Starts a program.

    Args:
        kind: the class of what is returned.
        command: the program and its arguments.
        env: the whole environment; None for that of the tests without Pando's own variables.
        streams: as for `asyncio.create_subprocess_exec`; each stream is a pipe unless it says otherwise.
    """
    _, program = await asyncio.get_running_loop().subprocess_exec(
        lambda: kind(Path(command[0]).name),
        *map(str, command),
        env=environment() if env is None else env,
        **streams,
    )
    return program

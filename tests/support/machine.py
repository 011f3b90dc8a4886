"""The machine on which the programs run: its processes, its ports, and a cable to cut."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

LIMIT = 30.0
"""Seconds for anything that takes one second on an idle machine."""


async def eventually(true: Callable[[], Awaitable[bool]], what: str, within: float = LIMIT) -> None:
    """Waits until the coroutine function `true` returns true; for what can only be asked, not listened to."""
    deadline = time.monotonic() + within
    while not await true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what}")
        await asyncio.sleep(0.05)


async def get_json(url: str) -> dict[str, Any]:
    """Fetches JSON from loopback, whatever proxy the environment names."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        response = await http.get(url)
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer


def make_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Makes a folder with these files; the values are their contents."""
    folder.mkdir(parents=True)
    for name, contents in files.items():
        (folder / name).write_text(contents)


def free_port() -> int:
    """Returns a port that is free, as is the one after it."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("0.0.0.0", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("0.0.0.0", port + 1))
            except (OSError, OverflowError):
                continue
            return port


# Processes


def descendants(pid: int) -> list[int]:
    """The pids of all processes that `pid` has started, and those that these have."""
    found: list[int] = []
    for task in _listing(f"/proc/{pid}/task"):
        for child in _contents(f"/proc/{pid}/task/{task}/children").split():
            found += [int(child), *descendants(int(child))]
    return found


def threads(pid: int) -> set[str]:
    """The names of a process's threads."""
    return {_contents(f"/proc/{pid}/task/{task}/comm").strip() for task in _listing(f"/proc/{pid}/task")}


def memory(pid: int) -> int:
    """The bytes of memory that a process holds; 0 when it is gone."""
    fields = _contents(f"/proc/{pid}/statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def kill(pid: int) -> None:
    """Ends a process at once, also one that is stopped."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _listing(path: str) -> list[str]:
    try:
        return [entry.name for entry in Path(path).iterdir()]
    except OSError:
        return []


def _contents(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


# The network


class Cable:
    """A TCP relay on loopback in front of a server: a network that can be cut and mended."""

    def __init__(self, to: str) -> None:
        self._to = int(to.rpartition(":")[2])
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """The address that volunteers open."""
        return f"http://127.0.0.1:{self._port}"

    async def mend(self) -> None:
        """Lets connections through."""
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Breaks all connections and refuses new ones."""
        if self._server is not None:
            self._server.close()
        for end in list(self._ends):
            end.transport.abort()
        await asyncio.sleep(0)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._ends.discard(writer)
            writer.close()


@asynccontextmanager
async def cable(to: str) -> AsyncIterator[Cable]:
    """Puts a `Cable` in front of the server at the URL `to`."""
    relay = Cable(to)
    await relay.mend()
    try:
        yield relay
    finally:
        await relay.cut()

"""The machine on which the programs run: its processes, its ports, and waiting for what can only be asked."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

LIMIT = 60.0
"""Seconds for anything that takes one second on an idle machine: only a hang takes so long."""


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
    """Returns a port that is free, as is the one after it; the next call returns another."""
    while True:
        port = next(_PORTS)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("0.0.0.0", port))
                second.bind(("0.0.0.0", port + 1))
            except OSError:
                continue
            return port


def _ports() -> Iterator[int]:
    # Below those that systems give out by themselves (from 32768), and another range for each worker: so nobody takes
    # one between its choice and its use. From 11000 on no browser refuses any.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 11_000 + worker % 2 * PORTS
    begin = os.getpid() * 2  # other tests on this machine begin elsewhere
    return (first + (begin + step) % PORTS for step in itertools.count(0, 2))


PORTS = 10_000
"""Of one worker."""
_PORTS = _ports()


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

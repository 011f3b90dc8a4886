"""Who is lent what, through a real client with two real volunteers of one slot each."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.functions import module
from tests.support.machine import eventually
from tests.support.programs import Client, pando, pando_volunteer

ITEMS = [str(n) for n in range(1, 101)]
SLOW_FIRST = "setTimeout(function () { cb(null, x) }, x === '1' ? 3000 : 1)"
STUCK_WHEN_FRESH = "if (x !== '1' || globalThis.fresh === false) cb(null, x); globalThis.fresh = false"
"""The first item never ends in the worker that takes it as its first; in any other it does."""


@asynccontextmanager
async def two_volunteers(function: Path, *options: str) -> AsyncIterator[Client]:
    """A client that lends item by item, with its volunteers there and its items given."""
    async with (
        pando(function, None, "--batch-size=1", *options) as client,
        pando_volunteer(client.url, "--device=a", "--cores=1"),
        pando_volunteer(client.url, "--device=b", "--cores=1"),
    ):
        await client.says("joined", times=2)
        await client.feed(ITEMS)
        yield client


async def test_a_window_bounds_what_is_read_and_not_written(tmp_path: Path) -> None:
    async with two_volunteers(module(tmp_path, SLOW_FIRST), "--window=5", "--speculate=off") as client:

        async def full() -> bool:
            status = await client.status()
            assert status["read"] - status["written"] <= 5
            return bool(status["held_back"] == 4)

        await eventually(full, "a window that is full")
        assert client.lines == []
        assert (await client.status())["read"] == 5
        assert (await client.ends(), client.lines) == (0, ITEMS)


async def test_unordered_results_do_not_wait_for_the_first(tmp_path: Path) -> None:
    async with two_volunteers(module(tmp_path, SLOW_FIRST), "--unordered", "--window=5") as client:
        assert await client.ends() == 0
        assert sorted(client.lines, key=int) == ITEMS
        assert client.lines[-1] == "1"


async def test_a_straggler_gets_a_copy(tmp_path: Path) -> None:
    async with two_volunteers(module(tmp_path, STUCK_WHEN_FRESH)) as client:
        assert (await client.ends(), client.lines) == (0, ITEMS)


async def test_a_straggler_gets_no_copy_when_nobody_wants_any(tmp_path: Path) -> None:
    async with two_volunteers(module(tmp_path, STUCK_WHEN_FRESH), "--speculate=off", "--unordered") as client:
        await client.prints(len(ITEMS) - 1)
        # The other one has nothing to do from now on: with copies it would begin one within a second or two.
        with pytest.raises(AssertionError, match="not within"):
            await client.prints(len(ITEMS), within=4)
        assert "1" not in client.lines
        client.signal(signal.SIGINT)
        assert await client.ends() == 130

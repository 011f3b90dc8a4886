"""Answers do not wait for the slowest server or interface."""

from __future__ import annotations

import asyncio
import runpy
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import aioice.ice
import pytest

from pando_client.channels.aiortc_tuning import gathering
from tests.support.stun_servers import Stun, Turn, stun_server, turn_server

CREDENTIALS: dict[str, Any] = {"turn_username": "user", "turn_password": "password"}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_took", {})
    # One interface, that everything can be reached from.
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])


@pytest.fixture
def mute() -> Any:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        yield silent.getsockname()


@pytest.fixture
async def stun() -> AsyncIterator[Stun]:
    async with stun_server() as server:
        yield server


@pytest.fixture
async def turn() -> AsyncIterator[Turn]:
    async with turn_server("user", "password") as server:
        yield server


async def gathered(**servers: Any) -> tuple[list[str], float]:
    """The kinds of candidates, and the seconds that they took."""
    connection = aioice.ice.Connection(ice_controlling=False, **servers)
    began = time.monotonic()
    try:
        await connection.gather_candidates()
        return sorted(candidate.type for candidate in connection.local_candidates), time.monotonic() - began
    finally:
        await connection.close()


async def test_servers_that_answer_are_waited_for(stun: Stun, turn: Turn) -> None:
    stun.delay = 0.1
    turn.delay = 0.15  # two requests
    kinds, _ = await gathered(stun_server=stun.address, turn_server=turn.address, **CREDENTIALS)
    assert kinds == ["host", "relay", "srflx"]


async def test_a_stun_server_that_is_silent_costs_little(mute: tuple[str, int]) -> None:
    kinds, took = await gathered(stun_server=mute)
    assert kinds == ["host"]
    assert took < 1.0


async def test_a_slow_stun_server_has_the_time_that_it_is_known_to_need(stun: Stun) -> None:
    stun.delay = 0.35
    assert (await gathered(stun_server=stun.address))[0] == ["host"]
    gathering.answered(stun.address, 0.35)
    assert (await gathered(stun_server=stun.address))[0] == ["host", "srflx"]
    assert gathering.patience(stun.address, 0.2) > 0.5
    gathering.answered(stun.address, 9.0)
    assert gathering.patience(stun.address, 0.2) == gathering.LONG_SECONDS


async def test_a_turn_server_that_falls_silent_costs_little_from_then_on(
    turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "SILENT_SECONDS", 0.3)
    turn.delay = 60.0
    assert (await gathered(turn_server=turn.address, **CREDENTIALS))[0] == ["host"]
    async with asyncio.timeout(10):
        while turn.address not in gathering._took:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)
    assert gathering.patience(turn.address, gathering.LONG_SECONDS) == gathering.SHORT_SECONDS
    turn.delay = 0.0
    assert (await gathered(turn_server=turn.address, **CREDENTIALS))[0] == ["host", "relay"]
    assert turn.address not in gathering._took, "it has all of its time again"


async def test_a_late_allocation_is_given_back(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "LONG_SECONDS", 0.1)
    turn.delay = 0.1
    assert (await gathered(turn_server=turn.address, **CREDENTIALS))[0] == ["host"]
    async with asyncio.timeout(10):
        while turn.released == 0:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)
    assert (turn.allocated, turn.released) == (1, 1)
    assert gathering._took[turn.address] > 0.1


async def test_giving_up_gives_up_the_request_too(turn: Turn) -> None:
    turn.delay = 60.0
    connection = aioice.ice.Connection(ice_controlling=False, turn_server=turn.address, **CREDENTIALS)
    asking = asyncio.create_task(connection.gather_candidates())
    await asyncio.sleep(0.05)
    before = len(asyncio.all_tasks())
    asking.cancel()
    await asyncio.wait({asking})
    await asyncio.sleep(0.05)
    assert len(asyncio.all_tasks()) <= before
    await connection.close()


def test_an_aioice_without_these_functions_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("server_reflexive_candidate", "relayed_candidate"):
        monkeypatch.delattr(aioice.ice, name)
    runpy.run_path(str(gathering.__file__))
    assert not hasattr(aioice.ice, "relayed_candidate")

"""STUN servers that do not answer are left out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pando_client.rendezvous import stun
from pando_client.rendezvous.stun import without_silent
from pando_shared.signaling import IceServer


class Echo(asyncio.DatagramProtocol):
    def __init__(self, skip: int) -> None:
        self.skip = skip

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.skip -= 1
        if self.skip < 0:
            self.transport.sendto(data, address)


@pytest.fixture(params=[0, 1])
async def answering(request: pytest.FixtureRequest) -> AsyncIterator[IceServer]:
    """A server that answers at once, or the second request only, since packets may be lost."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Echo(request.param), local_addr=("127.0.0.1", 0))
    yield IceServer(urls=f"stun:127.0.0.1:{transport.get_extra_info('sockname')[1]}")
    transport.close()


async def test_who_answers_stays_and_who_does_not_goes(answering: IceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stun, "PROBE_SECONDS", 1.0)
    turn = IceServer(urls="turn:127.0.0.1:1", username="u", credential="c")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        silent = IceServer(urls=f"stun:127.0.0.1:{mute.getsockname()[1]}")
        assert await without_silent([silent, answering, turn]) == [answering, turn]


@pytest.mark.parametrize("urls", ["stun:127.0.0.1", "stun:[::1]:9", "stun:no-such-host.invalid"])
async def test_what_cannot_be_asked_goes(urls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stun, "PROBE_SECONDS", 0.2)  # the last is asked, but no server is at the usual port
    assert await without_silent([IceServer(urls=urls)]) == []


async def test_none_are_none() -> None:
    assert await without_silent([]) == []

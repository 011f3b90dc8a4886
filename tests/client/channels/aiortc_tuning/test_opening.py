"""Who speaks first: the volunteer, as DTLS client and with SCTP; and where it does not, we do, later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiortc.rtcsctptransport import RTCSctpTransport

from pando_client.channels.aiortc_tuning import opening
from pando_client.channels.webrtc import WebRtcChannel, answer
from tests.support.volunteers import WITHIN, WebRtcPeer, connected, sctp_of


async def exchanged(channel: WebRtcChannel, volunteer: WebRtcPeer) -> bool:
    """Whether a frame gets through each way."""
    await channel.send(b"ours")
    volunteer.channel.send(b"theirs")
    return (await volunteer.received.get(), await channel.receive()) == (b"ours", b"theirs")


def begins(monkeypatch: pytest.MonkeyPatch, sctp_class: Any) -> list[Any]:
    """Notes which ends send an INIT."""
    by: list[Any] = []
    begin = sctp_class._init

    async def noted(self: Any) -> None:
        by.append(self)
        await begin(self)

    monkeypatch.setattr(sctp_class, "_init", noted)
    return by


async def test_the_volunteer_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    by = begins(monkeypatch, RTCSctpTransport)
    async with connected() as (channel, volunteer):
        assert sctp_of(channel).transport._role == "server"
        assert await exchanged(channel, volunteer)
        assert by == [sctp_of(volunteer)]


async def test_it_stays_so_when_the_time_for_init_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "INIT_AFTER_SECONDS", 0.0)
    by = begins(monkeypatch, RTCSctpTransport)
    async with connected() as (channel, volunteer):
        await asyncio.sleep(0.1)
        assert await exchanged(channel, volunteer)
        # Both, or only the volunteer, if it was the sooner: it must not matter.
        assert len(by) == len(set(by)) == (2 if sctp_of(channel) in by else 1)


@asynccontextmanager
async def answered(volunteer: WebRtcPeer, sdp: str) -> AsyncIterator[tuple[str, WebRtcChannel]]:
    async with asyncio.timeout(WITHIN), AsyncExitStack() as ends:
        ends.push_async_callback(volunteer.connection.close)
        sdp, channel = await answer(sdp, [], loopback=True)
        ends.push_async_callback(channel.close)
        await volunteer.accept(sdp)
        await channel.opened(WITHIN)
        await volunteer.open.wait()
        yield sdp, channel


async def test_an_offer_to_be_the_dtls_server_is_taken() -> None:
    volunteer = WebRtcPeer()
    offer = (await volunteer.offer()).replace("a=setup:actpass", "a=setup:passive")
    sctp_of(volunteer).transport._set_role("server")
    async with answered(volunteer, offer) as (sdp, channel):
        assert "a=setup:active" in sdp
        assert await exchanged(channel, volunteer)


async def test_a_volunteer_that_does_not_begin_is_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "INIT_AFTER_SECONDS", 0.2)

    async def wait_for_us() -> None:
        return

    volunteer = WebRtcPeer()
    by = begins(monkeypatch, RTCSctpTransport)
    monkeypatch.setattr(sctp_of(volunteer), "_init", wait_for_us)
    async with answered(volunteer, await volunteer.offer()) as (_, channel):
        assert by == [sctp_of(channel)]
        assert await exchanged(channel, volunteer)

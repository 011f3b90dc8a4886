"""Fewer acknowledgements and a bounded window: nothing gets lost or stuck by them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pando_client.channels.aiortc_tuning import sctp
from pando_client.channels.webrtc import WebRtcChannel
from pando_shared.limits import MAX_FRAME_BYTES
from tests.support.volunteers import WebRtcPeer, connected, sctp_of

FRAMES = 100
PACKETS_OF_A_FRAME = MAX_FRAME_BYTES / 1200


def counted(transport: Any, name: str) -> list[int]:
    """Counts the calls of a method of this one object."""
    calls = [0]
    method = getattr(transport, name)

    async def call(*arguments: Any) -> None:
        calls[0] += 1
        await method(*arguments)

    setattr(transport, name, call)
    return calls


SENT = [bytes([n]) * MAX_FRAME_BYTES for n in range(FRAMES)]


async def to_client(volunteer: WebRtcPeer, channel: WebRtcChannel) -> None:
    """Sends frames to the client's end, which has to get all of them."""
    for frame in SENT:
        volunteer.channel.send(frame)
    assert [await channel.receive() for _ in SENT] == SENT


async def to_volunteer(channel: WebRtcChannel, volunteer: WebRtcPeer) -> None:
    """Sends frames to the volunteer's end, which has to get all of them."""
    for frame in SENT:
        await channel.send(frame)
    assert [await volunteer.received.get() for _ in SENT] == SENT


async def test_several_packets_are_acknowledged_together() -> None:
    async with connected() as (channel, volunteer):
        acknowledgements = counted(sctp_of(volunteer), "_receive_sack_chunk")
        await to_client(volunteer, channel)
        # Both ends share an event loop here, so few packets arrive in one turn of it.
        assert acknowledgements[0] < FRAMES * PACKETS_OF_A_FRAME * 0.9


async def test_a_packet_that_comes_alone_is_acknowledged_at_once() -> None:
    async with connected() as (channel, volunteer):
        acknowledgements = counted(sctp_of(volunteer), "_receive_sack_chunk")
        for number in range(1, 6):
            volunteer.channel.send(b"alone")
            assert await channel.receive() == b"alone"
            async with asyncio.timeout(0.5):  # a timer would have its sender wait longer for the first
                while acknowledgements[0] < number:  # noqa: ASYNC110 - aiortc has no event for it
                    await asyncio.sleep(0.001)


async def test_a_packet_that_is_lost_is_sent_again() -> None:
    async with connected() as (channel, volunteer):
        transport: Any = sctp_of(channel)
        handle, seen = transport._handle_data, [0]

        async def lose_some(packet: bytes) -> None:
            seen[0] += 1
            if seen[0] % 97:
                await handle(packet)

        transport._handle_data = lose_some
        await to_client(volunteer, channel)
        assert seen[0] > 97


async def test_no_more_is_under_way_than_a_browser_nearby_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected() as (channel, volunteer):
        monkeypatch.setattr(sctp, "NEARBY_SECONDS", 10.0)  # however slow this machine is
        transport: Any = sctp_of(channel)
        most, transmit = [0], transport._transmit

        async def watched() -> None:
            await transmit()
            most[0] = max(most[0], transport._flight_size)

        transport._transmit = watched
        await to_volunteer(channel, volunteer)
        assert 0 < most[0] <= sctp.WINDOW_BYTES + 1200

        monkeypatch.setattr(sctp, "NEARBY_SECONDS", 0.0)
        await to_volunteer(channel, volunteer)
        assert most[0] > sctp.WINDOW_BYTES + 1200, "far away nothing but loss bounds it"

"""Fewer acknowledgements: nothing gets lost or stuck by them, and there are fewer."""

from __future__ import annotations

import asyncio
from typing import Any

from pando_shared.wire.framing import MAX_FRAME
from tests.support.volunteers import connected

FRAMES = 100
PACKETS_OF_A_FRAME = MAX_FRAME / 1200


def counted(transport: Any, name: str) -> list[int]:
    """Counts the calls of a method of this one object."""
    calls = [0]
    method = getattr(transport, name)

    async def call(*arguments: Any) -> None:
        calls[0] += 1
        await method(*arguments)

    setattr(transport, name, call)
    return calls


async def send_all(volunteer: Any, channel: Any) -> None:
    """Sends frames to the client's end, which has to get all of them."""
    sent = [bytes([n]) * MAX_FRAME for n in range(FRAMES)]
    for frame in sent:
        volunteer.channel.send(frame)
    assert [await channel.receive() for _ in sent] == sent


async def test_several_packets_are_acknowledged_together() -> None:
    async with connected() as (channel, volunteer):
        acknowledgements = counted(volunteer.connection.sctp, "_receive_sack_chunk")
        await send_all(volunteer, channel)
        # Both ends share an event loop here, so few packets arrive in one turn of it.
        assert acknowledgements[0] < FRAMES * PACKETS_OF_A_FRAME * 0.9


async def test_a_packet_that_comes_alone_is_acknowledged_at_once() -> None:
    async with connected() as (channel, volunteer):
        acknowledgements = counted(volunteer.connection.sctp, "_receive_sack_chunk")
        for number in range(1, 6):
            volunteer.channel.send(b"alone")
            assert await channel.receive() == b"alone"
            async with asyncio.timeout(0.5):  # a timer would have its sender wait longer for the first
                while acknowledgements[0] < number:  # noqa: ASYNC110 - aiortc has no event for it
                    await asyncio.sleep(0.001)


async def test_a_packet_that_is_lost_is_sent_again() -> None:
    async with connected() as (channel, volunteer):
        transport: Any = channel._connection.sctp
        handle, seen = transport._handle_data, [0]

        async def lose_some(packet: bytes) -> None:
            seen[0] += 1
            if seen[0] % 97:
                await handle(packet)

        transport._handle_data = lose_some
        await send_all(volunteer, channel)
        assert seen[0] > 97

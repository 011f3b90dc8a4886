"""What aiortc sends leaves together: whole, whatever the system says to it, in few calls, and to the last goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import socket
import struct
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from pando_client.channels.aiortc_tuning import datagrams
from pando_client.channels.aiortc_tuning.datagrams import (
    MAX_BURST_BYTES,
    MAX_BURST_RECORDS,
    DatagramSender,
    cut_into_bursts,
)
from pando_client.channels.webrtc import WebRtcChannel
from pando_shared.limits import MAX_FRAME_BYTES
from tests.support.volunteers import WebRtcPeer, connected, sctp_of

FRAMES = [bytes([n]) * MAX_FRAME_BYTES for n in range(60)]


def sender_of(channel: WebRtcChannel) -> DatagramSender:
    assert channel.datagrams is not None
    return channel.datagrams


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


async def all_arrive(channel: WebRtcChannel, volunteer: WebRtcPeer) -> None:
    """Sends frames to the volunteer's end, which has to get all of them."""
    for frame in FRAMES:
        await channel.send(frame)
    assert [await volunteer.received.get() for _ in FRAMES] == FRAMES


async def test_packets_of_one_turn_leave_in_one_call() -> None:
    async with connected() as (channel, volunteer):
        sender = sender_of(channel)
        calls, records = sender.bursts, sender.burst_records
        for size in (1000,) * 10 + (500, 1000, 1000):  # of no meaning: the other end ignores them
            await sctp_of(channel).transport._send_data(bytes(size))
        assert (sender.bursts, sender.burst_records) == (calls, records)
        await asyncio.sleep(0)
        together = sys.platform == "linux"
        assert (sender.bursts - calls, sender.burst_records - records) == ((2, 13) if together else (0, 0))
        await all_arrive(channel, volunteer)


async def test_so_do_very_many_small_ones() -> None:
    async with connected() as (channel, volunteer):
        for number in range(200):
            await channel.send(b"%03d" % number)
        assert [await volunteer.received.get() for _ in range(200)] == [b"%03d" % number for number in range(200)]
        assert sender_of(channel).cuts_bursts == (sys.platform == "linux")


async def test_a_system_that_does_not_cut_bursts_gets_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagrams, "UDP_SEGMENT", 999)
    async with connected() as (channel, volunteer):
        await all_arrive(channel, volunteer)
        assert not sender_of(channel).cuts_bursts
        assert sender_of(channel).bursts == 0


async def test_a_system_whose_buffer_is_full_gets_packets_later(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    send = socket.socket.sendmsg

    def full_every_other_time(self: socket.socket, *arguments: Any) -> int:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise BlockingIOError
        return send(self, *arguments)

    monkeypatch.setattr(socket.socket, "sendmsg", full_every_other_time)
    async with connected() as (channel, volunteer):
        await all_arrive(channel, volunteer)
        assert sender_of(channel).cuts_bursts == (sys.platform == "linux")
        assert sender_of(channel).bursts == calls // 2


def fatal_alert(ssl: Any) -> bytes:
    """Returns the record in which a DTLS 1.2 client says `internal_error` under its keys (RFC 5246, 6.3; RFC 5288)."""
    seed, keys = b"key expansion" + ssl.server_random() + ssl.client_random(), b""
    chained = seed
    while len(keys) < 40:
        chained = hmac.digest(ssl.master_key(), chained, "sha256")
        keys += hmac.digest(ssl.master_key(), chained + seed, "sha256")
    number, kind, alert = struct.pack(">HHI", 1, 0, 5000), b"\x15\xfe\xfd", b"\x02\x50"
    sealed = AESGCM(keys[:16]).encrypt(keys[32:36] + number, alert, number + kind + struct.pack(">H", len(alert)))
    return kind + number + struct.pack(">H", len(number + sealed)) + number + sealed


async def test_a_fatal_alert_ends_the_volunteer_and_leaves_nothing_open() -> None:
    async def once() -> int:
        async with connected() as (channel, volunteer):
            transport: Any = sctp_of(volunteer).transport
            assert transport._ssl.get_cipher_name() == "ECDHE-ECDSA-AES128-GCM-SHA256"
            await transport.transport._send(fatal_alert(transport._ssl))
            await asyncio.sleep(0.1)
            with contextlib.suppress(ConnectionError):
                await channel.send(b"to nobody")
            assert await channel.receive() is None
        await asyncio.sleep(0.1)
        return descriptors()

    assert await once() == await once()


async def test_the_goodbye_leaves_before_the_socket_closes() -> None:
    async with connected() as (channel, volunteer):
        await channel.send(b"last")
        await channel.close()
        async with asyncio.timeout(1):
            assert await volunteer.received.get() == b"last"
            await volunteer.closed.wait()


async def test_no_descriptor_stays_open() -> None:
    async def once() -> int:
        async with connected() as (channel, volunteer):
            await all_arrive(channel, volunteer)
        await asyncio.sleep(0.1)
        return descriptors()

    assert await once() == await once()


@given(st.lists(st.integers(1, 1500), max_size=200) | st.lists(st.sampled_from([65, 1265]), max_size=200))
def test_bursts_are_cut_where_sizes_change(sizes: list[int]) -> None:
    records = [bytes(size) for size in sizes]
    bursts = list(cut_into_bursts(records))
    assert [record for burst in bursts for record in burst] == records
    for burst in bursts:
        assert len({len(record) for record in burst[:-1]}) <= 1
        assert len(burst[-1]) <= len(burst[0])
        assert sum(map(len, burst)) <= MAX_BURST_BYTES
        assert len(burst) <= MAX_BURST_RECORDS

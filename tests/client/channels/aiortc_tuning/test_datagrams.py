"""What aiortc sends leaves together: whole, whatever the system says to it, in few calls, and to the last goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import struct
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from pando_client.channels.aiortc_tuning import congestion
from pando_client.channels.aiortc_tuning import datagrams as bursts
from pando_client.channels.aiortc_tuning.datagrams import MAX_BURST, MAX_RECORDS, of_one_size
from pando_client.channels.webrtc import WebRtcChannel
from pando_shared.wire.framing import MAX_FRAME
from tests.support.volunteers import connected

FRAMES = [bytes([n]) * MAX_FRAME for n in range(60)]


def bursts_of(channel: WebRtcChannel) -> Any:
    assert channel._bursts is not None
    return channel._bursts


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


async def all_arrive(channel: WebRtcChannel, volunteer: Any) -> None:
    """Sends frames to the volunteer's end, which has to get all of them."""
    for frame in FRAMES:
        await channel.send(frame)
    assert [await volunteer.received.get() for _ in FRAMES] == FRAMES


async def test_packets_of_one_turn_leave_in_one_call() -> None:
    async with connected() as (channel, volunteer):
        sent, runs = bursts_of(channel)._sent, []

        def noting(burst: list[bytes], pair: Any) -> bool:
            runs.append((len(burst), sent(burst, pair)))
            return runs[-1][1]

        bursts_of(channel)._sent = noting
        for size in (1000,) * 10 + (500, 1000, 1000):  # of no meaning: the other end ignores them
            await channel._connection.sctp.transport._send_data(bytes(size))  # type: ignore[union-attr]
        assert runs == []
        await asyncio.sleep(0)
        together = sys.platform == "linux"
        assert runs == [(11, together), (2, together)]
        del bursts_of(channel)._sent
        await all_arrive(channel, volunteer)


async def test_so_do_very_many_small_ones() -> None:
    async with connected() as (channel, volunteer):
        for number in range(200):
            channel._channel.send(b"%03d" % number)
        assert [await volunteer.received.get() for _ in range(200)] == [b"%03d" % number for number in range(200)]
        assert bursts_of(channel)._segments == (sys.platform == "linux")


async def test_a_system_that_does_not_cut_bursts_gets_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bursts, "_UDP_SEGMENT", 999)
    async with connected() as (channel, volunteer):
        await all_arrive(channel, volunteer)
        assert not bursts_of(channel)._segments


async def test_a_system_whose_buffer_is_full_gets_packets_later() -> None:
    async with connected() as (channel, volunteer):
        own = bursts_of(channel)._socket_of

        class Full:
            """In every other call."""

            calls = 0

            def __init__(self, protocol: Any) -> None:
                self._own = own(protocol)

            def sendmsg(self, *arguments: Any) -> int:
                Full.calls += 1
                if Full.calls % 2:
                    raise BlockingIOError
                return int(self._own.sendmsg(*arguments))

        bursts_of(channel)._socket_of = Full
        await all_arrive(channel, volunteer)
        assert bursts_of(channel)._segments or sys.platform != "linux"


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
            transport: Any = volunteer.connection.sctp.transport  # type: ignore[union-attr]  # it is connected
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
        channel._channel.send(b"last")
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


async def test_no_more_is_under_way_than_a_browser_nearby_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected() as (channel, volunteer):
        monkeypatch.setattr(congestion, "NEARBY", 10.0)  # however slow this machine is
        sctp: Any = channel._connection.sctp
        most, transmit = [0], sctp._transmit

        async def watched() -> None:
            await transmit()
            most[0] = max(most[0], sctp._flight_size)

        sctp._transmit = watched
        await all_arrive(channel, volunteer)
        assert 0 < most[0] <= congestion.WINDOW + 1200

        monkeypatch.setattr(congestion, "NEARBY", 0.0)
        await all_arrive(channel, volunteer)
        assert most[0] > congestion.WINDOW + 1200, "far away nothing but loss bounds it"


@given(st.lists(st.integers(1, 1500), max_size=200) | st.lists(st.sampled_from([65, 1265]), max_size=200))
def test_runs_are_cut_where_sizes_change(sizes: list[int]) -> None:
    records = [bytes(size) for size in sizes]
    runs = list(of_one_size(records))
    assert [record for run in runs for record in run] == records
    for run in runs:
        assert len({len(record) for record in run[:-1]}) <= 1
        assert len(run[-1]) <= len(run[0])
        assert sum(map(len, run)) <= MAX_BURST
        assert len(run) <= MAX_RECORDS

"""The data channel: two ends of aiortc in one process, over loopback; the other end may be hostile."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import ifaddr
import pytest
from aiortc import RTCDataChannel
from aiortc.mediastreams import AudioStreamTrack

from pando_client.channels import webrtc
from pando_client.channels.webrtc import FRAME_COST_BYTES, HIGH_WATER_BYTES, answer, on_private_network
from pando_shared.limits import MAX_FRAME_BYTES
from tests.support.volunteers import WebRtcPeer, connected, sctp_of


async def test_frames_go_both_ways_whole_and_in_order() -> None:
    frames = [bytes([n]) * size for n, size in enumerate((4, 1, 1000, MAX_FRAME_BYTES, 70))]
    async with connected() as (channel, volunteer):
        assert channel.kind == "webrtc"
        assert channel.peer == "127.0.0.1"
        for frame in frames:
            await channel.send(frame)
            volunteer.channel.send(frame)
        assert [await volunteer.received.get() for _ in frames] == frames
        assert [await channel.receive() for _ in frames] == frames


async def test_what_was_sent_before_close_arrives() -> None:
    frames = [b"%05d" % n * 5000 for n in range(30)]
    async with connected() as (channel, volunteer):
        for frame in frames:
            await channel.send(frame)
        await channel.close()
        await channel.close()
        assert [await volunteer.received.get() for _ in frames] == frames
        assert await channel.receive() is None
        with pytest.raises(ConnectionError):
            await channel.send(b"more")


async def test_sending_waits_for_room() -> None:
    async with connected() as (channel, volunteer):
        most = 0
        for _ in range(40):
            await channel.send(bytes(MAX_FRAME_BYTES))
            most = max(most, channel.buffered_bytes)
        assert most <= HIGH_WATER_BYTES + MAX_FRAME_BYTES
        for _ in range(40):
            assert len(await volunteer.received.get()) == MAX_FRAME_BYTES


async def test_the_other_end_leaves() -> None:
    async with connected() as (channel, volunteer):
        waiting = asyncio.create_task(channel.receive())
        await volunteer.connection.close()
        assert await waiting is None


async def test_text_and_what_is_too_long_are_no_frames() -> None:
    async with connected() as (channel, volunteer):
        volunteer.channel.send("hello")
        assert await channel.receive() == b""
        volunteer.channel.send(bytes(MAX_FRAME_BYTES + 1))
        assert await channel.receive() == b""
        volunteer.channel.send(b"good")
        assert await channel.receive() == b"good"


async def test_four_megabytes_at_once_are_no_frame_and_do_not_stay() -> None:
    async with connected() as (channel, volunteer):
        # Whatever this end announces, the other may send more.
        volunteer.connection.sctp._remote_max_message_size = None  # type: ignore[union-attr]  # noqa: SLF001 - aiortc has no hook for this
        limit = getattr(volunteer.connection.sctp, "remoteMaxMessageSize", None)
        try:
            volunteer.channel.send(bytes(4 << 20))
        except ValueError:
            assert limit is None or limit < 4 << 20
            volunteer.channel.send(bytes(MAX_FRAME_BYTES + 1))
        assert await channel.receive() in (b"", None)


async def test_another_channel_ends_the_volunteer_as_a_breach() -> None:
    async with connected() as (channel, volunteer):
        for n in range(20):
            volunteer.connection.createDataChannel(f"more {n}")
        assert await channel.receive() == b""
        assert await channel.receive() is None


async def test_an_offer_with_media_is_refused() -> None:
    volunteer = WebRtcPeer()
    volunteer.connection.addTrack(AudioStreamTrack())
    with pytest.raises(ValueError, match="cannot be understood"):
        await answer(await volunteer.offer(), [], loopback=True)
    await volunteer.connection.close()


@pytest.mark.parametrize(
    "sdp", ["", "x", "v=0\r\n", "v=0\r\nm=application 9 UDP/DTLS/SCTP x\r\n", "\0" * 1000, "m=\n" * 500]
)
async def test_what_is_no_offer(sdp: str) -> None:
    with pytest.raises(ValueError, match="the offer cannot be understood"):
        await answer(sdp, [], loopback=True)


async def test_nobody_connects() -> None:
    volunteer = WebRtcPeer()
    _, channel = await answer(await volunteer.offer(), [], loopback=True)
    with pytest.raises(ConnectionError, match="did not open"):
        await channel.opened(0.1)
    assert await channel.receive() is None
    await volunteer.connection.close()


async def test_a_flood_that_is_not_taken_ends_the_volunteer(monkeypatch: pytest.MonkeyPatch) -> None:
    fitting = 100
    monkeypatch.setattr(webrtc, "MAX_RECEIVED_BYTES", fitting * (len(b"frame") + FRAME_COST_BYTES))
    async with connected() as (channel, volunteer):
        for _ in range(fitting + 1):
            volunteer.channel.send(b"frame")
        await volunteer.all_is_sent()
        await asyncio.sleep(0.1)
        frames = [await channel.receive() for _ in range(fitting)]
        assert frames == [b"frame"] * fitting
        assert await channel.receive() is None


async def lose_everything(data: bytes) -> None:
    """Takes the place of what handles the packets of one end."""


async def test_one_that_takes_nothing_more_holds_neither_sending_nor_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webrtc, "ROOM_SECONDS", 0.01)
    monkeypatch.setattr(webrtc, "CLOSE_SECONDS", 0.05)
    async with connected() as (channel, volunteer):
        monkeypatch.setattr(sctp_of(volunteer), "_handle_data", lose_everything)

        async def send_for_ever() -> None:
            while True:
                await channel.send(bytes(MAX_FRAME_BYTES))

        sending = asyncio.create_task(send_for_ever())
        await asyncio.sleep(0.1)
        assert channel.buffered_bytes > HIGH_WATER_BYTES
        assert not sending.done()
        await asyncio.wait_for(channel.close(), 10)
        with pytest.raises(ConnectionError, match="the data channel is closed"):
            await sending


async def test_a_connection_that_does_not_close_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    async with connected() as (channel, _):
        close = channel.connection.close
        monkeypatch.setattr(webrtc, "CLOSE_CONNECTION_SECONDS", 0.05)
        monkeypatch.setattr(channel.connection, "close", never)
        await asyncio.wait_for(channel.close(), 10)
        assert await channel.receive() is None
        monkeypatch.setattr(channel.connection, "close", close)


async def test_an_error_of_the_connection_ends_the_channel() -> None:
    async with connected() as (channel, _):
        waiting = asyncio.create_task(channel.receive())
        channel.connection.emit("error", KeyError("aiortc"))
        assert await waiting is None
        with pytest.raises(ConnectionError):
            await channel.send(b"frame")


async def test_a_frame_that_aiortc_refuses_is_a_connection_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, data: bytes) -> None:
        raise ValueError("too long")

    async with connected() as (channel, _):
        monkeypatch.setattr(RTCDataChannel, "send", refuse)
        with pytest.raises(ConnectionError, match="too long"):
            await channel.send(b"frame")
        monkeypatch.undo()


@pytest.mark.parametrize(
    ("addresses", "private"),
    [
        (["8.8.8.8"], False),
        (["8.8.8.8", "192.168.1.7"], True),
        ([("2a00::1", 0, 0), ("fe80::1", 0, 2)], False),
        ([("fd00::1", 0, 0)], True),
        (["127.0.0.1", ("::1", 0, 0)], False),
        ([], False),
    ],
)
def test_whether_this_machine_is_on_a_private_network(
    addresses: list[object], private: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = SimpleNamespace(ips=[SimpleNamespace(ip=address) for address in addresses])
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: [adapter])
    assert on_private_network() is private

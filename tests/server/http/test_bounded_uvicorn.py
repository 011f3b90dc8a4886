"""Slow, huge and broken requests, by hand over TCP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from starlette.websockets import WebSocket

from pando_server.http import bounded_uvicorn
from tests.support.server_peers import PATIENCE, Site, site, until, write_page

HANDSHAKE = (
    b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
SOCKET_IO = HANDSHAKE % b"/socket.io/?EIO=4&transport=websocket"


@pytest.fixture
async def here(static: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(bounded_uvicorn, "REQUEST_SECONDS", 0.3)
    monkeypatch.setattr(bounded_uvicorn, "STALL_SECONDS", 0.3)
    async with site(static) as running:
        yield running


def note_pauses(
    monkeypatch: pytest.MonkeyPatch,
    protocol: type[bounded_uvicorn.BoundedHttp] | type[bounded_uvicorn.BoundedWebSocket],
) -> list[object]:
    """Returns a list in which each connection appears whose peer does not read."""
    paused: list[object] = []
    pause: Callable[[object], None] = protocol.pause_writing  # type: ignore[assignment]

    def noting(self: object) -> None:
        paused.append(self)
        pause(self)

    monkeypatch.setattr(protocol, "pause_writing", noting)
    return paused


async def healthy(here: Site) -> None:
    async with here.http() as http:
        assert (await http.get("/healthz")).status_code == 200


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Returns what comes until the server closes."""
    with contextlib.suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), PATIENCE)
    return b""


def transport_of(writer: asyncio.StreamWriter) -> asyncio.Transport:
    """Returns the transport of a connection, which can stop reading."""
    assert isinstance(writer.transport, asyncio.Transport)
    return writer.transport


async def test_a_connection_that_says_nothing_is_closed(here: Site) -> None:
    reader, writer = await here.tcp()
    assert await rest(reader) == b""
    writer.close()


async def test_a_request_that_never_ends_is_closed(here: Site) -> None:
    reader, writer = await here.tcp()
    reading = asyncio.create_task(rest(reader))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
    while not reading.done():
        # One header at a time: the deadline is for all of them.
        writer.write(b"X: y\r\n")
        await asyncio.sleep(0.02)
    assert await reading == b""
    writer.close()


async def test_the_second_request_on_a_connection_has_a_deadline_too(here: Site) -> None:
    reader, writer = await here.tcp()
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"}"), PATIENCE)
    assert head.startswith(b"HTTP/1.1 200")
    writer.write(b"GET / HT")
    assert await rest(reader) == b""
    writer.close()


async def test_an_idle_connection_is_kept_between_requests(here: Site) -> None:
    reader, writer = await here.tcp()
    for _ in range(2):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await asyncio.wait_for(reader.readuntil(b"}"), PATIENCE)).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.4)  # More than the deadline of a request.
    assert not reader.at_eof()
    writer.close()


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"".join([b"GET / HTTP/1.1\r\nHost: x\r\n", *(b"X-%d: y\r\n" % number for number in range(10_000)), b"\r\n"]),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 100,
        b"\r\n" * 50_000,
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ],
    ids=["header", "path", "headers", "no host", "tls", "blank", "length", "negative"],
)
async def test_a_huge_or_broken_request_is_refused(here: Site, request_: bytes) -> None:
    reader, writer = await here.tcp()
    reading = asyncio.create_task(rest(reader))
    with contextlib.suppress(ConnectionError):
        writer.write(request_)
        await writer.drain()
    answer = await reading
    # Nothing at all, if the connection was reset while the rest was still on its way.
    assert answer == b"" or answer.split()[1] in (b"400", b"404", b"431")
    writer.close()
    await healthy(here)


@pytest.mark.parametrize("header", [b"Content-Length: 1000000000", b"Transfer-Encoding: chunked"])
async def test_a_body_is_refused_before_it_is_read(here: Site, header: bytes) -> None:
    reader, writer = await here.tcp()
    reading = asyncio.create_task(rest(reader))
    writer.write(b"POST /api/nonce HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n")
    sent = 0
    with contextlib.suppress(ConnectionError):
        while not reading.done() and sent < 100_000_000:
            writer.write(b"f\r\n" + b"x" * 15 + b"\r\n")
            await writer.drain()
            sent += 20
    assert (await reading).startswith((b"HTTP/1.1 413", b""))
    assert sent < 20_000_000
    writer.close()
    await healthy(here)


async def test_an_upgrade_that_cannot_be_parsed_again_is_closed(here: Site, caplog: pytest.LogCaptureFixture) -> None:
    lines = b"".join(b"X-%d: y\r\n" % number for number in range(1_000))
    reader, writer = await here.tcp()
    writer.write(SOCKET_IO[:-2] + lines + b"\r\n")
    assert not (await rest(reader)).startswith(b"HTTP/1.1 101")
    writer.close()
    await healthy(here)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "missing", [b"Sec-WebSocket-Version: 13\r\n", b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"]
)
async def test_half_a_handshake_is_refused(here: Site, missing: bytes) -> None:
    reader, writer = await here.tcp()
    writer.write(SOCKET_IO.replace(missing, b""))
    assert (await rest(reader)).startswith(b"HTTP/1.1 4")
    writer.close()


async def test_a_reader_that_stops_reading_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_uvicorn, "STALL_SECONDS", 0.3)
    (write_page(tmp_path) / "big.bin").write_bytes(bytes(32_000_000))
    async with site(tmp_path) as here:
        reader, writer = await here.tcp()
        transport_of(writer).pause_reading()
        writer.write(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(1)
        transport_of(writer).resume_reading()
        assert len(await rest(reader)) < 32_000_000
        writer.close()
        await healthy(here)


async def test_a_slow_reader_is_served_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_uvicorn, "STALL_SECONDS", 5)
    (write_page(tmp_path) / "big.bin").write_bytes(bytes(16_000_000))
    paused = note_pauses(monkeypatch, bounded_uvicorn.BoundedHttp)
    async with site(tmp_path) as here:
        reader, writer = await here.tcp()
        transport_of(writer).pause_reading()
        writer.write(b"GET /big.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await until(lambda: bool(paused))
        transport_of(writer).resume_reading()
        assert len(await rest(reader)) > 16_000_000
        writer.close()


async def test_a_channel_that_reads_slowly_is_served(static: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def pour(websocket: WebSocket) -> None:
        await websocket.accept()
        for _ in range(300):
            await websocket.send_bytes(bytes(60_000))
        await websocket.close()

    paused = note_pauses(monkeypatch, bounded_uvicorn.BoundedWebSocket)
    async with site(static, channel=pour) as here:
        reader, writer = await here.tcp()
        writer.write(HANDSHAKE % b"/channel")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        transport_of(writer).pause_reading()
        await until(lambda: bool(paused))
        transport_of(writer).resume_reading()
        await asyncio.wait_for(reader.readexactly(300 * 60_000), PATIENCE)
        writer.close()


async def test_a_channel_that_stops_reading_is_cut_off(static: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_uvicorn, "STALL_SECONDS", 0.3)
    ended = asyncio.Event()

    async def pour(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            while True:
                await websocket.send_bytes(bytes(60_000))
        finally:
            ended.set()

    async with site(static, channel=pour) as here:
        reader, writer = await here.tcp()
        writer.write(HANDSHAKE % b"/channel")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        transport_of(writer).pause_reading()
        await asyncio.wait_for(ended.wait(), PATIENCE)
        writer.close()


async def test_connections_beyond_the_limit_are_dropped_before_they_speak(
    static: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_uvicorn, "SPARE_CONNECTIONS", -490)
    async with site(static) as here:  # 1,000 - 490 answered, 20 admitted.
        pairs = [await here.tcp() for _ in range(60)]
        done = [asyncio.create_task(rest(reader)) for reader, _ in pairs]
        await until(lambda: sum(one.done() for one in done) >= 40)
        assert [one.result() for one in done if one.done()] == [b""] * 40
        for _, writer in pairs:
            writer.close()
        await asyncio.gather(*done)
        await healthy(here)

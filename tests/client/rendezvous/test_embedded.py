"""The server in the client's process."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
from websockets.asyncio.client import connect

from pando_client.channels.channel import WebSocketChannel
from pando_client.rendezvous.embedded import EmbeddedServer, MonitoringServer
from pando_shared.errors import PortBusy


async def test_a_volunteer_comes_by_websocket() -> None:
    over = asyncio.Event()

    async def attend(channel: WebSocketChannel) -> None:
        await channel.send(b"hello")
        frame = await channel.receive()
        assert frame is not None
        await channel.send(frame)
        await channel.close()
        over.set()

    server = EmbeddedServer(0)
    await server.start(attend)
    try:
        async with connect(f"ws://127.0.0.1:{server.port}/channel", proxy=None) as websocket:
            assert await websocket.recv() == b"hello"
            await websocket.send(b"frame")
            assert await websocket.recv() == b"frame"
            await asyncio.wait_for(over.wait(), 10)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as http:
            assert (await http.get("/api/config")).json()["channels"] == ["websocket", "webrtc"]
            assert (await http.get("/")).status_code == 200
    finally:
        await server.close()
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_each_has_a_secret_of_its_own() -> None:
    servers = [EmbeddedServer(0) for _ in range(3)]
    assert len({server.secret for server in servers}) == 3
    assert all(len(server.secret) >= 32 for server in servers)
    for server in servers:
        await server.close()


async def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for kind in (EmbeddedServer, MonitoringServer):
            with pytest.raises(PortBusy, match=f"port {port} is in use by another program"):
                kind(port)


async def test_a_connection_that_stays_does_not_keep_us() -> None:
    async def attend(channel: WebSocketChannel) -> None:
        while await channel.receive() is not None:
            continue

    server = EmbeddedServer(0)
    await server.start(attend)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    async with connect(f"ws://127.0.0.1:{server.port}/channel", proxy=None):
        await asyncio.wait_for(server.close(), 10)
    writer.close()
    assert await reader.read() == b""

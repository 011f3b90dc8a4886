"""The server in the client's process."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import connect

from pando_client.channels.websocket import WebSocketChannel
from pando_client.rendezvous import embedded
from pando_client.rendezvous.embedded import EmbeddedServer, volunteer_app
from pando_server.app import Server
from pando_shared.errors import PandoError, PortBusy


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
    await server.start(volunteer_app(server.settings, attend))
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
        with pytest.raises(PortBusy, match=f"port {port} is in use by another program"):
            EmbeddedServer(port)


async def test_a_connection_that_stays_does_not_keep_us() -> None:
    async def attend(channel: WebSocketChannel) -> None:
        while await channel.receive() is not None:
            continue

    server = EmbeddedServer(0)
    await server.start(volunteer_app(server.settings, attend))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    async with connect(f"ws://127.0.0.1:{server.port}/channel", proxy=None):
        await asyncio.wait_for(server.close(), 10)
    writer.close()
    assert await reader.read() == b""


async def test_a_server_that_ends_before_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    async def end(self: Server, sockets: object) -> None:
        return

    monkeypatch.setattr(Server, "serve", end)
    server = EmbeddedServer(0)
    with pytest.raises(PandoError, match="ended before it began"):
        await server.start(FastAPI())
    await server.close()


async def test_a_server_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "CLOSE_SECONDS", 0.5)  # its loop looks every 0.1 s
    ended = asyncio.Event()

    async def shut_down_for_ever(self: Server, sockets: object) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    monkeypatch.setattr(Server, "shutdown", shut_down_for_ever)
    server = EmbeddedServer(0)
    await server.start(FastAPI())
    await server.close()
    assert ended.is_set()

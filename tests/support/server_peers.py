"""A real server on loopback in the test's own loop, and the peers that talk to it: good ones and bad ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import socketio
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from pando_server.app import ServerSettings, create_app, server_for
from pando_server.relay.limits import Limits
from pando_server.relay.relay import Relay
from pando_shared.signaling import proof
from tests.support.secrets import KEY
from tests.support.secrets import SECRET as SECRET

PATIENCE = 10.0
"""Seconds until a test gives up on something that should happen at once."""


def write_page(directory: Path) -> Path:
    """Writes a volunteer page that is as good as built."""
    (directory / "index.html").write_text("<!doctype html><title>Pando</title>")
    (directory / "frame.html").write_text("<!doctype html><script>onmessage</script>")
    (directory / "page_frame.html").write_text("<!doctype html><body><script>born()</script></body>")
    (directory / "page.js").write_text("".join(f"console.log({number});\n" for number in range(500)))
    (directory / "crypto.js").write_text("export const holds = () => true;\n")
    (directory / "style.css").write_text("a{}")
    return directory


@dataclass
class Site:
    """A server that runs."""

    port: int
    app: FastAPI | None = None
    """None when it runs in another process."""
    end: Callable[[], Awaitable[float]] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def relay(self) -> Relay:
        assert self.app is not None
        relay: Relay = self.app.state.relay
        return relay

    async def stop(self) -> float:
        """Ends the server; returns how many seconds that took."""
        assert self.end is not None
        return await self.end()

    def http(self, **arguments: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, timeout=PATIENCE, **arguments)

    async def nonce(self) -> str:
        async with self.http() as http:
            nonce: str = (await http.get("/api/nonce")).json()["nonce"]
            return nonce

    async def login(self, job: str = "job", secret: str = SECRET, **more: Any) -> dict[str, Any]:
        """Returns the login of a client."""
        nonce = await self.nonce()
        login = {
            "protocol": 1,
            "version": "1",
            "nonce": nonce,
            "proof": proof(secret, nonce, job),
            "job": job,
            "key": KEY,
        }
        return {**login, **more}

    @contextlib.asynccontextmanager
    async def raw(self, query: str = "EIO=4&transport=websocket", **arguments: Any) -> AsyncIterator[Raw]:
        """Opens a WebSocket that says exactly what it is told."""
        url = f"ws://127.0.0.1:{self.port}/socket.io/?{query}"
        async with connect(url, open_timeout=PATIENCE, proxy=None, **arguments) as websocket:
            yield Raw(websocket)

    async def tcp(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@contextlib.asynccontextmanager
async def site(static: Path, *, limits: Limits | None = None, **arguments: Any) -> AsyncIterator[Site]:
    """Runs a server; checks at the end that its state is sound and that it ends within a second."""
    settings = ServerSettings(secret=SECRET, embedded=True)
    app = create_app(settings, static=static, limits=limits, **arguments)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    ready = asyncio.Event()
    server = server_for(app, settings, ready.set)
    serving = asyncio.create_task(server.serve(sockets=[listener]))

    async def stop() -> float:
        begin = asyncio.get_running_loop().time()
        server.should_exit = True
        await serving
        return asyncio.get_running_loop().time() - begin

    async with asyncio.timeout(PATIENCE):
        await ready.wait()
    running = Site(listener.getsockname()[1], app, stop)
    yield running
    running.relay.check()
    assert await stop() < 1.5


class Raw:
    """A peer that speaks Engine.IO by hand."""

    def __init__(self, websocket: ClientConnection) -> None:
        self.websocket = websocket

    async def send(self, message: str | bytes) -> None:
        await self.websocket.send(message)

    async def receive(self) -> str:
        """Returns the next message; pings are answered on the way."""
        while True:
            async with asyncio.timeout(PATIENCE):
                message = await self.websocket.recv()
            assert isinstance(message, str)
            if message != "2":
                return message
            await self.send("3")

    async def join(self, namespace: str = "/volunteer", auth: Any = None) -> str:
        """Connects to a namespace. Returns the server's reply."""
        if auth is None:
            auth = {"protocol": 1, "version": "", "job": None}
        assert (await self.receive()).startswith("0{")
        await self.send(f"40{namespace},{json.dumps(auth)}")
        return await self.receive()

    async def joined(self) -> Raw:
        """Becomes a volunteer that waits."""
        assert (await self.join()).startswith("40/volunteer,")
        assert await self.receive() == '42/volunteer,["waiting",{}]'
        return self

    async def offer(self, payload: Any, number: int = 1) -> None:
        await self.send(f'42/volunteer,{number}["offer",{json.dumps(payload)}]')

    async def ended(self) -> int:
        """Waits until the server closes. Returns the close code."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.receive()
        await self.websocket.wait_closed()
        return self.websocket.close_code or 0


class Client:
    """A well-behaved client of one job, on the real library."""

    def __init__(self, site: Site, answer: Any = None) -> None:
        self.site = site
        self.answer = {"sdp": "answer"} if answer is None else answer
        self.offers: list[dict[str, Any]] = []
        self.refusals: list[dict[str, Any]] = []
        self.left = asyncio.Event()
        self.socket = socketio.AsyncClient(reconnection=False)
        self.socket.on("offer", self._on_offer, namespace="/client")
        self.socket.on("connect_error", self._on_refused, namespace="/client")
        self.socket.on("disconnect", self._on_disconnect, namespace="/client")

    async def connect(self, login: dict[str, Any] | None = None) -> Client:
        login = login or await self.site.login()
        await self.socket.connect(self.site.url, auth=login, namespaces=["/client"], transports=["websocket"])
        return self

    async def report(self, count: int) -> None:
        await self.socket.emit("volunteers", {"count": count}, namespace="/client")

    async def close(self) -> None:
        await self.socket.disconnect()

    async def _on_offer(self, data: dict[str, Any]) -> Any:
        self.offers.append(data)
        return await self.answer() if callable(self.answer) else self.answer

    async def _on_refused(self, data: dict[str, Any]) -> None:
        self.refusals.append(data)

    async def _on_disconnect(self, reason: Any = None) -> None:
        self.left.set()


class Volunteer:
    """A well-behaved volunteer, on the real library."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.told: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.refusals: list[dict[str, Any]] = []
        self.socket = socketio.AsyncClient(reconnection=False)
        for event in ("waiting", "assigned"):
            self.socket.on(event, self._note(event), namespace="/volunteer")
        self.socket.on("connect_error", self._on_refused, namespace="/volunteer")

    async def connect(self, job: str | None = None, **login: Any) -> Volunteer:
        auth = {"protocol": 1, "version": "", "job": job, **login}
        await self.socket.connect(self.site.url, auth=auth, namespaces=["/volunteer"], transports=["websocket"])
        return self

    async def hear(self) -> tuple[str, Any]:
        """Returns the next event from the server."""
        async with asyncio.timeout(PATIENCE):
            return await self.told.get()

    async def offer(self, attempt: int = 1, sdp: str = "offer") -> Any:
        """Makes an offer. Returns its acknowledgement."""
        message = {"attempt": attempt, "sdp": sdp}
        return await self.socket.call("offer", message, namespace="/volunteer", timeout=PATIENCE)

    async def close(self) -> None:
        await self.socket.disconnect()

    def _note(self, event: str) -> Callable[[Any], Awaitable[None]]:
        async def note(data: Any) -> None:
            self.told.put_nowait((event, data))

        return note

    async def _on_refused(self, data: dict[str, Any]) -> None:
        self.refusals.append(data)


async def until(condition: Callable[[], bool]) -> None:
    """Waits until `condition` holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event to wait on
            await asyncio.sleep(0.01)

"""The server as one ASGI application: pages, a small JSON interface, Socket.IO, and a channel where one is offered."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from fastapi import FastAPI
from fastapi import Path as PathParameter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.websockets import WebSocket

from pando_server.http.api import READ, Channels, serve_api
from pando_server.http.bounded_uvicorn import Server, server_for
from pando_server.http.middleware import DefaultHeaders
from pando_server.http.pages import STATIC, Page, read_pages
from pando_server.http.policies import PAGE_POLICY
from pando_server.peers import TrustedProxies, foreign_origin
from pando_server.relay.limits import Limits
from pando_server.relay.relay import Relay
from pando_server.settings import ServerSettings
from pando_server.signaling.packet_filter import Receive, Send
from pando_server.signaling.sockets import Sockets
from pando_server.signaling.websocket_handshake import deny
from pando_shared import __version__
from pando_shared.signaling import JOB_PATTERN, IceServers

__all__ = ["ChannelHandler", "Server", "ServerSettings", "create_app", "server_for"]

ChannelHandler: TypeAlias = Callable[[WebSocket], Awaitable[None]]
"""Serves one data-plane channel over a WebSocket that is not accepted yet."""
JOB_NAME = re.compile(JOB_PATTERN)


def create_app(
    settings: ServerSettings,
    *,
    channel: ChannelHandler | None = None,
    static: Path | None = None,
    limits: Limits | None = None,
    clock: Callable[[], float] = time.monotonic,
    turn_servers: Callable[[str], IceServers] | None = None,
) -> FastAPI:
    """Returns the server, ready to be run by `server_for(app, settings)` or any ASGI server.

    Args:
        settings: what the operator set.
        channel: serves `WS /channel`; only a server inside a client's process has one.
        static: the directory of the built volunteer page, if not the one of the settings.
        limits: what is allowed, if not what the settings say.
        clock: seconds, monotonic.
        turn_servers: draws credentials of TURN servers for a user, if not as the settings say.

    Raises:
        PandoError: the volunteer page is not built.
    """
    pages = read_pages(static or settings.static or STATIC)
    relay = Relay(settings.secret.get_secret_value(), limits or settings.limits, salt=secrets.token_bytes(32))
    proxies = settings.proxies
    sockets = Sockets(relay, proxies, clock=clock, turn_servers=turn_servers or settings.turn_servers)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await sockets.shutdown()

    app = FastAPI(
        title="Pando", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.relay = relay
    app.state.sockets = sockets
    app.add_middleware(DefaultHeaders, policy=PAGE_POLICY)
    app.add_exception_handler(HTTPException, _as_plain_text)
    channels: Channels = ("websocket", "webrtc") if channel else ("webrtc",)
    serve_api(app, relay, proxies, channels, clock, lambda address: sockets.outdated(address, None))
    if channel is not None:
        _serve_channel(app, relay, proxies, channel, clock)

    async def socket_io(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await sockets(scope, receive, send)
        else:
            await PlainTextResponse("Socket.IO is spoken over WebSocket only", 400)(scope, receive, send)

    app.mount("/socket.io", socket_io)
    _serve_pages(app, pages)
    return app


def _serve_channel(
    app: FastAPI, relay: Relay, proxies: TrustedProxies, channel: ChannelHandler, clock: Callable[[], float]
) -> None:
    @app.websocket("/channel")
    async def serve(websocket: WebSocket) -> None:
        scope = websocket.scope
        if foreign_origin(scope, proxies) is not None:
            return await deny(scope, websocket.send, 403, "another site's page may not connect")
        # A channel is a connection like any other: it counts for the limits.
        socket = secrets.token_hex(8)
        peer = proxies.peer(scope)
        refused = relay.opened(socket, peer.address, clock(), loopback=peer.loopback).refused
        if refused is not None:
            return await deny(scope, websocket.send, 503, refused.text)
        try:
            await channel(websocket)
        finally:
            relay.closed(socket)
        return None


def _serve_pages(app: FastAPI, pages: Mapping[str, Page]) -> None:
    """Adds the pages, last: a file called `healthz` must not hide the route of that name."""
    index = pages["index.html"]
    # Whatever folder a proxy shows this server in, the page's files are beside the page, or in the folder above.
    of_job = index.seen_from_below()

    @app.api_route("/", methods=READ)
    async def front(request: Request) -> Response:
        return index.response(request)

    @app.api_route("/j/{name}", methods=READ)
    async def front_of_job(request: Request, name: Annotated[str, PathParameter()]) -> Response:
        if JOB_NAME.fullmatch(name) is None:
            raise HTTPException(404, "a job's name is 1 to 32 of a-z, 0-9 and -")
        return of_job.response(request)

    @app.api_route("/{name:path}", methods=READ)
    async def file(request: Request, name: str) -> Response:
        page = pages.get(name)
        if page is None:
            if name == "favicon.ico":
                return Response(status_code=204)
            raise HTTPException(404, "there is nothing here")
        return page.response(request)


async def _as_plain_text(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(str(error.detail), error.status_code, headers=error.headers)

"""uvicorn, with bounds where it has none.

uvicorn waits for ever for the end of a request's headers, and for a peer that does not read. Its limit of concurrency
does not count connections that have sent nothing yet.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from pando_server.http.middleware import MAX_HEADER
from pando_server.logs import library_logger
from pando_server.settings import ServerSettings
from pando_shared.limits import MAX_SIGNAL_BYTES

REQUEST_SECONDS = 10.0
"""From the connection, or the first byte of a further request, to the end of the request's headers."""
STALL_SECONDS = 20.0
"""A peer that has read nothing in this time, though there is something to read, is cut off."""
KEEP_ALIVE_SECONDS = 95
"""More than the idle limit of the usual proxies (Heroku's router: 90 s), so that they close first."""
SHUTDOWN_SECONDS = 2
"""Given to connections to close, once the server has been told to end."""
SPARE_CONNECTIONS = 256
"""HTTP connections, in addition to the sockets that the settings allow."""


class BoundedHttp(H11Protocol):
    """HTTP/1.1 with a deadline for headers, for readers that stall, and for connections beyond the limit."""

    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuses the connection when there are too many, before anything is read."""
        super().connection_made(transport)
        _send_at_once(transport)
        limit = self.limit_concurrency
        if limit is not None and len(self.connections) > limit + SPARE_CONNECTIONS:
            transport.abort()
            return
        self._deadline = self.loop.call_later(REQUEST_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Starts the deadline with the first byte of a request, and ends it with the last of its headers."""
        super().data_received(data)
        if self.transport.get_protocol() is not self or self.conn.their_state is not h11.IDLE:
            self._cancel()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Upgrades to the WebSocket's protocol. That one has limits of its own; a request above them is cut off."""
        super().handle_websocket_upgrade(event)
        upgraded = self.transport.get_protocol()
        if isinstance(upgraded, BoundedWebSocket) and not upgraded.handshake_initiated:
            self.transport.abort()

    def pause_writing(self) -> None:
        """The peer does not read."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The peer reads again."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the timers."""
        super().connection_lost(exc)
        self._cancel()
        if self._stalled is not None:
            self._stalled.cancel()

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket with a deadline for readers that stall."""

    _stalled: asyncio.TimerHandle | None = None

    async def send(self, message: Any) -> None:
        """Sends; a handshake that is refused with a response is complete, which uvicorn itself takes for an error."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def pause_writing(self) -> None:
        """The peer does not read."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The peer reads again."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the timers."""
        super().connection_lost(exc)
        if self._stalled is not None:
            self._stalled.cancel()


def _send_at_once(transport: asyncio.Transport) -> None:
    """Turns Nagle's algorithm off, which costs 40 ms a response.

    The event loop does it by itself only for sockets that were created with an explicit protocol number.
    """
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Server(uvicorn.Server):
    """uvicorn's server, which says when it is ready. `serve(sockets=[…])` runs it until `should_exit` is set."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_ready: Callable[[], None] = lambda: None,
        on_end: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_end = on_end

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leaves signals to the program: in a client's process they are the client's."""
        return nullcontext()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Begins to accept connections, and calls `on_ready`."""
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        """Calls `on_end`, while connections are still open, and closes them."""
        if self._on_end is not None:
            await self._on_end()
        await super().shutdown(sockets)


def server_for(app: Any, settings: ServerSettings, on_ready: Callable[[], None] = lambda: None) -> Server:
    """Returns a server for `app`; `on_ready` is called when it accepts connections."""
    library_logger("uvicorn.error")
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=BoundedHttp,
        # The other implementation on the same library is deprecated, and warns.
        ws=BoundedWebSocket,
        ws_max_size=MAX_SIGNAL_BYTES,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=MAX_HEADER,
        limit_concurrency=settings.max_sockets + SPARE_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        # `TrustedProxies` reads them: uvicorn believes the first entry, which any peer can write.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        workers=1,
        lifespan="on",
    )
    sockets = getattr(getattr(app, "state", None), "sockets", None)
    return Server(config, on_ready, sockets.say_closing if sockets is not None else None)

"""The server in the client's process, for volunteers of the local network. The only module that imports the server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from starlette.websockets import WebSocket

from pando_client.channels.channel import WebSocketChannel
from pando_server.app import Server, ServerSettings, create_app, server_for
from pando_shared import ports
from pando_shared.errors import PandoError

CLOSE_WITHIN = 1.0
"""Seconds that a connection may take to close: by then every volunteer was told goodbye, or does not listen."""


class EmbeddedServer:
    """Listens at a port of all interfaces; the secret is drawn at random and stays in the process.

    Args:
        port: 0 for any that is free.

    Raises:
        PortBusy: another program listens there.
        UsageError: this user may not open the port.
    """

    def __init__(self, port: int) -> None:
        self.secret = secrets.token_urlsafe(32)
        self._socket = ports.listen(ports.ALL_IPV4, port)
        self.port: int = self._socket.getsockname()[1]
        self._serving: asyncio.Task[None] | None = None
        self._server: Server | None = None

    async def start(self, attend: Callable[[WebSocketChannel], Awaitable[None]]) -> None:
        """Begins to serve; returns when connections are accepted.

        Args:
            attend: serves a volunteer that connects by WebSocket, until its end.
        """

        async def channel(websocket: WebSocket) -> None:
            await websocket.accept()
            await attend(WebSocketChannel(websocket))

        settings = ServerSettings(secret=self.secret, port=self.port, embedded=True)
        app = create_app(settings, channel=channel)
        self._server, self._serving = await serve(app, self._socket, settings)

    async def close(self) -> None:
        """Stops serving."""
        await stop(self._server, self._serving)
        self._socket.close()


class MonitoringServer:
    """Serves the monitoring page, at a port of its own. See `EmbeddedServer`."""

    def __init__(self, port: int) -> None:
        self._socket = ports.listen(ports.ALL_IPV4, port)
        self.port: int = self._socket.getsockname()[1]
        self._serving: asyncio.Task[None] | None = None
        self._server: Server | None = None

    async def start(self, app: Any) -> None:
        """Begins to serve the ASGI application `app`."""
        settings = ServerSettings(secret=secrets.token_urlsafe(32), port=self.port, embedded=True)
        self._server, self._serving = await serve(app, self._socket, settings)

    async def close(self) -> None:
        """Stops serving."""
        await stop(self._server, self._serving)
        self._socket.close()


async def serve(app: Any, listening: socket.socket, settings: ServerSettings) -> tuple[Server, asyncio.Task[None]]:
    """Runs `app` in this event loop; returns when it accepts connections."""
    ready = asyncio.Event()
    server = server_for(app, settings, ready.set)
    # Ctrl-C is the client's to handle: uvicorn must not take the signals of the whole process.
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if serving.done():
        serving.result()
        raise PandoError("the server in this process ended before it began")
    return server, serving


async def stop(server: Server | None, serving: asyncio.Task[None] | None) -> None:
    """Ends what `serve` began, within `CLOSE_WITHIN` seconds."""
    if server is None or serving is None:
        return
    server.should_exit = True
    done, _ = await asyncio.wait({serving}, timeout=CLOSE_WITHIN)
    if not done:
        server.force_exit = True
        serving.cancel()
        await asyncio.wait({serving}, timeout=CLOSE_WITHIN)


@contextlib.contextmanager
def _no_signals() -> Iterator[None]:
    yield

"""A server in the client's process, for volunteers of the local network. The only module that imports the server."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from starlette.websockets import WebSocket

from pando_client.channels.websocket import WebSocketChannel
from pando_server.app import Server, ServerSettings, create_app, server_for
from pando_shared import ports
from pando_shared.errors import PandoError

CLOSE_SECONDS = 1.0
"""Time that a connection may take to close: by then every volunteer was told goodbye, or does not listen."""


class EmbeddedServer:
    """Listens at a port of all interfaces and serves one application there.

    Args:
        port: 0 for any that is free.
        secret: of the application; drawn at random by default, so that it stays in the process.

    Raises:
        PortBusy: another program listens there.
        UsageError: this user may not open the port.
    """

    def __init__(self, port: int, secret: str | None = None) -> None:
        self._sockets = ports.listen_everywhere(ports.EVERYWHERE, port)
        self.port: int = self._sockets[0].getsockname()[1]
        self.secret = secrets.token_urlsafe(32) if secret is None else secret
        self.settings = ServerSettings(secret=self.secret, port=self.port, embedded=True)
        self._server: Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self, app: FastAPI) -> None:
        """Runs `app` in this event loop; returns when it accepts connections."""
        ready = asyncio.Event()
        self._server = server_for(app, self.settings, ready.set)
        for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._serving = asyncio.create_task(self._server.serve(sockets=self._sockets))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self._serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._serving.done():
            self._serving.result()
            raise PandoError("the server in this process ended before it began")

    async def close(self) -> None:
        """Stops serving, within twice `CLOSE_SECONDS`, and frees the port."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            done, _ = await asyncio.wait({self._serving}, timeout=CLOSE_SECONDS)
            if not done:
                self._server.force_exit = True
                self._serving.cancel()
                await asyncio.wait({self._serving}, timeout=CLOSE_SECONDS)
        for listener in self._sockets:
            listener.close()


def volunteer_app(settings: ServerSettings, attend: Callable[[WebSocketChannel], Awaitable[object]]) -> FastAPI:
    """Returns the server's application, to which volunteers connect by WebSocket too.

    Args:
        settings: of the `EmbeddedServer` that will run it.
        attend: serves a volunteer that connects by WebSocket, until its end.
    """

    async def channel(websocket: WebSocket) -> None:
        await websocket.accept()
        await attend(WebSocketChannel(websocket))

    return create_app(settings, channel=channel)

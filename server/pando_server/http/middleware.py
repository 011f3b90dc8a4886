"""The outermost layer: headers of every response, requests that no route takes, and errors that nothing caught."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pando_server.logs import LogLimiter, log
from pando_server.peers import header
from pando_shared.text import printable

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}

MAX_HEADER = 16 * 1024
"""Bytes of path and headers. The HTTP parser has this limit too, but only for a request in several pieces."""


class DefaultHeaders:
    """ASGI middleware: adds the headers that protect a response, where it has none of its own.

    It also refuses requests with a body or with too long headers, and turns an error of the application into a plain
    response of status 500.

    Args:
        app: the application.
        policy: the Content-Security-Policy of responses without one.
    """

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._defaults = {**HEADERS, "content-security-policy": policy, "cache-control": "no-store"}
        self._log_limiter = LogLimiter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request or WebSocket."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self._defaults.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["type"] == "http":
            if _has_body(scope):
                return await _plain(send_with_headers, 413, "no request here has a body")
            if len(scope["raw_path"]) + sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER:
                return await _plain(send_with_headers, 431, "the headers are too long")
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - the last boundary before the ASGI server
            if self._log_limiter.due(type(error).__name__, ""):
                log.error("%s failed: %s", printable(scope["path"], 60), type(error).__name__)
            if scope["type"] == "http" and not started:
                await _plain(send_with_headers, 500, "an error of the server")
        return None


def _has_body(scope: Scope) -> bool:
    length = header(scope, b"content-length")
    return length not in (None, "0") or header(scope, b"transfer-encoding") is not None


async def _plain(send: Send, status: int, text: str) -> None:
    """Responds and closes the connection: what else comes in on it is not read."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})

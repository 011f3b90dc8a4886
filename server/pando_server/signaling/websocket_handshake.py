"""The WebSocket handshake: which one is for Socket.IO, and how one is refused."""

from __future__ import annotations

from urllib.parse import parse_qs

from pando_server.peers import Scope
from pando_server.signaling.packet_filter import Send


def asks_for_socket_io(scope: Scope) -> bool:
    """Returns whether a handshake asks for a new Engine.IO 4 session over WebSocket: nothing else is served."""
    try:
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=16)
    except ValueError:
        return False
    return query.get("EIO") == ["4"] and query.get("transport") == ["websocket"] and not query.keys() & {"sid", "j"}


async def deny(scope: Scope, send: Send, status: int, text: str) -> None:
    """Refuses a handshake with an HTTP response of this `status` (ASGI, Websocket Denial Response)."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        return await send({"type": "websocket.close", "code": 1008})
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": text.encode()})
    return None

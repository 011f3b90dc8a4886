"""A STUN server (RFC 8489) and a TURN server (RFC 8656) on loopback, as far as clients ask at the start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aioice import stun
from aioice.turn import make_integrity_key

REALM = "test"
NONCE = b"nonce"


class Stun(asyncio.DatagramProtocol):
    """Answers after `delay` seconds, and not the first `skip` requests."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.skip = 0
        self.address = ("", 0)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.address = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.skip -= 1
        if self.skip < 0:
            response = self.respond(stun.parse_message(data), address)
            asyncio.get_running_loop().call_later(self.delay, self._send, bytes(response), address)

    def _send(self, data: bytes, address: tuple[str, int]) -> None:
        if not self.transport.is_closing():
            self.transport.sendto(data, address)

    def respond(self, request: stun.Message, address: tuple[str, int]) -> stun.Message:
        """Returns the response to a request."""
        response = stun.Message(request.message_method, stun.Class.RESPONSE, request.transaction_id)
        response.attributes["XOR-MAPPED-ADDRESS"] = address[:2]
        return response


class Turn(Stun):
    """A TURN server that gives its one user allocations, which lead nowhere."""

    def __init__(self, username: str, password: str) -> None:
        super().__init__()
        self.allocated = 0
        self.released = 0
        self.error: tuple[int, str] | None = None
        """The answer to a user who is let in, if it is no allocation."""
        self._username = username
        self._key = make_integrity_key(username, REALM, password)

    def respond(self, request: stun.Message, address: tuple[str, int]) -> stun.Message:
        """Returns the response to a request."""
        if request.attributes.get("USERNAME") != self._username or not request.check_message_integrity(self._key):
            refused = stun.Message(request.message_method, stun.Class.ERROR, request.transaction_id)
            refused.attributes["ERROR-CODE"] = (401, "Unauthorized")
            refused.attributes["REALM"] = REALM
            refused.attributes["NONCE"] = NONCE
            return refused
        if self.error is not None:
            refused = stun.Message(request.message_method, stun.Class.ERROR, request.transaction_id)
            refused.attributes["ERROR-CODE"] = self.error
            refused.add_message_integrity(self._key)
            return refused
        response = super().respond(request, address)
        response.attributes["LIFETIME"] = request.attributes.get("LIFETIME", 600)
        if request.message_method == stun.Method.ALLOCATE:
            self.allocated += 1
            response.attributes["XOR-RELAYED-ADDRESS"] = ("192.0.2.7", 50_000)
        elif response.attributes["LIFETIME"] == 0:
            self.released += 1
        response.add_message_integrity(self._key)
        return response


@asynccontextmanager
async def _serving(server: Any, host: str) -> AsyncIterator[Any]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: server, local_addr=(host, 0))
    try:
        yield protocol
    finally:
        transport.close()


@asynccontextmanager
async def stun_server(host: str = "127.0.0.1") -> AsyncIterator[Stun]:
    """Serves STUN."""
    async with _serving(Stun(), host) as server:
        yield server


@asynccontextmanager
async def turn_server(username: str, password: str, host: str = "127.0.0.1") -> AsyncIterator[Turn]:
    """Serves TURN over UDP."""
    async with _serving(Turn(username, password), host) as server:
        yield server

"""Whether a STUN server answers (RFC 8489), asked once at the start.

aiortc gathers candidates for each answer, and waits five seconds for a STUN server that does not answer: better to
know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aioice import stun

from pando_shared.signaling import IceServer

PROBE_SECONDS = 1.5
"""Time that a server has for its response."""
REPEAT_SECONDS = 0.4
"""Time after which a request is sent again, since a packet may be lost."""
DEFAULT_PORT = 3478


class _Probe(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answered = asyncio.Event()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.answered.set()


async def without_silent(servers: Sequence[IceServer]) -> list[IceServer]:
    """Returns `servers` without the STUN servers that do not answer within `PROBE_SECONDS`."""
    silent = await asyncio.gather(*(_is_silent(server) for server in servers))
    return [server for server, is_silent in zip(servers, silent, strict=True) if not is_silent]


async def _is_silent(server: IceServer) -> bool:
    if not server.urls.startswith("stun:"):
        return False
    where = server.urls.removeprefix("stun:")
    host, _, port = where.rpartition(":") if not where.endswith("]") else ("", "", where)
    if not host:
        host, port = port, str(DEFAULT_PORT)
    host = host.strip("[]")
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return not await _answers(host, int(port))
    except (OSError, ValueError, OverflowError, TimeoutError):  # OverflowError: a port above 65535
        return True


async def _answers(host: str, port: int) -> bool:
    loop = asyncio.get_running_loop()
    transport, probe = await loop.create_datagram_endpoint(_Probe, remote_addr=(host, port))
    try:
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        while not probe.answered.is_set():
            transport.sendto(bytes(request))
            try:
                async with asyncio.timeout(REPEAT_SECONDS):
                    await probe.answered.wait()
            except TimeoutError:
                continue
        return True
    finally:
        transport.close()

"""Which STUN servers (RFC 8489) and TURN servers (RFC 8656) can be used, asked once at the start.

One that does not answer, or does not let us in, is left out of the connections of this client, so that no answer waits
for it. Volunteers get all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aioice import stun, turn
from aiortc.rtcicetransport import parse_stun_turn_uri

from pando_client import console
from pando_client.channels.aiortc_tuning import ipv6_urls  # noqa: F401 - so that aiortc understands them
from pando_client.channels.aiortc_tuning.gathering import answered
from pando_shared.signaling import IceServer
from pando_shared.text import printable

PROBE_SECONDS = 1.5
"""Time that a STUN server has for its response."""
REPEAT_SECONDS = 0.4
"""Time after which a request is sent again, since a packet may be lost."""
TURN_PROBE_SECONDS = 3.0
"""Time that a TURN server has: several requests, and a TLS handshake before them."""
REFUSALS = {
    401: "refuses the user name or password",
    403: "does not let this machine in",
    437: "refuses an allocation",
    438: "refuses the user name or password",
    441: "refuses the user name or password",
    486: "has no room for another allocation of this user",
    508: "has no room for another allocation",
}
"""What codes of TURN mean (RFC 8656, 18.6)."""


@dataclass(frozen=True, slots=True)
class _Server:
    """Where a URL leads: host and port as aiortc takes them."""

    scheme: str
    address: tuple[str, int]
    transport: str


class _Probe(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answered = asyncio.Event()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.answered.set()


async def without_silent(servers: Sequence[IceServer]) -> list[IceServer]:
    """Returns `servers` without those that do not answer, or do not let us in; of TURN servers it is said."""
    usable = await asyncio.gather(*(_is_usable(server) for server in servers))
    return [server for server, is_usable in zip(servers, usable, strict=True) if is_usable]


async def _is_usable(server: IceServer) -> bool:
    where = _parsed(server.urls)
    if where is None or where.scheme == "stuns":
        return False  # aiortc takes no notice of STUN over TLS, and fails with what is malformed
    if where.scheme == "stun":
        return await _is_stun_server(where.address)
    problem = await _problem_of_turn(server, where)
    if problem is not None:
        console.say(f"pando: the TURN server {printable(server.urls, 200)} {problem}: this client does without it")
    return problem is None


def _parsed(urls: str) -> _Server | None:
    try:
        found = parse_stun_turn_uri(urls)
        address = found["host"], int(found["port"])
    except (ValueError, KeyError):
        return None
    if not 0 < address[1] < 65536:
        return None
    return _Server(found["scheme"], address, found.get("transport") or "udp")


async def _is_stun_server(address: tuple[str, int]) -> bool:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            # Whatever is there of IPv4 and IPv6, in the system's order.
            transport, probe = await loop.create_datagram_endpoint(_Probe, remote_addr=address)
            try:
                answered(address, await _ask(transport, probe))
            finally:
                transport.close()
    except (OSError, UnicodeError, TimeoutError):
        return False
    return True


async def _ask(transport: asyncio.DatagramTransport, probe: _Probe) -> float:
    """Returns the seconds that the answer to one request took."""
    loop = asyncio.get_running_loop()
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    while True:
        asked = loop.time()
        transport.sendto(bytes(request))
        try:
            async with asyncio.timeout(REPEAT_SECONDS):
                await probe.answered.wait()
                return loop.time() - asked
        except TimeoutError:
            continue


async def _problem_of_turn(server: IceServer, where: _Server) -> str | None:
    """Returns what is wrong with a TURN server; None if it gives us an allocation."""
    try:
        async with asyncio.timeout(TURN_PROBE_SECONDS):
            transport, _ = await turn.create_turn_endpoint(
                asyncio.DatagramProtocol,
                server_addr=where.address,
                username=server.username,
                password=server.credential,
                ssl=where.scheme == "turns" or None,
                transport=where.transport,
            )
    except stun.TransactionFailed as error:
        code = error.response.attributes.get("ERROR-CODE", (0, ""))[0]
        return REFUSALS.get(code, f"refuses (code {code})")
    except (OSError, UnicodeError, TimeoutError, stun.TransactionError):
        return "does not answer"
    except Exception:  # noqa: BLE001 - aioice lets errors of any class pass when what answers is no TURN server
        return "does not answer as a TURN server does"
    transport.close()  # in the background; it ends with the run, if that is short
    return None

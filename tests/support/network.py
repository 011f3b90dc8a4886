"""Networks between volunteers and a client: a cable that can be cut, and a distance that delays or loses packets.

`cable` relays TCP on loopback. `distance` is for what a tab and a client say to each other over WebRTC.

The page's offer is stripped of its addresses, so that the client cannot reach it; those in the client's answer are
replaced by that of a relay of UDP packets on loopback. So every packet of both directions goes through the relay, which
passes each on when its time has come, if at all. The engine does not know: it has the connection that it negotiated.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import BrowserContext

Address = tuple[str, int]

REDIRECT = """
(() => {
  const { RTCPeerConnection } = globalThis;
  const local = Object.getOwnPropertyDescriptor(RTCPeerConnection.prototype, "localDescription").get;
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    get localDescription() {
      const { type, sdp } = local.call(this);
      return { type, sdp: sdp.replaceAll(/^a=candidate:.*\\r\\n/gm, "") };
    }
    async setRemoteDescription({ type, sdp }) {
      return await super.setRemoteDescription({ type, sdp: await throughRelay(sdp) });
    }
  };
})();
"""


class _End(asyncio.DatagramProtocol):
    """One side of a relay: passes what it gets on through the other side, late."""

    def __init__(self, distance: Distance, peer: Address | None = None) -> None:
        self.other: _End
        self._distance = distance
        self._peer = peer
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    @property
    def port(self) -> int:
        return int(self._transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._peer = self._peer or addr  # the first who speaks is the page
        if not self._distance.is_black_hole:
            asyncio.get_running_loop().call_later(self._distance.delay, self.other.pass_on, data)

    def pass_on(self, data: bytes) -> None:
        if self._peer is not None and not self._transport.is_closing():
            self._transport.sendto(data, self._peer)

    def close(self) -> None:
        self._transport.close()


class Distance:
    """Relays for all connections of a browser context.

    Args:
        delay: seconds that a packet takes, each way.
    """

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.is_black_hole = False
        """Whether every packet is lost, with no word to anybody."""
        self._ends: list[_End] = []

    async def through_relay(self, sdp: str) -> str:
        """Returns the client's answer with a relay's address in place of its own."""
        candidates = re.findall(r"^a=candidate:\S+ 1 udp \d+ (127\.0\.0\.1) (\d+) typ host.*$", sdp, re.M | re.I)
        assert candidates, f"no candidate on loopback: {sdp}"
        address, port = candidates[0]
        near, far = await self._end(None), await self._end((address, int(port)))
        near.other, far.other = far, near
        without = re.sub(r"^a=(candidate:|end-of-candidates).*\r?\n", "", sdp, flags=re.M)
        candidate = f"candidate:1 1 udp 2130706431 127.0.0.1 {near.port} typ host"
        return without.rstrip("\r\n") + f"\r\na={candidate}\r\na=end-of-candidates\r\n"

    async def _end(self, peer: Address | None) -> _End:
        loop = asyncio.get_running_loop()
        _, end = await loop.create_datagram_endpoint(lambda: _End(self, peer), local_addr=("127.0.0.1", 0))
        self._ends.append(end)
        return end

    def close(self) -> None:
        """Ends all relays."""
        for end in self._ends:
            end.close()


@asynccontextmanager
async def distance(context: BrowserContext, round_trip: float = 0.0) -> AsyncIterator[Distance]:
    """Adds `round_trip` seconds to every round trip of the context's peer connections, while the block runs."""
    relays = Distance(round_trip / 2)
    await context.expose_function("throughRelay", relays.through_relay)
    await context.add_init_script(REDIRECT)
    try:
        yield relays
    finally:
        relays.close()


class Cable:
    """A TCP relay on loopback in front of a server: a network that can be cut and mended."""

    def __init__(self, to: str) -> None:
        self._to = int(to.rpartition(":")[2])
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """The address that volunteers open."""
        return f"http://127.0.0.1:{self._port}"

    async def mend(self) -> None:
        """Lets connections through."""
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Breaks all connections and refuses new ones."""
        if self._server is not None:
            self._server.close()
        for end in list(self._ends):
            end.transport.abort()
        await asyncio.sleep(0)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._ends.discard(writer)
            writer.close()


@asynccontextmanager
async def cable(to: str) -> AsyncIterator[Cable]:
    """Puts a `Cable` in front of the server at the URL `to`."""
    relay = Cable(to)
    await relay.mend()
    try:
        yield relay
    finally:
        await relay.cut()

"""How aiortc's SCTP sends: fewer acknowledgements, and no more data under way than a browser nearby can hold.

aiortc acknowledges each packet of data by itself, which costs both ends a packet. And it lets its congestion window
grow until something is lost, as it should over a network; but a browser on the same machine or network loses what its
socket's buffer cannot hold.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiortc.rtcsctptransport import RTCSctpTransport

MAX_ACKNOWLEDGED_PACKETS = 4
"""Packets that one acknowledgement answers at most: a browser sends no more than four for each that it gets."""
WINDOW_BYTES = 54_000
"""45 packets. Chromium asks for 64 KiB, of which Linux keeps 56 datagrams of any size up to a full packet."""
NEARBY_SECONDS = 0.02
"""Round trip up to which all that is under way may lie in that buffer; over longer ways it is on the way."""


def acknowledge_together(transport: RTCSctpTransport) -> None:
    """Lets `transport` acknowledge packets together that it takes in one turn of the event loop.

    A packet that comes alone is acknowledged in the same turn, as before; one behind a gap, or a second time, at once
    (RFC 9260, 6.2 and 6.7: a sender is to hear of losses without delay).
    """
    transport._send_sack = _Acknowledgements(transport).owe  # type: ignore[method-assign]


class _Acknowledgements:
    """The acknowledgements that one transport owes."""

    def __init__(self, transport: RTCSctpTransport) -> None:
        self._transport = transport
        self._send_sack = transport._send_sack
        self._owed = 0
        self._sending: asyncio.Task[None] | None = None

    async def owe(self) -> None:
        """Takes the place of `_send_sack`, which aiortc calls after each packet of data."""
        transport = self._transport
        self._owed += 1
        if self._owed >= MAX_ACKNOWLEDGED_PACKETS or transport._sack_misordered or transport._sack_duplicates:
            await self._send()
            return
        transport._sack_needed = False
        if self._owed == 1:
            asyncio.get_running_loop().call_soon(self._send_rest)

    async def _send(self) -> None:
        self._owed = 0
        await self._send_sack()

    def _send_rest(self) -> None:
        if self._owed:
            self._sending = asyncio.ensure_future(self._send_quietly())

    async def _send_quietly(self) -> None:
        try:
            await self._send()
        except Exception:  # noqa: BLE001 - DTLS or the socket may have ended since; the channel hears of it
            return


def keep_within_a_browsers_buffer(transport: RTCSctpTransport) -> None:
    """Bounds the congestion window of `transport` as long as its round trip is short."""
    transport._transmit = _BoundedWindow(transport).transmit  # type: ignore[method-assign]


class _BoundedWindow:
    """The congestion window of one transport."""

    def __init__(self, transport: RTCSctpTransport) -> None:
        self._transport: Any = transport
        self._transmit = transport._transmit

    async def transmit(self) -> None:
        """Takes the place of `_transmit`, with which aiortc sends as much as the window allows."""
        transport = self._transport
        if transport._cwnd > WINDOW_BYTES and transport._srtt is not None and transport._srtt < NEARBY_SECONDS:
            transport._cwnd = WINDOW_BYTES
        await self._transmit()

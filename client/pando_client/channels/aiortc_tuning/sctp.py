"""Fewer acknowledgements from aiortc, which sends one for each packet of data: each costs both ends a packet."""

from __future__ import annotations

import asyncio

from aiortc.rtcsctptransport import RTCSctpTransport

PACKETS = 4
"""Packets that one acknowledgement answers at most: a browser sends no more than four for each that it gets."""
_OVERRIDDEN = ("_send_sack", "_sack_needed", "_sack_misordered", "_sack_duplicates")


def acknowledge_together(transport: RTCSctpTransport) -> None:
    """Lets `transport` answer packets together that it takes in one turn of the event loop.

    A packet that comes alone is answered in the same turn, as before; one behind a gap, or a second time, at once (RFC
    9260, 6.2 and 6.7: a sender is to hear of losses without delay). Where aiortc has changed within, nothing is done.
    """
    if all(hasattr(transport, name) for name in _OVERRIDDEN):
        transport._send_sack = _Acknowledgements(transport).owe  # type: ignore[method-assign]


class _Acknowledgements:
    def __init__(self, transport: RTCSctpTransport) -> None:
        self._transport = transport
        self._send_sack = transport._send_sack
        self._owed = 0
        self._sending: asyncio.Task[None] | None = None

    async def owe(self) -> None:
        """Takes the place of `_send_sack`, which aiortc calls after each packet of data."""
        transport = self._transport
        self._owed += 1
        if self._owed >= PACKETS or transport._sack_misordered or transport._sack_duplicates:
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
        except Exception:  # noqa: BLE001 - DTLS or the socket may have ended since; whoever reads there hears of it
            return

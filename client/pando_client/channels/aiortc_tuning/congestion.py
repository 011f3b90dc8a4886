"""No more under way to a volunteer nearby than its browser's socket can hold: what comes on top is lost."""

from __future__ import annotations

from typing import Any

from aiortc.rtcsctptransport import RTCSctpTransport

WINDOW = 54_000
"""Bytes: 45 packets. Chromium asks for 64 KiB, of which Linux keeps 56 datagrams of any size up to a full packet."""
NEARBY = 0.02
"""Seconds of round trip up to which all that is under way may lie in that buffer; over longer ways it is on the way."""
_USED = ("_transmit", "_cwnd", "_srtt")


def keep_within_a_browsers_buffer(transport: RTCSctpTransport) -> None:
    """Bounds the congestion window of aiortc, which grows until something is lost, as it should over a network."""
    if not all(hasattr(transport, name) for name in _USED):
        return
    within: Any = transport
    transmit = within._transmit

    async def transmit_within_window() -> None:
        if within._cwnd > WINDOW and within._srtt is not None and within._srtt < NEARBY:
            within._cwnd = WINDOW
        await transmit()

    within._transmit = transmit_within_window

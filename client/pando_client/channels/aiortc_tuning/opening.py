"""Who speaks first when a connection opens: the volunteer, so that nothing is said to an end that is not listening yet.

aiortc speaks as soon as ICE is done at this end, and the other end may not be. What it says then is lost, and said
again after 1 s (DTLS, by OpenSSL) or 3 s (SCTP). What comes early to us is kept. With volunteers in Deno (werift) both
happened: of ten that joined at once half took a second longer.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from aiortc.rtcsctptransport import RTCSctpTransport

INIT_AFTER_SECONDS = 1.0
"""Time from the end of DTLS after which we begin: browsers and werift do so at once, but they need not."""


def let_the_volunteer_begin(transport: RTCSctpTransport, offered_role: str) -> None:
    """Makes our end of a connection, which is to answer an offer, the DTLS server (RFC 8842, 5.3), and slow with INIT.

    Args:
        transport: of a connection with the offer set.
        offered_role: the DTLS role of the offer in aiortc's words: `auto`, `client`, or `server`, which gets its will.
    """
    if offered_role != "server":
        transport.transport._set_role("server")
    transport._init = _LateInit(transport).schedule  # type: ignore[method-assign]


class _LateInit:
    """The INIT of one SCTP transport: sent only when the other end has not begun. Both may begin (RFC 8841, 9.3)."""

    def __init__(self, transport: RTCSctpTransport) -> None:
        self._transport: Any = transport
        self._send_init = transport._init
        self._sending: asyncio.Task[None] | None = None

    async def schedule(self) -> None:
        """Takes the place of `_init`, which aiortc calls when DTLS is done."""
        asyncio.get_running_loop().call_later(INIT_AFTER_SECONDS, self._start)

    def _start(self) -> None:
        # Kept, because asyncio itself has only weak references to tasks.
        self._sending = asyncio.ensure_future(self._send_unless_begun())

    async def _send_unless_begun(self) -> None:
        transport = self._transport
        if transport._association_state is RTCSctpTransport.State.CLOSED and transport.state == "connecting":
            with contextlib.suppress(ConnectionError):  # it has ended meanwhile
                await self._send_init()

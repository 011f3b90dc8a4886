"""Who speaks first when a connection opens: the volunteer, so that nothing is said to an end that is not listening yet.

aiortc speaks as soon as ICE is done at this end, and the other end may not be. What it says then is lost, and said
again after 1 s (DTLS, by OpenSSL) or 3 s (SCTP). What comes early to us is kept. With volunteers in Deno (werift) both
happened: of ten that joined at once half took a second longer.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from aiortc import RTCPeerConnection
from aiortc.rtcsctptransport import RTCSctpTransport

PATIENCE = 1.0
"""Seconds from the end of DTLS, after which we begin: browsers and werift do so at once, but they need not."""


def let_the_volunteer_begin(connection: RTCPeerConnection, offered: str) -> None:
    """Makes our end of a connection, which is to answer an offer, the DTLS server (RFC 8842, 5.3), and slow with INIT.

    Where aiortc has changed within, nothing is done.

    Args:
        connection: with the offer set.
        offered: the DTLS role of the offer in aiortc's words: `auto`, `client`, or `server`, which gets its will.
    """
    sctp: Any = connection.sctp
    if not all(hasattr(sctp, name) for name in ("_init", "_association_state")):
        return
    if offered != "server":
        sctp.transport._set_role("server")
    # Both ends may begin an association (RFC 8841, 9.3).
    begin, tasks = sctp._init, set()

    async def begin_if_nobody_has() -> None:
        if sctp._association_state is RTCSctpTransport.State.CLOSED and sctp.state == "connecting":
            with contextlib.suppress(ConnectionError):  # it has ended meanwhile
                await begin()

    def patience_ends() -> None:
        # asyncio itself keeps only weak references to tasks.
        task = asyncio.ensure_future(begin_if_nobody_has())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def begin_later() -> None:
        asyncio.get_running_loop().call_later(PATIENCE, patience_ends)

    sctp._init = begin_later

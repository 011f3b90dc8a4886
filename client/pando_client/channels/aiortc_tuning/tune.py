"""The only door to what is overridden of aiortc; behind it is one check of all of it.

aiortc offers no hooks for any of this, so its private names are used. When the installed aiortc lacks one of them,
nothing is overridden: a connection works as aiortc alone has it, and the user is told once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aioice.ice
from aiortc import RTCPeerConnection

from pando_client import console
from pando_client.channels.aiortc_tuning.datagrams import DatagramSender
from pando_client.channels.aiortc_tuning.opening import let_the_volunteer_begin
from pando_client.channels.aiortc_tuning.sctp import acknowledge_together, keep_within_a_browsers_buffer

REQUIRED = {
    "sctp": (
        # acknowledge_together
        "_send_sack",
        "_sack_needed",
        "_sack_misordered",
        "_sack_duplicates",
        # keep_within_a_browsers_buffer
        "_transmit",
        "_cwnd",
        "_srtt",
        # let_the_volunteer_begin
        "_init",
        "_association_state",
    ),
    "dtls": (
        # let_the_volunteer_begin
        "_set_role",
        # DatagramSender
        "_write_ssl",
        "_send_data",
        "_ssl",
        "_state",
        "_task",
    ),
    "ice": ("_connection",),
    "ice connection": ("_nominated",),
    "aioice": (
        "get_host_addresses",  # gather_loopback
        # gathering
        "server_reflexive_candidate",
        "relayed_candidate",
    ),
}
"""The names that are used of each part of a connection, and that aiortc and aioice do not promise."""

_told: set[str] = set()


def tune(connection: RTCPeerConnection, offered_role: str, ended: Callable[[], object]) -> DatagramSender | None:
    """Has aiortc open a connection without losing time, and do with fewer packets and system calls.

    Args:
        connection: with one data channel and the offer set; it is not answered yet.
        offered_role: the DTLS role of the offer in aiortc's words: `auto`, `client` or `server`.
        ended: called when nothing can be sent any more.

    Returns:
        What has to be closed after the connection; None where the installed aiortc cannot be tuned.
    """
    sctp = connection.sctp
    assert sctp is not None
    missing = missing_names(connection)
    if missing:
        text = f"this aiortc has no {', '.join(missing)}: nothing of it is tuned, WebRTC channels will be slower"
        if text not in _told:
            _told.add(text)
            console.say(f"pando: {text}")
        return None
    let_the_volunteer_begin(sctp, offered_role)
    acknowledge_together(sctp)
    keep_within_a_browsers_buffer(sctp)
    return DatagramSender(sctp.transport, ended)


def missing_names(connection: RTCPeerConnection) -> list[str]:
    """Returns which of the `REQUIRED` names the parts of a connection lack."""
    sctp = connection.sctp
    dtls = getattr(sctp, "transport", None)
    ice = getattr(dtls, "transport", None)
    parts: dict[str, Any] = {
        "sctp": sctp,
        "dtls": dtls,
        "ice": ice,
        "ice connection": getattr(ice, "_connection", None),
    }
    parts["aioice"] = aioice.ice
    return [name for part, names in REQUIRED.items() for name in names if not hasattr(parts[part], name)]

"""What several tests of the server's sockets check, and the limits under which they need not wait."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest
import socketio

from pando_server.relay.limits import Limits
from tests.support.server_peers import Client, Site, Volunteer

HASTY = Limits(sockets_per_address=1_000, join_seconds=0.3, answer_seconds=0.2)
"""As usual, for tests that would have to wait."""


async def undisturbed(here: Site) -> None:
    """Checks that the server still brings a client and a volunteer together."""
    login = await here.login("undisturbed")
    client, volunteer = await Client(here).connect(login), await Volunteer(here).connect("undisturbed")
    assert (await volunteer.hear())[0] == "assigned"
    assert await volunteer.offer() == {"attempt": 1, "sdp": "answer"}
    await volunteer.close()
    await client.close()


async def refused(connecting: Awaitable[object]) -> None:
    """Checks that the server refuses a login."""
    with pytest.raises(socketio.exceptions.ConnectionError):
        await connecting

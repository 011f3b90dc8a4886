"""A server for the tests of sockets: one for each file, and one for each test that counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from pando_server.relay.limits import Limits
from tests.support.server_checks import HASTY
from tests.support.server_peers import Client, Site, Volunteer, site, until


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(static: Path) -> AsyncIterator[Site]:
    """One server for all tests that do not count."""
    generous = Limits(sockets_per_address=1_000, nonce_burst=10_000, login_failure_burst=10_000)
    async with site(static, limits=generous) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def here(running: Site) -> AsyncIterator[Site]:
    """The server, with nobody there; the test must leave nobody there either."""
    yield running
    await until(lambda: repr(running.relay) == "<Relay [0 jobs, 0 volunteers, 0 waiting, 0 sockets]>")
    running.relay.check()


@pytest.fixture(autouse=True)
def short_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused peers have less time to go."""
    monkeypatch.setattr("pando_server.signaling.packet_filter.LEAVE_SECONDS", 0.2)


@pytest_asyncio.fixture(loop_scope="module")
async def hasty(static: Path) -> AsyncIterator[Site]:
    async with site(static, limits=HASTY) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def usual(static: Path) -> AsyncIterator[Site]:
    async with site(static) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def pair(here: Site) -> AsyncIterator[tuple[Client, Volunteer]]:
    """A client and a volunteer that was assigned to it."""
    client, volunteer = await Client(here).connect(), await Volunteer(here).connect()
    assert await volunteer.hear() == ("assigned", {"job": "job", "relay": False, "ice_servers": []})
    yield client, volunteer
    await volunteer.close()
    await client.close()

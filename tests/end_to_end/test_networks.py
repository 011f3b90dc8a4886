"""Volunteers and clients in networks of their own, between which lies a router, and what firewalls do to that."""

from pathlib import Path

import pytest

from tests.support.functions import squared, squares
from tests.support.on_hosts import Site, site, turn_url
from tests.support.programs import Client

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ITEMS = range(1, 101)


async def assert_exact(client: Client) -> None:
    """The client ends well, and its output is what it should be."""
    assert await client.ends() == 0, client
    assert client.lines == squared(ITEMS)


async def test_volunteers_of_other_networks_are_reached_directly(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        place, here, tab, fox, deno = await at.hosts("server", "client", "tab", "fox", "deno")
        server = await at.server(place)
        client = await at.client(here, squares(tmp_path), server.url, "--stdin")
        await at.volunteer(deno, server.url, "Deno")
        await at.tab(tab, server.url)
        await at.firefox(fox, server.url)
        for device in ("Deno", "Tab", "Firefox"):
            await client.says(rf"{device} joined .*\(webrtc\)")
        await client.feed(ITEMS)
        await assert_exact(client)

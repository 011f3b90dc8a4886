"""Every kind of volunteer over every kind of channel: the output is exact, in order, and the exit status 0."""

from pathlib import Path

import pytest

from tests.support import browsers
from tests.support.browsers import Chromium, firefox
from tests.support.functions import squared, squares
from tests.support.programs import Client, pando, pando_server, pando_volunteer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ITEMS = range(1, 101)


async def assert_exact(client: Client) -> None:
    """The client ends well, and its output is what it should be."""
    assert await client.ends() == 0, client
    assert client.lines == squared(ITEMS)


async def test_chromium_over_webrtc_through_a_server(browser: Chromium, tmp_path: Path) -> None:
    async with pando_server() as server, pando(squares(tmp_path), ITEMS, server=server) as client:
        tab = await browser.open(server.url)
        await assert_exact(client)
        assert client.said(r"joined with \d+ cores? \(webrtc\)") == 1
        await tab.state("done")
        assert await tab.items() == len(ITEMS)


async def test_chromium_that_hides_its_addresses_over_webrtc(tmp_path: Path) -> None:
    async with (
        browsers.chromium(tmp_path / "profile") as browser,
        pando_server() as server,
        pando(squares(tmp_path), ITEMS, server=server) as client,
    ):
        await browser.open(server.url)
        await assert_exact(client)
        assert client.said(r"\(webrtc\)") == 1


async def test_chromium_over_websocket_to_the_client_itself(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ITEMS) as client:
        tab = await browser.open(client.url)
        await assert_exact(client)
        assert client.said(r"joined with \d+ cores? \(websocket\)") == 1
        await tab.state("done")


async def test_chromium_over_webrtc_to_the_client_itself(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ITEMS) as client:
        await browser.open(client.url, protocol="webrtc")
        await assert_exact(client)
        assert client.said(r"joined with \d+ cores? \(webrtc\)") == 1


async def test_firefox_over_webrtc_through_a_server(tmp_path: Path) -> None:
    async with (
        pando_server() as server,
        pando(squares(tmp_path), ITEMS, server=server) as client,
        firefox(server.url, tmp_path / "profile"),
    ):
        await assert_exact(client)
        assert client.said(r"Firefox joined with \d+ cores? \(webrtc\)") == 1


async def test_firefox_over_websocket_to_the_client_itself(tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ITEMS) as client, firefox(client.url, tmp_path / "profile"):
        await assert_exact(client)
        assert client.said(r"Firefox joined with \d+ cores? \(websocket\)") == 1


async def test_a_volunteer_without_a_browser_over_webrtc_through_a_server(tmp_path: Path) -> None:
    async with (
        pando_server() as server,
        pando(squares(tmp_path), ITEMS, server=server) as client,
        pando_volunteer(server.url, "--device=Deno", "--cores=2"),
    ):
        await assert_exact(client)
        assert client.said(r"Deno joined with 2 cores \(webrtc\)") == 1


async def test_a_volunteer_without_a_browser_over_websocket(tmp_path: Path) -> None:
    async with (
        pando(squares(tmp_path), ITEMS) as client,
        pando_volunteer(client.url, "--device=Deno", "--cores=2"),
    ):
        await assert_exact(client)
        assert client.said(r"Deno joined with 2 cores \(websocket\)") == 1


async def test_the_clients_own_machine_together_with_a_browser(browser: Chromium, tmp_path: Path) -> None:
    items = range(1, 301)
    async with pando(squares(tmp_path), items, "--start-idle=false") as client:
        tab = await browser.open(client.url)
        assert await client.ends() == 0, client
        assert client.lines == squared(items)
        await tab.state("done")
        assert 0 < await tab.items() < len(items)


async def test_all_kinds_at_once(browser: Chromium, tmp_path: Path) -> None:
    items = range(1, 601)
    async with pando(squares(tmp_path), items) as client:
        first = await browser.open(client.url, "One")
        second = await browser.open(client.url, "Two", "webrtc")
        async with pando_volunteer(client.url, "--device=Three", "--cores=1", "--protocol=webrtc"):
            assert await client.ends() == 0, client
        assert client.lines == squared(items)
        assert await first.items() > 0
        assert await second.items() > 0
        assert client.said(r"Three joined with 1 core \(webrtc\)") == 1

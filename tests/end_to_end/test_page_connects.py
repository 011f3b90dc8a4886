"""What the page says while it connects and cannot, and where it goes when its client is gone."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.support.browsers import Chromium
from tests.support.functions import squared, squares
from tests.support.network import distance
from tests.support.programs import pando, pando_server, pando_volunteer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ITEMS = range(1, 21)
NO_WAY = "No direct connection to the client came about"


class RefusingTurn(asyncio.DatagramProtocol):
    """A TURN server that knows no user: each request is answered with 401 (RFC 8489, section 9.2.4)."""

    REALM, NONCE, ERROR_CODE = 0x0014, 0x0015, 0x0009
    UNAUTHORIZED = b"\0\0\x04\x01Unauthorized"

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        kind = int.from_bytes(data[:2])
        attributes = [(self.ERROR_CODE, self.UNAUTHORIZED), (self.REALM, b"test"), (self.NONCE, b"12345678")]
        body = b"".join(
            number.to_bytes(2) + len(value).to_bytes(2) + value + b"\0" * (-len(value) % 4)
            for number, value in attributes
        )
        error = (kind | 0x0110).to_bytes(2) + len(body).to_bytes(2) + data[4:20] + body
        self._transport.sendto(error, addr)


@asynccontextmanager
async def refusing_turn() -> AsyncIterator[int]:
    """Runs such a server on loopback; yields its port."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(RefusingTurn, local_addr=("127.0.0.1", 0))
    try:
        yield int(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


SEEN = """
globalThis.seen = [];
addEventListener("DOMContentLoaded", () => {
  const status = document.getElementById("status");
  const observer = new MutationObserver(() => {
    seen.push([document.body.dataset.state, status.textContent, status.getBoundingClientRect().height]);
  });
  observer.observe(status, { childList: true, characterData: true, subtree: true });
});
"""
"""Keeps all that the status has said, with the height that it took."""


async def test_a_page_without_udp_says_why_for_as_long_as_it_tries(browser: Chromium, tmp_path: Path) -> None:
    """And what a TURN server has against it."""
    async with (
        refusing_turn() as port,
        pando_server() as server,
        pando(squares(tmp_path), ITEMS, f"--ice-servers=turn:user:wrong@127.0.0.1:{port}", server=server),
    ):
        tab = await browser.open("about:blank", None)
        async with distance(tab.page.context) as network:
            network.is_black_hole = True
            await tab.page.add_init_script(SEEN)
            await tab.page.goto(f"{server.url}/#device=Test;")
            await expect(tab.page.locator("#status")).to_contain_text(NO_WAY, timeout=30_000)
            first = await tab.text("#status")
            assert await tab.page.evaluate("document.body.dataset.state") == "connecting"
            said = (
                f"{NO_WAY}: the TURN server 127.0.0.1:{port} refuses the user name or password that the job gives. "
                "Trying again…"
            )
            assert first == said
            # The next attempt has begun, and the reason stays until something comes of it.
            network.is_black_hole = False
            await tab.state("working")
            seen = await tab.page.evaluate("seen")
            texts = [text for _, text, _ in seen]
            reasons = texts[texts.index(said) : next(at for at, text in enumerate(texts) if text.startswith("Loading"))]
            assert {*reasons} == {said}, texts
            assert len({height for _, _, height in seen}) == 1, f"nothing else on the page has moved: {seen}"
            assert NO_WAY not in await tab.text("#status")
            lines = await tab.page.locator("#log li").all_text_contents()
            assert sum(NO_WAY in line for line in lines) == 1, lines


@pytest.mark.parametrize("context", ["worker", "page"])
async def test_workers_that_may_not_start_are_said_on_both_sides(
    browser: Chromium, tmp_path: Path, context: str
) -> None:
    async with pando(squares(tmp_path), None, f"--context={context}") as client:
        tab = await browser.open("about:blank", None, cores=2)

        async def without_workers(route: Route) -> None:
            response = await route.fetch()
            policy = response.headers["content-security-policy"].replace("worker-src blob:", "worker-src 'none'")
            await route.fulfill(response=response, headers={**response.headers, "content-security-policy": policy})

        frame = "page_frame" if context == "page" else "frame"
        await tab.page.route(f"**/{frame}.html", without_workers)
        await tab.page.goto(f"{client.url}#device=Test;")
        await tab.state("unable", within=20)
        assert (await tab.text("#status")).startswith("Workers cannot start here: blocked by policy.")
        await client.says("Test cannot load the function: workers cannot start here: blocked by policy", within=5)


async def test_a_frame_that_does_not_load_is_said_on_both_sides(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), None) as client:
        tab = await browser.open("about:blank", None, cores=2)
        await tab.page.route("**/frame.html", lambda route: route.abort("blockedbyclient"))
        await tab.page.goto(f"{client.url}#device=Test;")
        why = "orkers cannot start here: the frame in which they run does not load, perhaps blocked by policy"
        await tab.state("unable", within=60)
        assert why in await tab.text("#status")
        await client.says(why, within=5)


async def test_an_idle_page_goes_to_a_client_that_was_killed_and_started_again(
    browser: Chromium, tmp_path: Path
) -> None:
    function = squares(tmp_path)
    async with pando_server() as server, pando(function, None, server=server) as client:
        tab = await browser.open(server.url, "Tab")
        async with pando_volunteer(server.url, "--device=Process", "--cores=1") as process:
            await client.says("Tab joined")
            await client.says("Process joined")
            client.signal(signal.SIGKILL)
            killed = time.monotonic()
            async with pando(function, None, server=server) as fresh:
                await fresh.says("Tab joined", within=15)
                await fresh.says("Process joined", within=15)
                assert time.monotonic() - killed < 12, "two heartbeats, and the way there"
                await fresh.feed(ITEMS)
                assert await fresh.ends() == 0, fresh
                assert fresh.lines == squared(ITEMS)
            silent = "Nothing is heard any more from the client of job"
            await process.says(f"{silent} .* Asking the server where to go…")
            lines = await tab.page.locator("#log li").all_text_contents()
            assert any(silent in line for line in lines), lines


async def test_an_idle_page_whose_client_only_slept_stays(browser: Chromium, tmp_path: Path) -> None:
    async with pando_server() as server, pando(squares(tmp_path), None, server=server) as client:
        tab = await browser.open(server.url, "Tab")
        await client.says("Tab joined")
        client.signal(signal.SIGSTOP)
        await expect(tab.page.locator("#status")).to_contain_text("Nothing is heard any more", timeout=10_000)
        client.signal(signal.SIGCONT)
        await tab.state("working")
        await client.feed(ITEMS)
        assert await client.ends() == 0, client
        assert client.lines == squared(ITEMS)

"""Functions and surroundings that are hard on a browser: the tab survives them, and the run is exact.

Tabs and browsers that vanish are in `test_vanishing`, what happens to many of them at random in `test_chaos_browsers`.
"""

import re
from pathlib import Path

import pytest
from playwright.async_api import Route

from tests.support import browsers
from tests.support.browsers import Chromium, Tab
from tests.support.functions import module, squared, squares
from tests.support.programs import pando, pando_server, pando_volunteer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ITEMS = range(1, 101)
HARD = 50
"""The item on which the function does something special."""


def hard(folder: Path, body: str) -> Path:
    """Writes a function that squares, and on one item does something else."""
    return module(folder, f"if (x === '{HARD}') {{ {body} }}; setTimeout(() => cb(null, String(x * x)), 5)")


async def test_a_million_messages_of_a_function(browser: Chromium, tmp_path: Path) -> None:
    flood = "for (let i = 0; i < 1e6; i++) postMessage({ note: 'crashed', text: 'forged' })"
    async with pando(hard(tmp_path, flood), ITEMS) as client:
        tab = await browser.open(client.url)
        assert await client.ends() == 0, client
        assert client.lines == squared(ITEMS)
        assert await tab.items() == len(ITEMS)
        assert client.said("Test joined") == 1
        assert "forged" not in await tab.text("#log")


STEALS_PORT = """
Object.defineProperty(MessageEvent.prototype, 'data', { get() {
  this.target.postMessage({ note: 'crashed', text: 'forged' });
  return { order: 'none' };
} });
const { apply } = Reflect;
Function.prototype.call = function (...given) {
  if (given[0] instanceof MessageEvent) given[0].target.postMessage({ note: 'crashed', text: 'forged' });
  return apply(this, given[0], given.slice(1));
};
"""


async def test_a_function_that_would_speak_for_its_slot(browser: Chromium, tmp_path: Path) -> None:
    async with pando(hard(tmp_path, STEALS_PORT), ITEMS, "--batch-size=1") as client:
        tab = await browser.open(client.url)
        assert await client.ends() == 0, client
        assert client.lines == squared(ITEMS)
        assert "forged" not in await tab.text("#log")


async def test_four_gigabytes_at_once(browser: Chromium, tmp_path: Path) -> None:
    """It depends on the machine whether it gets them; if not, it is the error of that item."""
    body = "const big = new Uint8Array(4 * 2 ** 30); big[big.length - 1] = 1; return cb(null, String(big.length))"
    async with pando(hard(tmp_path, body), ITEMS, "--on-error=skip", "--retries=1") as client:
        await browser.open(client.url)
        status = await client.ends()
        expected = squared(ITEMS)
        if status == 0:
            expected[HARD - 1] = str(4 * 2**30)
        else:
            del expected[HARD - 1]
        assert client.lines == expected
        assert client.said("Test joined") == 1


async def test_memory_that_runs_out_costs_the_item_and_not_the_tab(tmp_path: Path) -> None:
    body = "const kept = []; for (;;) kept.push(new Array(100_000).fill(Math.random()));"
    async with (
        browsers.chromium(tmp_path / "profile", browsers.OPEN_ADDRESSES, "--js-flags=--max-old-space-size=64") as small,
        pando(hard(tmp_path, body), ITEMS, "--on-error=skip", "--retries=1", "--batch-size=5") as client,
    ):
        await small.open(client.url)
        assert await client.ends(within=60) == 1, client
        assert client.lines == squared([item for item in ITEMS if item != HARD])
        assert client.said("Test joined") == 1  # the page itself lived on


async def test_a_hidden_page_goes_on(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path, 5), None, "--batch-size=1") as client:
        tab = await browser.open(client.url)
        await client.says("Test joined")
        await hide(tab)
        await client.feed(range(1, 1001))
        assert await client.ends() == 0, client
        assert client.lines == squared(range(1, 1001))
        assert client.said("Test joined") == 1
        assert client.said("nothing is heard") == 0


async def hide(tab: Tab) -> None:
    """Tells the page that nobody sees it."""
    await tab.page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { get: () => true });
          Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )


async def test_a_page_that_is_suspended_leaves_well_and_comes_back(browser: Chromium, tmp_path: Path) -> None:
    items = range(1, 401)
    async with pando(squares(tmp_path, 10), None, "--heartbeat=60000", "--batch-size=5") as client:
        tab = await browser.open(client.url, "Phone")
        async with pando_volunteer(client.url, "--device=Other", "--cores=1"):
            await client.says("Other joined")
            await client.says("Phone joined")
            await client.feed(items)
            await client.prints(40)
            # What a phone says before it suspends a page, and when it wakes; a page that is visible is never suspended.
            await tab.page.evaluate("document.dispatchEvent(new Event('freeze')); 0")
            await client.says("Phone left", within=5)
            await client.prints(len(client.lines) + 40)
            await tab.page.evaluate("document.dispatchEvent(new Event('resume')); 0")
            await client.says("Phone joined", times=2)
            assert await client.ends() == 0, client
        assert client.lines == squared(items)


async def test_a_page_that_goes_offline_keeps_a_channel_that_lives(browser: Chromium, tmp_path: Path) -> None:
    """The browser's word for it is not believed: what counts is whether anything comes. See also `test_page`."""
    async with pando(squares(tmp_path, 10), range(1, 301)) as client:
        tab = await browser.open(client.url, protocol="webrtc")
        await tab.has_done(10)
        await tab.page.context.set_offline(True)
        await tab.has_done(await tab.items() + 50)
        await tab.page.context.set_offline(False)
        assert await client.ends() == 0, client
        assert client.lines == squared(range(1, 301))
        assert client.said("Test joined") == 1


async def test_a_browser_without_webrtc_says_so_in_time(browser: Chromium, tmp_path: Path) -> None:
    async with pando_server() as server, pando(squares(tmp_path), ITEMS, server=server):
        tab = await open_changed(browser, server.url, "delete globalThis.RTCPeerConnection")
        await tab.state("unable", within=30)
        assert "RTCPeerConnection" in await tab.text("#status")


async def test_a_browser_without_webrtc_works_on_the_local_network(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ITEMS) as client:
        await open_changed(browser, client.url, "delete globalThis.RTCPeerConnection")
        assert await client.ends() == 0, client
        assert client.lines == squared(ITEMS)


async def open_changed(browser: Chromium, url: str, script: str) -> Tab:
    """Opens the page in a tab in which a script has run before it."""
    tab = await browser.open("about:blank", device=None)
    await tab.page.add_init_script(script)
    await tab.page.goto(f"{url}#device=Test;")
    return tab


@pytest.mark.parametrize("newer", ["server", "client"])
async def test_an_old_page_says_what_is_wrong(browser: Chromium, tmp_path: Path, newer: str) -> None:
    """A tab that was open when the server, or the client behind it, was replaced by one of another version."""

    async def older(route: Route) -> None:
        response = await route.fetch()
        body = await response.text()
        # Where it looks at the server's version, and at the client's.
        body, places = re.subn(r"protocol!==2|(?<=\w)!==2(?=\)throw)", lambda found: found[0][:-1] + "0", body)
        assert places == 2
        await route.fulfill(response=response, body=body)

    async def same(route: Route) -> None:
        response = await route.fetch()
        await route.fulfill(response=response, json=await response.json() | {"protocol": 0})

    async with pando(squares(tmp_path), ITEMS) as client:
        tab = await browser.open("about:blank", device=None)
        await tab.page.route("**/page.js", older)
        if newer == "client":
            await tab.page.route("**/api/config*", same)
        await tab.page.goto(f"{client.url}#device=Old;")
        await tab.state("unable")
        says = "another version: reload this page" if newer == "server" else "version 2 of the protocol"
        assert says in await tab.text("#status")
        await browser.open(client.url, "New")
        assert await client.ends() == 0, client
        assert client.lines == squared(ITEMS)
        assert client.said("Old joined") == 0

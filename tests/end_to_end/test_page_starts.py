"""What the page says when its script does not start, and that its controls work whatever the browser forbids."""

import asyncio
import shutil
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from pando_server.http.pages import STATIC
from tests.support import browsers
from tests.support.bidi import REMOTE, looking_into
from tests.support.browsers import Chromium
from tests.support.functions import squares
from tests.support.machine import eventually
from tests.support.programs import pando
from tests.support.server_peers import site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ENDLESS = range(1, 100_001)
NOT_STARTED = "This page has not started"


async def blocked(route: Route) -> None:
    """As a content blocker does."""
    await route.abort("blockedbyclient")


async def broken(route: Route) -> None:
    """As an old browser sees a script that it cannot parse."""
    await route.fulfill(content_type="text/javascript", body="const a = b ??||= 1;")


async def throwing(route: Route) -> None:
    """As an old browser runs a script that uses what it has not."""
    await route.fulfill(content_type="text/javascript", body="document.body.nothing.of.the.kind();")


async def test_a_script_that_does_not_start_is_said_by_the_page_itself(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ENDLESS) as client:
        tabs = []
        for script in (blocked, broken, throwing):
            tabs.append(await browser.open("about:blank", None))
            await tabs[-1].page.route("**/page.js", script)
            await tabs[-1].page.goto(client.url)
        for tab in tabs:
            await expect(tab.page.locator("#not-started")).to_be_visible(timeout=15_000)
            text = await tab.page.inner_text("body")
            assert (NOT_STARTED in text, "content blocker" in text, "turned off" in text) == (True, True, False)


async def test_without_scripts_the_page_says_so(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ENDLESS) as client:
        tab = await browser.open(client.url, None, java_script_enabled=False)
        text = await tab.page.inner_text("#not-started")
        assert "JavaScript, which is turned off" in text
        assert "content blocker" not in text


async def test_a_page_that_starts_never_shows_it(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ENDLESS) as client:
        tab = await browser.open("about:blank", None)

        # A slow script: the page waits a moment before it complains.
        async def late(route: Route) -> None:
            await asyncio.sleep(0.5)
            await route.continue_()

        await tab.page.route("**/page.js", late)
        await tab.page.goto(client.url, wait_until="commit")
        await expect(tab.page.locator("#not-started")).to_be_hidden()
        await tab.state("asking")
        await expect(tab.page.locator("#not-started")).to_have_count(0)
        assert tab.problems == []


SHOWN = "document.getElementById('not-started')?.checkVisibility({ visibilityProperty: true }) === true"


async def test_firefox_says_so_too(tmp_path: Path) -> None:
    shutil.copytree(STATIC, tmp_path / "static")
    (tmp_path / "static" / "page.js").write_text("const a = b ??||= 1;")
    async with (
        site(STATIC) as whole,
        site(tmp_path / "static") as old,
        browsers.firefox("about:blank", tmp_path / "profile", flags=(REMOTE,)) as program,
        looking_into(program) as tab,
    ):

        async def asks() -> bool:
            return bool(await tab.evaluate("document.body?.dataset.state") == "asking")

        async def says() -> bool:
            return bool(await tab.evaluate(f"location.port === '{port}' && {SHOWN}"))

        await tab.go(whole.url)
        await eventually(asks, "the page asks for a name")
        assert await tab.evaluate("document.getElementById('not-started') === null")
        port = old.port
        await tab.go(old.url)
        await eventually(says, "the page says that its script cannot be read")
        port = whole.port
        await tab.block("/page.js")
        await tab.go(f"{whole.url}/?again")
        await eventually(says, "the page says that its script was kept away")


REFUSES = """
(() => {
  const { replaceState } = history;
  history.replaceState = (...given) => {
    globalThis.calls = (globalThis.calls ?? 0) + 1;
    if (globalThis.calls > 1 && !globalThis.calm) throw new DOMException("100 times per 30 seconds", "SecurityError");
    return replaceState.apply(history, given);
  };
})();
"""


async def test_a_slider_works_while_the_browser_refuses_new_addresses(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ENDLESS) as client:
        tab = await browser.open("about:blank", None, cores=3)
        await tab.page.add_init_script(REFUSES)
        await tab.page.goto(f"{client.url}#device=Test;")
        await tab.state("working")
        for cores in ("2", "1", "3", "2", "1"):
            await tab.page.fill("#slots", cores)

        async def lends_one() -> bool:
            return [row["slots"] for row in (await client.status())["volunteers"]] == [1]

        await eventually(lends_one, "one core is lent")
        assert "cores=1;" not in tab.page.url
        await tab.page.evaluate("globalThis.calm = true")
        await tab.page.wait_for_url("**cores=1;*")
        assert tab.problems == []

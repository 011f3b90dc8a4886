"""Items that end tabs, where frames share the page's process as they do on phones, or the page of a function."""

from pathlib import Path

import pytest

from tests.support import browsers
from tests.support.browsers import Chromium
from tests.support.functions import module, squared
from tests.support.network import cable
from tests.support.programs import pando

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ITEMS = range(1, 61)
DEADLY = 7
EATS = "const kept = []; for (;;) kept.push(new Array(100_000).fill(Math.random()))"
TOGETHER = "--disable-features=IsolateSandboxedIframes,WebRtcHideLocalIpsWithMdns"
LITTLE_MEMORY = "--js-flags=--max-old-space-size=64"


def deadly(folder: Path) -> Path:
    return module(folder, f"if (x === '{DEADLY}') {{ {EATS} }} setTimeout(() => cb(null, String(x * x)), 10)")


async def test_an_item_that_ends_whole_tabs_fails_and_all_others_are_done(tmp_path: Path) -> None:
    async with (
        browsers.chromium(tmp_path / "profile", TOGETHER, LITTLE_MEMORY) as browser,
        pando(deadly(tmp_path), None, "--on-error=skip", "--heartbeat=500") as client,
    ):
        for number in range(5):
            await browser.open(client.url, f"Tab_{number}", ("websocket", "webrtc")[number % 2], cores=2)
            await client.says(f"Tab {number} joined")
        await client.feed(ITEMS)
        assert await client.ends() == 1, client
        assert client.lines == squared([item for item in ITEMS if item != DEADLY])
        sentence = rf"pando: item {DEADLY} \({DEADLY}\) ended 3 volunteers that worked on it \(on Tab \d, "
        assert client.said(sentence) == 1
        assert client.said("left .* while it was working on") >= 3


async def test_an_item_that_ends_the_page_of_a_function_fails(tmp_path: Path) -> None:
    async with (
        browsers.chromium(tmp_path / "profile", browsers.OPEN_ADDRESSES, LITTLE_MEMORY) as browser,
        pando(deadly(tmp_path), ITEMS, "--context=page", "--on-error=skip", "--retries=1") as client,
    ):
        await browser.open(client.url)
        assert await client.ends() == 1, client
        assert client.lines == squared([item for item in ITEMS if item != DEADLY])
        assert client.said(rf"pando: the function failed on item {DEADLY} \({DEADLY}\), once: the worker crashed") == 1
        assert client.said("joined") == 1


async def test_a_tab_that_loses_its_network_again_and_again_makes_no_item_fail(
    browser: Chromium, tmp_path: Path
) -> None:
    function = module(tmp_path, "setTimeout(() => cb(null, String(x * x)), 1500)")
    async with pando(function, [3], "--on-error=skip", "--no-speculate") as client, cable(client.url) as line:
        tab = await browser.open(line.url, "Phone", "websocket", cores=1)
        for losses in range(1, 5):
            await client.says("Phone joined", times=losses)
            await line.cut()
            await client.says("Phone left .* while it was working on item 1", times=losses)
            await line.mend()
            # The browser says that the network is back, and the page need not wait for its next try.
            await tab.page.context.set_offline(True)
            await tab.page.context.set_offline(False)
        assert await client.ends() == 0, client
        assert client.lines == ["9"]

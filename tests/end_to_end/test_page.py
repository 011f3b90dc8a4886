"""The volunteer page as its owner sees it: what it asks, what it says, what its buttons do."""

import signal
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.async_api import expect

from tests.support.browsers import Chromium, Tab
from tests.support.functions import module, squared, squares
from tests.support.machine import eventually, free_port
from tests.support.network import cable
from tests.support.programs import pando, pando_server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ENDLESS = range(1, 100_001)
"""More items than any of these tests waits for."""


async def standstill(tab: Tab) -> int:
    """Waits until the number of items done does not grow any more, and returns it."""
    last = -1

    async def same() -> bool:
        nonlocal last
        before, last = last, await tab.items()
        await tab.page.wait_for_timeout(300)
        return before == last == await tab.items()

    await eventually(same, "a standstill")
    return last


async def test_it_asks_for_a_name_once(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ENDLESS) as client:
        tab = await browser.open(client.url, device=None)
        await tab.state("asking")
        await expect(tab.page.locator("#device-form")).to_be_visible()
        assert client.said("joined") == 0  # nothing is computed before somebody agrees
        await tab.page.fill("#device-name", "My old phone")
        await tab.page.click("#start")
        await tab.state("working")
        await client.says(r"My old phone joined")
        await expect(tab.page.locator("#device-form")).to_be_hidden()
        assert "device=My_old_phone;" in tab.page.url

        await tab.page.reload()
        await tab.state("working")
        await client.says("My old phone joined", times=2)

        # The bare address, as it was typed the first time: the name is remembered.
        await tab.page.goto("about:blank")
        await tab.page.goto(client.url)
        await tab.state("working")
        await client.says("My old phone joined", times=3)


SEEN = """
() => new Promise((resolve) => {
  const seen = ([{ isIntersecting }]) => resolve(isIntersecting);
  new IntersectionObserver(seen).observe(document.querySelector('#frame'));
})
"""


async def test_the_frame_counts_as_seen_wherever_the_page_is_scrolled_to(browser: Chromium, tmp_path: Path) -> None:
    # Browsers hold back the timers of a frame that nobody can see, and with them what workers have said.
    async with pando(squares(tmp_path), ENDLESS) as client:
        tab = await browser.open(client.url)
        await tab.state("working")
        await tab.page.set_viewport_size({"width": 320, "height": 240})
        assert await tab.page.evaluate(SEEN)
        await tab.page.evaluate("scrollTo(0, document.body.scrollHeight)")
        assert await tab.page.evaluate("scrollY") > 0
        assert await tab.page.evaluate(SEEN)


async def test_without_a_name_the_browser_is_named(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ENDLESS) as client:
        tab = await browser.open(client.url, device=None)
        await tab.page.press("#device-name", "Enter")
        await tab.state("working")
        await client.says(r"Chrome \d+ on Linux joined")
        assert client.said("joined") == 1


async def test_underscores_in_the_address_are_spaces(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ENDLESS) as client:
        await browser.open(client.url, device="My_old_phone")
        await client.says(r"My old phone joined")
        assert client.said("My_old_phone") == 0


@pytest.mark.parametrize("protocol", ["websocket", "webrtc"])
async def test_it_pauses_and_resumes(browser: Chromium, tmp_path: Path, protocol: str) -> None:
    async with pando(squares(tmp_path), ENDLESS) as client:
        tab = await browser.open(client.url, protocol=protocol)
        await tab.has_done(10)
        await tab.page.click("#pause")
        await tab.state("paused")
        done = await standstill(tab)
        [row] = (await client.status())["volunteers"]
        assert (row["state"], row["slots"], row["leases"]) == ("paused", 0, 0)
        await expect(tab.page.locator("#pause")).to_have_text("Resume")
        await tab.page.click("#pause")
        await tab.state("working")
        await tab.has_done(done + 10)
        assert client.said("joined") == 1


async def test_a_paused_page_holds_nothing_up(browser: Chromium, tmp_path: Path) -> None:
    items = range(1, 201)
    async with pando(squares(tmp_path), items, "--heartbeat=60000", "--batch-size=5") as client:
        tab = await browser.open(client.url, "Paused")
        other = await browser.open(client.url, "Other")
        await other.has_done(10)
        await tab.page.click("#pause")
        assert await client.ends() == 0, client
        assert client.lines == squared(items)


@pytest.mark.parametrize("protocol", ["websocket", "webrtc"])
async def test_it_leaves_and_joins_again(browser: Chromium, tmp_path: Path, protocol: str) -> None:
    async with pando(squares(tmp_path), ENDLESS, "--heartbeat=60000") as client:
        tab = await browser.open(client.url, protocol=protocol)
        await tab.has_done(10)
        await tab.page.click("#leave")
        await tab.state("left")
        await client.says("Test left", within=5)
        done = await standstill(tab)
        await expect(tab.page.locator("#leave")).to_have_text("Join again")
        await tab.page.click("#leave")
        await tab.state("working")
        await tab.has_done(done + 10)


async def test_its_owner_chooses_the_cores(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ENDLESS) as client:
        cores = 3
        tab = await browser.open(client.url, cores=cores)
        await tab.has_done(10)
        assert await tab.page.get_attribute("#slots", "max") == str(cores)

        async def lends(slots: int) -> None:
            async def look() -> bool:
                # After a reload the one that left may still be there for a moment.
                return any(row["slots"] == slots for row in (await client.status())["volunteers"][-1:])

            await eventually(look, f"{slots} slots")
            await tab.has_done(await tab.items() + 10)

        await lends(cores)
        await tab.page.fill("#slots", "1")
        await lends(1)
        await tab.page.fill("#slots", str(cores))
        await lends(cores)
        await tab.page.fill("#slots", "1")
        await tab.page.reload()
        await tab.state("working")
        await lends(1)  # it is remembered


async def test_it_says_when_the_job_is_done_and_takes_the_next(browser: Chromium, tmp_path: Path) -> None:
    port = free_port()
    items = range(1, 51)
    async with pando(squares(tmp_path), items, port=port) as client:
        tab = await browser.open(client.url)
        await tab.state("working")
        assert await client.ends() == 0, client
        await tab.state("done")
        assert await tab.items() == len(items)
        assert "thank you" in await tab.text("#status")
    async with pando(squares(tmp_path), items, port=port) as client:
        await tab.state("working")
        assert await client.ends() == 0, client
        assert client.lines == squared(items)
        await tab.state("done")


async def test_it_waits_at_a_server_and_starts_by_itself(browser: Chromium, tmp_path: Path) -> None:
    items = range(1, 101)
    async with pando_server() as server:
        tab = await browser.open(server.url)
        await tab.state("waiting")
        await server.has("volunteers", 1)
        for _ in range(2):
            async with pando(squares(tmp_path), items, server=server) as client:
                await tab.state("working")
                assert await client.ends() == 0, client
                assert client.lines == squared(items)
            await tab.state("done")
        assert await tab.items() == 2 * len(items)


async def test_the_address_of_a_job_leads_to_that_job_only(browser: Chromium, tmp_path: Path) -> None:
    items = range(1, 51)
    async with (
        pando_server() as server,
        pando(squares(tmp_path), items, server=server) as first,
        pando(squares(tmp_path), items, server=server) as second,
    ):
        address = (await second.says(r"Serving this job alone at ([^#\s]+)"))[1]
        await browser.open(address)
        assert await second.ends() == 0, second
        assert second.lines == squared(items)
        assert first.lines == []
        await browser.open(server.url)
        assert await first.ends() == 0, first


async def test_it_comes_back_when_the_network_does(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ENDLESS) as client, cable(client.url) as line:
        tab = await browser.open(line.url)
        await tab.has_done(10)
        await line.cut()
        await tab.state("lost")
        done = await standstill(tab)
        await tab.page.wait_for_timeout(1500)  # it has tried again by now
        await line.mend()
        # The browser says that the network is back, and the page need not wait for its next try.
        await tab.page.context.set_offline(True)
        await tab.page.context.set_offline(False)
        await tab.state("working", within=5)
        await tab.has_done(done + 10)
        assert client.said("Test joined") == 2


async def test_a_run_that_is_stopped_is_not_called_done(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ENDLESS) as client:
        tab = await browser.open(client.url)
        await tab.has_done(10)
        client.signal(signal.SIGINT)
        assert await client.ends() == 130, client
        await tab.state("done")
        assert "ended by whoever started it" in await tab.text("#status")


async def test_a_client_that_is_killed_is_missed(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path), ENDLESS) as client:
        tab = await browser.open(client.url)
        await tab.has_done(10)
        client.signal(signal.SIGKILL)
        assert await client.ends() == -signal.SIGKILL, client
        await tab.state("lost")


@pytest.mark.parametrize("protocol", ["websocket", "webrtc"])
async def test_a_normal_run_leaves_a_clean_console(browser: Chromium, tmp_path: Path, protocol: str) -> None:
    async with pando(squares(tmp_path, 1), range(200)) as client:
        tab = await browser.open(client.url, protocol=protocol)
        await tab.has_done(10)
        await tab.page.click("#pause")
        await tab.state("paused")
        await tab.page.click("#pause")
        assert await client.ends() == 0, client
        await tab.state("done")
        assert tab.problems == []


async def test_names_are_shown_as_text(browser: Chromium, tmp_path: Path) -> None:
    name = "<img src=x onerror=document.title='hacked'>"
    async with pando(squares(tmp_path), ENDLESS) as client:
        tab = await browser.open(client.url, device=quote(name))
        await tab.has_done(10)
        assert await tab.text("#device") == name
        assert await tab.page.locator("img").count() == 0
        assert "hacked" not in await tab.page.title()
        await client.says(r"<img src=x onerror=document.title='hacked'> joined")


async def test_names_are_shown_as_text_on_the_monitoring_page(browser: Chromium, tmp_path: Path) -> None:
    name = "<img src=x onerror=document.title='hacked'>"
    async with pando(squares(tmp_path), ENDLESS, "--reporting-interval=0.2") as client:
        await browser.open(client.url, device=quote(name))
        await client.says("joined")
        monitor = await browser.open(client.monitor, device=None)
        await expect(monitor.page.locator("table")).to_contain_text(name)
        assert await monitor.page.locator("img").count() == 0
        assert "hacked" not in await monitor.page.title()
        assert monitor.problems == []


async def test_what_the_function_logs_is_shown_as_text(browser: Chromium, tmp_path: Path) -> None:
    text = "<img src=x onerror=document.title=1>"
    function = module(tmp_path, f"console.error({text!r}); setTimeout(() => cb(null, x), 20)")
    async with pando(function, ENDLESS) as client:
        tab = await browser.open(client.url)
        await tab.has_done(10)
        await expect(tab.page.locator("#log")).to_contain_text(text)
        assert await tab.page.locator("img").count() == 0

"""Volunteers that vanish in the middle of a run, in every way that browsers know: nothing is lost, nothing doubled."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support import browsers
from tests.support.browsers import Chromium, Tab
from tests.support.functions import squared, squares
from tests.support.machine import kill
from tests.support.network import distance
from tests.support.programs import Client, pando, pando_server, pando_volunteer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ITEMS = range(1, 401)
"""At 10 ms each, two tabs of two slots take a second or more."""
BEGUN = 60
"""Results after which a run is in its middle."""
QUICK = "--heartbeat=500"
NEVER = "--heartbeat=60000"
"""So long that a test would fail which waits for it: what these volunteers leave is noticed without it."""

both_channels = pytest.mark.parametrize("protocol", ["websocket", "webrtc"])


async def begin(client: Client, *devices: str, items: Sequence[int] = ITEMS) -> None:
    """Gives the client its items when all these volunteers are there; returns in the middle of the run."""
    for device in devices:
        await client.says(f"{device} joined")
    await client.feed(items)
    await client.prints(BEGUN)
    assert len(client.lines) < len(items)


async def assert_exact(client: Client) -> None:
    """The client ends well, and its output is what it should be."""
    assert await client.ends() == 0, client
    assert client.lines == squared(ITEMS)


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stops a process; it goes on after the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@both_channels
async def test_a_tab_whose_process_is_killed(browser: Chromium, tmp_path: Path, protocol: str) -> None:
    async with pando(squares(tmp_path, 10), None, QUICK, "--batch-size=5") as client:
        victim = await browser.open(client.url, "Victim", protocol)
        other = await browser.open(client.url, "Other", protocol)
        process = await victim.page_process()
        await begin(client, "Victim", "Other")
        kill(process)
        await assert_exact(client)
        assert await other.items() < len(ITEMS)


@both_channels
async def test_a_tab_whose_workers_process_is_killed(browser: Chromium, tmp_path: Path, protocol: str) -> None:
    # The page itself lives on and answers pings: it has to notice by itself that its workers are gone.
    async with pando(squares(tmp_path, 10), None, QUICK) as client:
        before = await browser.worker_processes()
        await browser.open(client.url, "Victim", protocol)
        await client.says("Victim joined")
        [process] = await browser.worker_processes() - before
        await browser.open(client.url, "Other", protocol)
        await begin(client, "Victim", "Other")
        kill(process)
        await assert_exact(client)


@pytest.mark.alone
@both_channels
async def test_a_tab_that_stands_still(browser: Chromium, tmp_path: Path, protocol: str) -> None:
    async with pando(squares(tmp_path, 10), None, QUICK, "--batch-size=5") as client:
        victim = await browser.open(client.url, "Victim", protocol)
        await browser.open(client.url, "Other", protocol)
        process = await victim.page_process()
        await begin(client, "Victim", "Other")
        with stopped(process):
            since = time.monotonic()
            await client.says("nothing is heard from Victim")
            assert time.monotonic() - since < 2 * 0.5 + 2
            await assert_exact(client)


@pytest.mark.alone
@both_channels
async def test_a_tab_that_stands_still_and_goes_on(browser: Chromium, tmp_path: Path, protocol: str) -> None:
    async with pando(squares(tmp_path, 10), None, QUICK, "--batch-size=5") as client:
        victim = await browser.open(client.url, "Victim", protocol)
        await browser.open(client.url, "Other", protocol)
        process = await victim.page_process()
        await begin(client, "Victim", "Other", items=range(1, 1001))
        with stopped(process):
            await client.says("nothing is heard from Victim")
            await client.prints(len(client.lines) + 20)
        await client.says("Victim is heard again")
        await victim.has_done(await victim.items() + 30)
        assert await client.ends() == 0, client
        assert client.lines == squared(range(1, 1001))
        assert client.said("Victim joined") == 1  # it needed no new channel


async def test_a_network_that_loses_everything_for_ten_seconds(browser: Chromium, tmp_path: Path) -> None:
    async with (
        pando(squares(tmp_path, 10), None) as client,
        await browser.browser.new_context() as context,
        distance(context) as network,
    ):
        far = Tab(await context.new_page(), browser)
        await far.page.goto(f"{client.url}/#device=Far;protocol=webrtc;")
        await browser.open(client.url, "Near", "websocket")
        await client.says("Far joined")
        await client.says("Near joined")
        await client.give(range(1, 2001))
        await client.prints(BEGUN)
        network.is_black_hole = True
        mended = time.monotonic() + 10
        await client.says("nothing is heard from Far")
        await asyncio.sleep(mended - time.monotonic())
        network.is_black_hole = False
        await client.says("Far is heard again")
        done = await far.items()
        await client.give(range(2001, 3001))
        await client.end_input()
        await far.has_done(done + 100)
        assert await client.ends() == 0, client
        assert client.lines == squared(range(1, 3001))
        assert client.said("Far joined") == 1  # it needed no new channel


@both_channels
async def test_a_tab_that_is_closed(browser: Chromium, tmp_path: Path, protocol: str) -> None:
    async with pando(squares(tmp_path, 10), None, NEVER, "--batch-size=5") as client:
        tab = await browser.open(client.url, "Closed", protocol)
        other = await browser.open(client.url, "Other", protocol)
        await begin(client, "Closed", "Other")
        await tab.close()
        await client.says("Closed left", within=5)
        await assert_exact(client)
        assert await other.items() < len(ITEMS)


@pytest.mark.parametrize(("protocol", "reloads"), [("websocket", 20), ("webrtc", 5)])
async def test_a_tab_that_is_reloaded_again_and_again(
    browser: Chromium, tmp_path: Path, protocol: str, reloads: int
) -> None:
    async with pando(squares(tmp_path, 10), ITEMS, NEVER, "--batch-size=5") as client:
        tab = await browser.open(client.url, "Reloaded", protocol)
        for reload in range(1, reloads + 1):
            await client.says("Reloaded joined", times=reload)
            await client.prints(10 * reload)
            await tab.page.reload()
        await assert_exact(client)
        assert client.said("Reloaded joined") == reloads + 1


async def test_a_tab_that_goes_elsewhere_and_back(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path, 10), ITEMS, NEVER, "--batch-size=5") as client:
        tab = await browser.open(client.url, "Wanderer")
        for visit in range(1, 4):
            await client.prints(30 * visit)
            await tab.page.goto("data:text/html,elsewhere")
            await client.says("Wanderer left", times=visit, within=5)
            await tab.page.go_back(wait_until="commit")  # from a cache: it may not load again
        await assert_exact(client)


async def test_a_browser_that_is_killed(browser: Chromium, tmp_path: Path) -> None:
    async with (
        pando_server() as server,
        pando(squares(tmp_path, 10), None, QUICK, "--batch-size=5", server=server) as client,
        browsers.chromium(tmp_path / "profile", browsers.OPEN_ADDRESSES) as victim,
    ):
        await victim.open(server.url, "First")
        await victim.open(server.url, "Second")
        other = await browser.open(server.url, "Other")
        await begin(client, "First", "Second", "Other")
        kill(victim.pid)
        await assert_exact(client)
        assert await other.items() < len(ITEMS)


async def test_the_only_browser_is_killed_and_another_one_comes(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path, 10), ITEMS, QUICK) as client:
        async with browsers.chromium(tmp_path / "profile", browsers.OPEN_ADDRESSES) as victim:
            await victim.open(client.url, "Victim")
            await client.prints(BEGUN)
            kill(victim.pid)
        assert len(client.lines) < len(ITEMS)
        await browser.open(client.url, "Other")
        await assert_exact(client)


@both_channels
async def test_a_volunteer_without_a_browser_that_is_told_to_end(
    browser: Chromium, tmp_path: Path, protocol: str
) -> None:
    async with pando(squares(tmp_path, 10), None, NEVER, "--batch-size=5") as client:
        tab = await browser.open(client.url, "Other")
        async with pando_volunteer(client.url, "--device=Deno", "--cores=2", f"--protocol={protocol}") as volunteer:
            await begin(client, "Deno", "Other")
            volunteer.signal(signal.SIGTERM)
            assert await volunteer.ends(within=10) == 0, volunteer
        await client.says("Deno left", within=5)
        await assert_exact(client)
        assert await tab.items() < len(ITEMS)


async def test_a_volunteer_without_a_browser_that_is_killed(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path, 10), None, QUICK, "--batch-size=5") as client:
        await browser.open(client.url, "Other")
        async with pando_volunteer(client.url, "--device=Deno", "--cores=2", "--protocol=webrtc") as volunteer:
            await begin(client, "Deno", "Other")
            volunteer.signal(signal.SIGKILL)
            await assert_exact(client)


async def test_tabs_that_come_and_go_all_the_time(browser: Chromium, tmp_path: Path) -> None:
    async with pando(squares(tmp_path, 10), ITEMS, QUICK, "--batch-size=3") as client:
        for visit in range(1, 7):
            tab = await browser.open(client.url, f"Visitor_{visit}", "webrtc" if visit % 2 else "websocket")
            process = await tab.page_process() if visit % 3 == 0 else None
            await client.prints(40 * visit)
            if process is None:
                await tab.close()
            else:
                kill(process)
        assert len(client.lines) < len(ITEMS)
        await browser.open(client.url, "Last")
        await assert_exact(client)

"""Three tabs of Chromium and a Firefox, one of which is hit every 2.5 s: the output is the same as without.

Everything that is random comes from the seed in the test's name. PANDO_CHAOS_ROUNDS says how many seeds there are.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import browsers
from tests.support.browsers import Chromium, Tab
from tests.support.chaos import Story, seeds
from tests.support.functions import squared, squares
from tests.support.machine import descendants, kill
from tests.support.processes import Program
from tests.support.programs import Client, pando

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TABS = 3
MS = 20
EVERY = 2.5
"""Seconds between two blows."""
AHEAD = 1000
"""Items that are given to the client and have no result yet: the input ends soon after the last blow."""
HEARTBEAT = 1.0
SHORT, LONG = (0.5, 1.5), (3.0, 7.0)
"""Seconds of a blow, from and to: not noticed, or suspected (after 2 heartbeats)."""


class Seat:
    """A place for a volunteer: when it is gone for good, another one comes here.

    Args:
        client: for which it works.
        name: of the device.
        protocol: how it connects.
    """

    def __init__(self, client: Client, name: str, protocol: str) -> None:
        self.name = name
        self.protocol = protocol
        self.client = client
        self.recovering: asyncio.Task[None] | None = None
        """From the last blow."""

    async def settle(self) -> None:
        """Waits until the last blow is over."""
        if self.recovering is not None:
            await self.recovering


class TabSeat(Seat):
    """A tab of Chromium."""

    tab: Tab

    def __init__(self, client: Client, name: str, protocol: str, browser: Chromium) -> None:
        super().__init__(client, name, protocol)
        self._browser = browser

    async def open(self) -> None:
        """Opens the page in a new tab."""
        self.tab = await self._browser.open(self.client.url, self.name, self.protocol)

    async def navigate(self, seconds: float) -> None:
        """Goes elsewhere, and back."""
        await self.tab.page.goto("data:text/html,elsewhere")
        await asyncio.sleep(seconds)
        await self.tab.page.go_back(wait_until="commit")  # from a cache: it may not load again

    async def close(self, seconds: float) -> None:
        """Closes the tab, and opens another."""
        await self.tab.close()
        await asyncio.sleep(seconds)
        await self.open()

    async def kill(self, seconds: float) -> None:
        """Kills the process of the page; it is opened in another tab."""
        kill(await self.tab.page_process())
        await asyncio.sleep(seconds)
        await self.open()

    async def stop(self, seconds: float) -> None:
        """Stops the process of the page, and lets it go on."""
        process = await self.tab.page_process()
        os.kill(process, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(process, signal.SIGCONT)

    async def block(self, seconds: float) -> None:
        """Keeps the page's main thread busy."""
        await self.tab.page.evaluate(
            "(ms) => { const end = Date.now() + ms; while (Date.now() < end); }", seconds * 1000
        )


class FirefoxSeat(Seat):
    """A Firefox."""

    program: Program

    def __init__(self, client: Client, name: str, protocol: str, folder: Path) -> None:
        super().__init__(client, name, protocol)
        self._folder = folder
        self._lives = itertools.count()
        self._stack = contextlib.AsyncExitStack()

    async def open(self) -> None:
        """Starts it, with a fresh profile."""
        profile = self._folder / f"{self.name}-{next(self._lives)}"
        running = browsers.firefox(self.client.url, profile, self.name, self.protocol)
        self.program = await self._stack.enter_async_context(running)

    async def end(self) -> None:
        """Ends it."""
        await self._stack.aclose()

    async def kill(self, seconds: float) -> None:
        """Kills all its processes, and starts it again."""
        for process in [self.program.pid, *descendants(self.program.pid)]:
            kill(process)
        await self._stack.aclose()
        await asyncio.sleep(seconds)
        await self.open()


@dataclass(frozen=True)
class Blow:
    """One blow: `strike` takes the seat and the seconds that it lasts."""

    what: str
    strike: Callable[..., Awaitable[None]]
    seconds: float


ON_TABS = {
    "navigates": TabSeat.navigate,
    "closes": TabSeat.close,
    "SIGKILL": TabSeat.kill,
    "SIGSTOP": TabSeat.stop,
    "blocks": TabSeat.block,
}


def blows(seed: int) -> list[tuple[Blow, int | None]]:
    """Draws the blows of a round, each with the number of its tab; None for Firefox. Every kind is among them."""
    draw = random.Random(seed)
    kinds: list[str | None] = [*ON_TABS, *draw.sample(list(ON_TABS), 3), None]
    draw.shuffle(kinds)
    # In turn, so that a tab has got over the last blow before the next one.
    tabs = itertools.cycle(draw.sample(range(TABS), TABS))
    drawn: list[tuple[Blow, int | None]] = []
    for kind in kinds:
        seconds = draw.uniform(*draw.choice([SHORT, LONG]))
        if kind is None:
            drawn.append((Blow("SIGKILL of Firefox", FirefoxSeat.kill, seconds), None))
        else:
            drawn.append((Blow(kind, ON_TABS[kind], seconds), next(tabs)))
    return drawn


async def pour(client: Client, enough: asyncio.Event) -> int:
    """Gives the client 1, 2, 3…, a little more than it has results for, until `enough`; returns how many it got."""
    given = 0
    while not enough.is_set():
        await client.give(range(given + 1, given + AHEAD // 2 + 1))
        given += AHEAD // 2
        # However one of them is hit, the others go on: results keep coming.
        await client.prints(given - AHEAD // 2)
    await client.end_input()
    return given


async def strike(seats: Sequence[TabSeat], firefox: FirefoxSeat, seed: int, story: Story) -> None:
    """Does something to one of them every 2.5 s, all blows of a round."""
    for blow, tab in blows(seed):
        await asyncio.sleep(EVERY)
        seat: Seat = firefox if tab is None else seats[tab]
        await seat.settle()
        story.tell(blow.what, f"{seat.name} ({seat.protocol}), {blow.seconds:.2f} s")
        seat.recovering = asyncio.ensure_future(blow.strike(seat, blow.seconds))
    for seat in (*seats, firefox):
        await seat.settle()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", seeds("PANDO_CHAOS_ROUNDS", 1), ids="seed{}".format)
async def test_tabs_and_a_firefox_to_which_everything_happens(browser: Chromium, tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    protocols = [draw.choice(["websocket", "webrtc"]) for _ in range(TABS + 1)]
    async with (
        pando(squares(tmp_path, MS), None, f"--heartbeat={HEARTBEAT * 1000:.0f}") as client,
        contextlib.AsyncExitStack() as stack,
    ):
        tabs = [TabSeat(client, f"Tab_{number}", protocols[number], browser) for number in range(TABS)]
        firefox = FirefoxSeat(client, "Firefox", protocols[-1], tmp_path)
        stack.push_async_callback(firefox.end)
        seats: list[TabSeat | FirefoxSeat] = [firefox, *tabs]
        for seat in seats:
            await seat.open()
        for seat in seats:
            await client.says(f"{seat.name.replace('_', ' ')} joined")
        story = Story(seed)
        enough = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                pouring = tasks.create_task(pour(client, enough))
                await strike(tabs, firefox, seed, story)
                enough.set()
            status = await client.ends()
        except Exception as error:
            raise AssertionError(f"{story}\n{client}") from error
        story.assert_exact(client, status, squared(range(1, pouring.result() + 1)))

"""The public server dies in the middle of a run: it is needed to find each other, and for nothing else."""

import signal
from pathlib import Path

import pytest

from tests.support.browsers import Chromium
from tests.support.functions import squared, squares
from tests.support.machine import eventually
from tests.support.programs import pando, pando_server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ITEMS = range(1, 301)


async def test_the_run_goes_on_and_ends_without_the_server(browser: Chromium, tmp_path: Path) -> None:
    async with pando_server() as server, pando(squares(tmp_path), ITEMS, server=server) as client:
        await browser.open(server.url)
        await client.prints(30)
        server.signal(signal.SIGKILL)
        await server.ends()
        assert len(client.lines) < len(ITEMS) // 2
        assert await client.ends() == 0, client
        assert client.lines == squared(ITEMS)


async def test_the_client_registers_again_and_new_volunteers_find_it(browser: Chromium, tmp_path: Path) -> None:
    given = 200
    async with pando_server() as first, pando(squares(tmp_path), None, server=first) as client:
        await client.give(range(1, given + 1))
        tab = await browser.open(first.url, "Before")
        await client.prints(30)
        first.signal(signal.SIGKILL)
        await first.ends()
        await client.prints(len(client.lines) + 30)
        async with pando_server(first.port) as second:
            await second.has("jobs", 1)
            other = await browser.open(second.url, "After")

            async def both_work() -> bool:
                # However long the second one takes to get there: the first one alone does not finish before.
                nonlocal given
                if given - len(client.lines) < 200:
                    await client.give(range(given + 1, given + 101))
                    given += 100
                return await other.items() >= 50

            await eventually(both_work, "50 items done by the second volunteer")
            await client.end_input()
            assert await client.ends() == 0, client
            await second.has("jobs", 0)
        assert client.lines == squared(range(1, given + 1))
        await tab.state("done")
        assert await tab.items() + await other.items() >= given


async def test_a_server_that_is_told_to_end_disturbs_nobody(browser: Chromium, tmp_path: Path) -> None:
    async with pando_server() as server, pando(squares(tmp_path), ITEMS, server=server) as client:
        await browser.open(server.url)
        await client.prints(30)
        server.signal(signal.SIGTERM)
        assert await server.ends() == 0, server
        assert await client.ends() == 0, client
        assert client.lines == squared(ITEMS)

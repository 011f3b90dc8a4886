"""Whose job it is: volunteers that came by an address with a key work for its owner and for nobody else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.browsers import Chromium, firefox
from tests.support.functions import squared, squares
from tests.support.programs import Client, pando, pando_server, pando_volunteer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
REFUSED = "his job is not of whom the address names"
"""On the page and in the terminal it begins a sentence."""


async def address_of(client: Client) -> str:
    """The address of the client's job, with its owner's key."""
    return (await client.says(r"Serving this job alone at (\S+/j/\S+#client=[\w-]{43};)\n"))[1]


async def test_all_kinds_of_volunteers_work_for_the_owner_of_the_key(browser: Chromium, tmp_path: Path) -> None:
    items = range(1, 31)
    async with pando_server() as server, pando(squares(tmp_path), None, server=server) as client:
        address = await address_of(client)
        tab = await browser.open(address, "Chromium")
        async with (
            firefox(address, tmp_path / "profile"),
            pando_volunteer(address, "--device=Deno", "--cores=1"),
        ):
            for name in ("Chromium", "Firefox", "Deno"):
                await client.says(rf"{name} joined .*\(webrtc\)")
            await client.feed(items)
            assert await client.ends() == 0, client
        assert client.lines == squared(items)
        assert re.search(r"#client=[\w-]{43};", tab.page.url), "the page keeps the key"


async def test_nobody_works_for_another_user_under_the_same_address(browser: Chromium, tmp_path: Path) -> None:
    async with pando_server() as server, pando(squares(tmp_path), [1, 2], server=server) as client:
        address = await address_of(client)
        job = address.partition("#")[0]
        wrong = f"{job}#client={'A' * 43};"
        tab = await browser.open(wrong, "Chromium")
        await tab.state("unable")
        assert REFUSED in await tab.text("body")
        async with pando_volunteer(wrong, "--device=Deno", "--cores=1") as volunteer:
            await volunteer.says(REFUSED)
            await client.says(rf"Deno does not take this job: t{REFUSED}")
        await client.says(rf"Chromium does not take this job: t{REFUSED}")
        # A key that was cut when the address was copied is nobody's.
        async with pando_volunteer(address[:-20], "--device=Cut", "--cores=1") as volunteer:
            await volunteer.says(REFUSED)
        assert client.lines == []
        async with pando_volunteer(job, "--device=Anybody's", "--cores=1"):
            assert await client.ends() == 0, client
        assert client.lines == squared([1, 2])

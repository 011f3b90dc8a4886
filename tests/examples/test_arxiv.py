"""The classification example, with two persons in Chromium."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from playwright.async_api import FrameLocator, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tests.support.browsers import Chromium, Tab
from tests.support.pipelines import example

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FIELDS = {
    "On the number of ways to fold a map": "mathematics",
    "A pendulum that hangs from a pendulum, in honey": "physics",
    "Why do these beetles walk in circles?": "biology",
    "Sorting with a stack of plates and two hands": "computing",
    "Primes in the digits of other primes": "mathematics",
    "Caches that forget on purpose": "computing",
}
LIMIT_MS = 30_000
FOLDING, PENDULUM = list(FIELDS)[:2]


def shown(tab: Tab) -> FrameLocator:
    """The frame in which the function shows something."""
    return tab.page.frame_locator("#stage iframe")


async def choose(tab: Tab, choice: str | None = None) -> str:
    """Waits for a paper, and clicks, by default on its field; returns the title."""
    title = await shown(tab).get_by_role("heading").inner_text()
    # The click takes the paper away before it returns, so the next heading is that of another one. With the last answer
    # the frame goes as well, and the driver may wait in vain to hear from there; what was clicked the results say.
    with contextlib.suppress(PlaywrightTimeout):
        await shown(tab).get_by_role("button", name=choice or FIELDS[title]).click(timeout=5000)
    return title


async def test_two_persons_classify_the_papers(tmp_path: Path, browser: Chromium) -> None:
    async with example("arxiv", tmp_path, here=False) as arxiv:
        [line] = arxiv.commands("pando ")
        pipeline = await arxiv.start(line)
        url = f"http://127.0.0.1:{await pipeline.serves_at()}"
        ada = await browser.open(url, "Ada")
        await expect(shown(ada).get_by_role("heading", name=FOLDING)).to_be_visible(timeout=LIMIT_MS)
        await expect(shown(ada).get_by_text("for the map we give one, prove it by marking the crease")).to_be_visible(
            timeout=LIMIT_MS
        )
        bo = await browser.open(url, "Bo")
        await expect(shown(bo).get_by_role("heading", name=PENDULUM)).to_be_visible(timeout=LIMIT_MS)
        # What one leaves to somebody else the other gets next.
        assert await choose(ada, "somebody else should say") == FOLDING
        assert [await choose(bo), await choose(bo)] == [PENDULUM, FOLDING]
        await pipeline.prints(2)
        assert ada.problems == bo.problems == []
        # Bo leaves in the middle of another paper, and Ada does the rest.
        await expect(shown(bo).get_by_role("heading")).to_be_visible(timeout=LIMIT_MS)
        await bo.close()
        assert {await choose(ada) for _ in range(4)} == set(FIELDS) - {FOLDING, PENDULUM}
        outcome = await pipeline.finish()
    assert (outcome.status, outcome.complaints) == (0, [])
    assert outcome.lines == [
        *(f"paper-{number} {field}" for number, field in enumerate(FIELDS.values(), 1)),
        "mathematics: 2, computing: 2, physics: 1, biology: 1",
    ]

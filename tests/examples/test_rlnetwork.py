"""The reinforcement-learning example: in a page, where it draws, and in workers, where it learns the same."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.support.browsers import Chromium
from tests.support.pipelines import example

SETTINGS = {"rate": 0.1, "discount": 0.9, "hidden": 24, "seed": 1}
INK = """(canvas) => {
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
  const ink = [0, 0]
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) ink[(i >> 2) % canvas.width < 100 ? 0 : 1]++
  return ink
}"""
"""How many pixels are drawn on, where the game is and where the curve is."""


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_its_command_lines_find_the_same_in_a_page_and_in_workers(tmp_path: Path, browser: Chromium) -> None:
    async with example("rlnetwork", tmp_path, here=False) as learning:
        in_page, in_workers = learning.commands("pando ")
        pipeline = await learning.start(in_page)
        await browser.open(f"http://127.0.0.1:{await pipeline.serves_at()}")
        outcome = await pipeline.finish()
        assert (outcome.status, outcome.complaints) == (0, [])
        again = await learning.run(in_workers)
    assert again.lines == outcome.lines
    assert len(outcome.lines) == 1 + 4 * 2 * 3
    # The best one has learned something: by chance a fifth is caught.
    assert outcome.lines[-1].split() == ["0.1", "0.9", "24", "73.2%"]


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_it_draws_the_game_and_the_curve(tmp_path: Path, browser: Chromium) -> None:
    async with example("rlnetwork", tmp_path, here=False) as learning:
        pando = await learning.programs.start_pando("train.js", "--stdin", stdin=asyncio.subprocess.PIPE)
        tab = await browser.open(f"http://127.0.0.1:{await pando.serves_at()}")
        await pando.write(json.dumps(SETTINGS | {"games": 500}).encode() + b"\n")
        await pando.prints(1)
        # The input is open, so the job is not over and the drawing is still there.
        frame = tab.page.frame_locator("#stage iframe")
        await expect(frame.get_by_text("rate 0.1, discount 0.9, 24 hidden")).to_be_visible(timeout=30_000)
        game, curve = await frame.locator("canvas").evaluate(INK)
        assert game == 100 * 120
        assert curve > 400
        assert tab.problems == []
        await pando.end_input()
        outcome = await pando.finish()
    assert (outcome.status, outcome.complaints) == (0, [])


async def test_more_games_are_worth_it(tmp_path: Path) -> None:
    async with example("rlnetwork", tmp_path) as learning:
        items = "".join(json.dumps(SETTINGS | {"games": games}) + "\n" for games in (500, 4000))
        (learning.folder / "items").write_text(items)
        outcome = await learning.run("pando train.js --stdin --context=worker < items")
    few, many = (json.loads(line) for line in outcome.lines)
    assert (few["games"], many["games"]) == (500, 4000)
    assert few["caught"] < 0.5 < 0.8 < many["caught"]

"""The square example, by its README, in its own folder."""

from __future__ import annotations

from pathlib import Path

from tests.support.pipelines import example


async def test_its_command_line_prints_the_squares(tmp_path: Path) -> None:
    async with example("square", tmp_path) as square:
        [line] = square.commands("pando ")
        outcome = await square.run(line)
    assert outcome.lines == [str(n * n) for n in range(1, 11)]

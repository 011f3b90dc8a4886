"""The Collatz example, against Python's own numbers."""

from pathlib import Path

from tests.support.pipelines import example


def steps(n: int) -> int:
    """Collatz steps until 1."""
    count = 0
    while n != 1:
        n = 3 * n + 1 if n % 2 else n // 2
        count += 1
    return count


def records(first: int, ranges: int, size: int) -> list[str]:
    """What the monitor prints."""
    lines: list[str] = []
    best = (-1, 0)
    for start in range(first, first + ranges * size, size):
        top = max((steps(n), -n) for n in range(start, start + size))
        if top[0] > best[0]:
            best = top
            lines.append(f"{-best[1]} takes {best[0]} steps")
    return [*lines, f"the record of {ranges} ranges: {-best[1]}, {best[0]} steps"]


async def test_its_command_line_prints_the_records(tmp_path: Path) -> None:
    async with example("collatz", tmp_path) as collatz:
        await collatz.install()
        [line] = collatz.commands("pando ")
        outcome = await collatz.run(line)
    assert outcome.lines == records(3 * 10**23, 40, 50)


async def test_what_is_no_range_is_said(tmp_path: Path) -> None:
    async with example("collatz", tmp_path) as collatz:
        await collatz.install()
        outcome = await (await collatz.start("pando collatz.js '0 5'")).finish()
    assert outcome.status == 1
    assert outcome.complaint.startswith("pando: the function failed on item 1 (0 5), 3 times: not a range: 0 5")

"""The random-testing example, and whether the lender that it tests is an equivalent of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from pando_client.lending.at_work import AtWork
from pando_client.lending.instructions import Instruction, Lend, Policy, Write
from pando_client.lending.lender import Lender
from tests.support.pipelines import example

NAMES = ("Ada", "Bo", "Cy", "Di")


async def test_its_command_line_finds_nothing(tmp_path: Path) -> None:
    async with example("random-testing", tmp_path) as testing:
        line, _ = testing.commands("| pando ")
        outcome = await testing.run(line)
    [says] = outcome.lines
    assert re.fullmatch(r"2000 stories of \d{5} steps, 0 failed", says)


@pytest.mark.parametrize("bug", ["lost", "twice"])
async def test_it_finds_a_bug_that_was_planted(tmp_path: Path, bug: str) -> None:
    async with example("random-testing", tmp_path) as testing:
        _, line = testing.commands("| pando ")
        outcome = await (await testing.start(line.replace("lost", bug))).finish()
        assert (outcome.status, outcome.complaints) == (1, [])
        found = re.match(r"the shortest failure, seed (\d+):", outcome.lines[1])
        assert found
        # The same seed fails in the same way here.
        again = await testing.run(f"pando test_lender.js --local '{found[1]} {bug}' '{found[1]}'")
    failed, fine = map(json.loads, again.lines)
    assert outcome.lines[2:] == [f"  {step}" for step in failed["story"]] + [f"  -> {failed['problem']}"]
    assert fine["problem"] is None


async def test_the_lender_in_javascript_does_as_ours_does(tmp_path: Path) -> None:
    async with example("random-testing", tmp_path) as testing:
        outcome = await testing.run("seq 200 | sed 's/$/ tell/' | pando test_lender.js --stdin")
    verdicts = [json.loads(line) for line in outcome.lines]
    assert len(verdicts) == 200
    assert sum(Twin().follow(verdict["story"]) for verdict in verdicts) > 500, "leases were compared"


NOW = 0.0
"""The time does not matter here: no backup copies are made."""
IDLE = AtWork(cores=0, item_seconds=0.0, heard_at=NOW)
"""The example knows nothing of items that may have ended a volunteer: nothing was at work."""


class Twin:
    """Our lender, to which a story is told."""

    def __init__(self) -> None:
        self.lender = Lender(Policy(copies=False))
        self.written: list[bytes] = []
        self.leases: dict[int, Lend] = {}  # by the story's numbers
        self.done: dict[int, int] = {}

    def follow(self, story: Sequence[str]) -> int:
        """Does what the story tells; returns how many leases were the same."""
        assert story[-1] == "all leave, and Eve does the rest"
        for step in story[:-1]:
            self.take(step)
            lender = self.lender
            assert lender.read_count - lender.written_count == lender.waiting + lender.lent + lender.held_back
        for name in NAMES:
            self.do(self.lender.leave(name, NOW))
        self.lender.join("Eve")
        while lends := self.do(self.lender.want("Eve", 1, 3, NOW)):
            [lend] = lends
            values = [b"result of " + item for item in lend.items]
            self.do(self.lender.results("Eve", lend.lease, 0, values, None, NOW))
        assert self.written == [b"result of %d" % index for index in range(self.lender.read_count)]
        return len(self.leases)

    def do(self, instructions: Sequence[Instruction]) -> list[Lend]:
        """Carries them out; returns what was lent."""
        for write in instructions:
            if isinstance(write, Write):
                self.written += write.results
                self.lender.wrote(len(write.results), NOW)
        return [lend for lend in instructions if isinstance(lend, Lend)]

    def take(self, step: str) -> None:
        lender = self.lender
        if found := re.fullmatch(r"(\d+) are read", step):
            self.do(lender.read([b"%d" % (lender.read_count + n) for n in range(int(found[1]))], NOW))
        elif found := re.fullmatch(r"(\w+) joins", step):
            self.do(lender.join(found[1]))
        elif found := re.fullmatch(r"(\w+) is lent (\d+) to (\d+), lease (\d+)", step):
            name, first, last, number = found[1], *map(int, found.groups()[1:])
            [lend] = self.do(lender.want(name, 1, last - first + 1, NOW))
            assert (lend.volunteer, list(lend.items)) == (name, [b"%d" % n for n in range(first, last + 1)])
            self.leases[number], self.done[number] = lend, 0
        elif found := re.fullmatch(r"(\w+) answers (\d+) of lease (\d+)", step):
            name, count, number = found[1], int(found[2]), int(found[3])
            lend, offset = self.leases[number], self.done[number]
            items = [*lend.items, *[b"too much"] * count][offset : offset + count]
            values = [b"result of " + item for item in items]
            self.do(lender.results(name, lend.lease, offset, values, None, NOW))
            if name == lend.volunteer and offset + count <= len(lend.items):
                self.done[number] += count
        elif found := re.fullmatch(r"(\w+) is suspected", step):
            self.do(lender.suspect(found[1], NOW, IDLE))
        else:
            found = re.fullmatch(r"(\w+) leaves", step)
            assert found, step
            self.do(lender.leave(found[1], NOW))

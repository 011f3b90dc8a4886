"""What the lender alone costs for each lease, with few and with many volunteers, and while one of them is silent.

    python -m benchmarks.lending [--quick]

No channel, no session and no function: every lease of one item is answered at once, which is the most that a lender has
to do. The figures are ratios to ten volunteers of whom none is silent, in the same run.
"""

from __future__ import annotations

import itertools
import statistics
import time

from benchmarks.support.script import Given, Table, run
from pando_client.lending.instructions import Instruction, Lend, Policy, Read, Write
from pando_client.lending.lender import Lender

FEW, MANY = 10, 1000
IN_FLIGHT = 2
"""Leases that each volunteer would hold."""
ROUNDS = 5


class Run:
    """A lender and its volunteers, who answer lease by lease, in turn."""

    def __init__(self, volunteers: int, silent: int = 0) -> None:
        self._lender = Lender(Policy(window=10_000_000, memory=1 << 40))
        self._names = [f"v{number}" for number in range(volunteers)]
        self._numbers = itertools.count()
        self._leases: dict[str, list[Lend]] = {name: [] for name in self._names}
        self._now = 0.0
        for name in self._names:
            self._carry_out(self._lender.join(name))
            self._carry_out(self._lender.want(name, IN_FLIGHT, 1, self._now))
        for name in self._names[:silent]:
            self._carry_out(self._lender.suspect(name, self._now))
        self._working = self._names[silent:]

    def answer(self, count: int) -> float:
        """Lets `count` leases be answered; returns the seconds for each."""
        turns = itertools.cycle(self._working)
        began = time.perf_counter()
        for _ in range(count):
            name = next(turns)
            lend = self._leases[name].pop(0)
            self._now += 0.001
            self._carry_out(self._lender.results(name, lend.lease, 0, lend.items, None, self._now))
            wanted = IN_FLIGHT - len(self._leases[name])
            self._carry_out(self._lender.want(name, wanted, 1, self._now))
        return (time.perf_counter() - began) / count

    def _carry_out(self, instructions: list[Instruction]) -> None:
        for instruction in instructions:
            match instruction:
                case Lend(name):
                    self._leases[name].append(instruction)
                case Read(count):
                    items = [b"%d" % number for number in itertools.islice(self._numbers, count)]
                    self._carry_out(self._lender.read(items, self._now))
                case Write(results):
                    self._carry_out(self._lender.wrote(len(results), self._now))


async def measure(given: Given, table: Table) -> None:
    """Fills the table."""
    count = 5_000 if given.quick else 20_000
    cases = {
        f"{FEW} volunteers": (FEW, 0),
        f"{FEW}, one of them silent": (FEW, 1),
        f"{MANY} volunteers": (MANY, 0),
        f"{MANY}, one of them silent": (MANY, 1),
    }
    # In turn, so that all see the machine in the same state.
    rounds = [{name: Run(*case).answer(count) for name, case in cases.items()} for _ in range(ROUNDS)]
    base, *others = cases
    for name in others:
        ratio = statistics.median(each[name] / each[base] for each in rounds)
        table.add(f"a lease with {name}", ratio, "x", 2, 1.3, less=True, digits=2)
    seconds = statistics.median(each[base] for each in rounds)
    table.note(f"1 x is {1e6 * seconds:.1f} µs for each lease: its results, the next one, and reading its item")


if __name__ == "__main__":
    run(measure, "The lender alone: leases of one item, answered at once")

"""What a stimulus costs: the same with ten volunteers and with a thousand, and whatever one of them does to itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pando_client.lending.instructions import Lend, Policy
from pando_client.lending.leases import STRAGGLER_UNKNOWN_SECONDS
from pando_client.lending.lender import Lender
from pando_shared.wire.messages import DECLINED, ERROR
from tests.support.calls import count_calls

LATE = STRAGGLER_UNKNOWN_SECONDS
ITEMS = [b"x", b"y"]
STATES = ["nothing", "a suspect", "a copy"]
"""What is out besides plain leases. A suspect's items are with others by then."""
HOLDERS = {"nothing": set[str](), "a suspect": {"slow", "idle", "idle too"}, "a copy": {"slow", "idle"}}
"""Who holds these."""


class Crowd:
    """A lender of many volunteers with a lease each, and one of them, `last`, that is looked at.

    Args:
        count: volunteers besides those that make up the state.
        state: one of `STATES`.
        hungry: whether all would take more.
    """

    def __init__(self, count: int, state: str, hungry: bool = False) -> None:
        self.lender = Lender(Policy(retries=9))
        self.lent("slow", 0.0)
        self.lender.join("idle")
        self.lender.join("idle too")
        if state == "a suspect":
            self.lender.suspect("slow", 0.0)
            self.lender.want("idle", 1, 2, LATE)
            self.lender.want("idle too", 1, 2, LATE)
        elif state == "a copy":
            self.lender.want("idle", 1, 2, LATE)
            self.lender.tick(LATE)
        assert len(self.lender.leases) == max(1, len(HOLDERS[state]))
        for number in range(count):
            self.lent(f"v{number}", LATE)
        self.lease = self.lent("last", LATE)
        if hungry:
            for name in list(self.lender.volunteers):
                if name != "slow":
                    self.lender.want(name, 3, 2, LATE)

    def lent(self, name: str, now: float) -> Lend:
        """A volunteer joins, and has a lease of its own."""
        self.lender.join(name)
        self.lender.want(name, 1, 2, now)
        [lease] = [said for said in self.lender.read(ITEMS, now) if isinstance(said, Lend)]
        return lease


def answer(crowd: Crowd, kinds: bytes | None = None) -> None:
    crowd.lender.results("last", crowd.lease.lease, 0, ITEMS, kinds, LATE + 0.1)


STIMULI: dict[str, Callable[[Crowd], object]] = {
    "results": answer,
    "some of the results": lambda crowd: crowd.lender.results("last", crowd.lease.lease, 0, [b"x"], None, LATE + 0.1),
    "errors": lambda crowd: answer(crowd, bytes([ERROR, ERROR])),
    "declined": lambda crowd: answer(crowd, bytes([DECLINED, DECLINED])),
    "want": lambda crowd: crowd.lender.want("last", 2, 5, LATE + 0.1),
    "want nothing": lambda crowd: crowd.lender.want("last", 0, 1, LATE + 0.1),
    "tick": lambda crowd: crowd.lender.tick(LATE + 0.1),
    "hand back": lambda crowd: crowd.lender.hand_back("last", [crowd.lease.lease], LATE + 0.1),
    "suspect": lambda crowd: crowd.lender.suspect("last", LATE + 0.1),
    "die": lambda crowd: crowd.lender.died("last", LATE + 0.1),
    "leave": lambda crowd: crowd.lender.leave("last", LATE + 0.1),
}


@pytest.mark.parametrize("hungry", [False, True])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("stimulus", STIMULI)
def test_a_stimulus_costs_the_same_with_ten_volunteers_and_with_a_thousand(
    stimulus: str, state: str, hungry: bool
) -> None:
    ten, thousand = Crowd(10, state, hungry), Crowd(1000, state, hungry)
    act = STIMULI[stimulus]
    assert count_calls(lambda: act(ten)) == count_calls(lambda: act(thousand))
    ten.lender.check()


@pytest.mark.parametrize("stimulus", ["results", "some of the results", "want"])
def test_what_one_volunteer_does_makes_nothing_dearer_for_others(stimulus: str) -> None:
    act = STIMULI[stimulus]
    counts = {}
    for state in STATES:
        crowd = Crowd(100, state)
        counts[state] = count_calls(lambda: act(crowd))  # noqa: B023 - called at once
        contested = {lease.volunteer for lease in crowd.lender.leases if lease.contested}
        assert contested == HOLDERS[state]
    assert len(set(counts.values())) == 1, counts

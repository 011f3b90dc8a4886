"""Which items may have begun when a volunteer died."""

from __future__ import annotations

import pytest

from pando_client.lending.at_work import NOTHING_KNOWN, AtWork, Begun, may_have_begun
from pando_client.lending.leases import Lease, Leases


def held(*counts: int, alone: bool = False) -> list[Lease]:
    """Leases of so many items each, lent at 0 s."""
    leases, first = Leases(), 0
    for count in counts:
        leases.lend("v", first, [b"x"] * count, 0.0, alone=alone)
        first += count
    return leases.of("v")


def indexes(leases: list[Lease], at_work: AtWork, *answered: int) -> list[int]:
    found = may_have_begun(leases, at_work, lambda index: index in answered)
    return [index for begun in found for index in begun.indexes]


@pytest.mark.parametrize(
    ("at_work", "begun"),
    [
        (AtWork(cores=1, item_seconds=0.0, heard_at=0.1), [0, 1, 2, 3, 4, 5]),
        (AtWork(cores=1, item_seconds=0.0, heard_at=5.0), [0, 3]),
        (AtWork(cores=1, item_seconds=0.4, heard_at=0.1), [0, 1, 3, 4]),
        (AtWork(cores=1, item_seconds=60.0, heard_at=0.1), [0, 3]),
        (AtWork(cores=2, item_seconds=60.0, heard_at=0.1), [0, 3, 6]),
        (NOTHING_KNOWN, list(range(9))),
    ],
)
def test_what_is_known_of_a_volunteer_bounds_what_has_begun(at_work: AtWork, begun: list[int]) -> None:
    assert indexes(held(3, 3, 3), at_work) == begun


def test_what_is_answered_was_not_at_work() -> None:
    leases = held(4, 1)
    leases[0].done, leases[0].answered_at = 2, 3.0
    assert indexes(leases, AtWork(1, 0.0, heard_at=3.1)) == [2, 3, 4]
    assert indexes(leases, AtWork(1, 0.0, heard_at=9.0)) == [2, 4]
    leases[0].contested = leases[1].contested = True
    assert indexes(leases, NOTHING_KNOWN, 2, 4) == [3], "somebody else has answered these"


def test_only_an_item_that_was_lent_by_itself_is_single() -> None:
    assert [Begun(lease, range(1)).is_single for lease in (*held(1), *held(2, alone=True), *held(1, alone=True))] == [
        False,
        False,
        True,
    ]
    assert Begun(held(9)[0], [2, 5]).span == (2, 6)

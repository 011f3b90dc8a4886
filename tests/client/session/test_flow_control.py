"""How much a volunteer is lent at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pando_client.session.flow_control import (
    LEASE_SECONDS,
    MAX_DEPTH,
    MAX_LEASE_BYTES,
    MAX_LEASE_ITEMS,
    AutoCredit,
    FixedCredit,
)


def learn(item_seconds: float, round_trip: float = 0.001, item_bytes: int = 5, leases: int = 60) -> AutoCredit:
    credit = AutoCredit()
    credit.round_trip(round_trip)
    for _ in range(leases):
        _, items = credit.want(1, 0)
        credit.lent(items, items * item_bytes)
        credit.answered(items, round(items * item_seconds * 1e6))
    return credit


def test_a_fixed_credit_is_one_lease_a_slot() -> None:
    credit = FixedCredit(7)
    credit.answered(7, 1)
    credit.lent(7, 100)
    credit.round_trip(1.0)
    assert credit.want(4, 1) == (3, 7)
    assert credit.want(4, 9) == (0, 7)


def test_it_starts_with_one_item_for_each_slot() -> None:
    assert AutoCredit().want(8, 0) == (8, 1)
    assert repr(AutoCredit()) == "<AutoCredit 1 items a lease, 1 leases a slot, ? s an item>"


def test_it_doubles_while_a_lease_is_too_little() -> None:
    credit = AutoCredit()
    sizes = []
    for _ in range(5):
        _, items = credit.want(1, 0)
        sizes.append(items)
        credit.answered(items, items)
    assert sizes == [1, 2, 4, 8, 16]


@pytest.mark.parametrize("item_seconds", [1e-4, 1e-3, 1e-2, 5e-2])
def test_leases_hold_about_a_tenth_of_a_second_of_work(item_seconds: float) -> None:
    _, items = learn(item_seconds).want(1, 0)
    assert items * item_seconds == pytest.approx(LEASE_SECONDS, rel=0.2)


@pytest.mark.parametrize("item_seconds", [0.5, 1.0, 3600.0])
def test_long_items_are_lent_one_by_one_and_not_in_advance(item_seconds: float) -> None:
    credit = learn(item_seconds)
    assert credit.want(2, 0) == (2, 1)
    assert credit.want(2, 2) == (0, 1)


def test_trivial_items_are_lent_by_the_thousand() -> None:
    leases, items = learn(1e-7).want(1, 0)
    assert items == MAX_LEASE_ITEMS
    assert leases == 5


def test_work_that_the_clock_cannot_see_is_lent_by_the_thousand() -> None:
    assert learn(0.0).want(1, 0) == (MAX_DEPTH, MAX_LEASE_ITEMS)


def test_a_long_round_trip_is_covered_by_leases_in_flight() -> None:
    leases, items = learn(0.01, round_trip=0.3).want(1, 0)
    assert (leases - 1) * items * 0.01 >= 0.3


def test_large_items_make_small_leases() -> None:
    assert learn(1e-5, item_bytes=1024 * 1024).want(1, 0)[1] == 1
    assert learn(1e-5, item_bytes=1024).want(1, 0)[1] <= MAX_LEASE_BYTES / 1024 * 1.01


def test_it_shrinks_at_once_when_items_become_slow() -> None:
    credit = learn(1e-4)
    assert credit.want(1, 0)[1] > 500
    credit.answered(1, 2_000_000)
    assert credit.want(1, 0)[1] == 1


@given(st.lists(st.tuples(st.integers(1, 20_000), st.integers(0, 2**32 - 1), st.floats(0, 100)), max_size=30))
def test_whatever_it_is_told_it_wants_something_sensible(events: list[tuple[int, int, float]]) -> None:
    credit = AutoCredit()
    for count, busy_us, round_trip in events:
        credit.answered(count, busy_us)
        credit.lent(count, busy_us)
        credit.round_trip(round_trip)
    leases, items = credit.want(3, 0)
    assert 3 <= leases <= 3 * MAX_DEPTH
    assert 1 <= items <= MAX_LEASE_ITEMS

"""Where each item is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pando_client.lending.ledger import GIVEN_UP, OBJECT_BYTES, Ledger, bytes_of

COUNT = 20


def items(first: int, stop: int) -> list[bytes]:
    return [b"%d" % index for index in range(first, stop)]


def of_items(count: int = COUNT, *, ordered: bool = True) -> Ledger:
    ledger = Ledger(ordered=ordered)
    ledger.read(items(0, count))
    return ledger


@given(st.permutations(range(COUNT)), st.booleans(), st.integers(0, COUNT))
def test_all_answered_is_what_each_of_them_says(order: list[int], ordered: bool, count: int) -> None:
    ledger = of_items(ordered=ordered)
    ledger.unwait(0, COUNT)
    for index in order[:count]:
        ledger.results(index, [b"%d" % index], [b"<>"])
    answered = set(order[:count])
    for first in range(COUNT):
        assert ledger.is_answered(first) == (first in answered)
        for stop in range(first, COUNT):
            assert ledger.all_answered(first, stop) == answered.issuperset(range(first, stop))


@given(st.permutations(range(COUNT)), st.booleans(), st.sets(st.integers(0, COUNT - 1)), st.integers(1, 5))
def test_results_are_written_in_order_or_as_they_come_and_nothing_stays_behind(
    order: list[int], ordered: bool, given_up: set[int], at_once: int
) -> None:
    ledger = of_items(ordered=ordered)
    ledger.unwait(0, COUNT)
    output: list[bytes] = []
    written = 0
    for index in order:
        value = GIVEN_UP if index in given_up else b"<%d>" % index
        output += ledger.results(index, [b"%d" % index], [value])
        if len(output) - written >= at_once:
            ledger.wrote(at_once)
            written += at_once
        assert ledger.held_back == ledger.answered_count - ledger.written_count
    ledger.wrote(len(output) - written)
    sequence = sorted(order) if ordered else order
    assert output == [b"<%d>" % index for index in sequence if index not in given_up]
    assert (ledger.written_count, ledger.held_back, ledger.bytes) == (COUNT, 0, 0)


def test_an_item_waits_in_a_span_or_alone_and_not_in_both() -> None:
    ledger = of_items(5)
    ledger.wait_alone(2, b"2")
    assert (ledger.waiting_count, len(ledger.waiting), dict(ledger.alone)) == (5, 4, {2: b"2"})
    assert all(ledger.is_waiting(index) for index in range(5))
    ledger.unwait(1, 4)
    assert [ledger.is_waiting(index) for index in range(5)] == [True, False, False, False, True]


@pytest.mark.parametrize("ordered", [True, False])
def test_memory_is_that_of_unanswered_items_and_unwritten_results(ordered: bool) -> None:
    ledger = of_items(2, ordered=ordered)
    assert ledger.bytes == 2 * (OBJECT_BYTES + 1)
    ledger.results(0, [b"0"], [b"a long result"])
    assert ledger.bytes == bytes_of([b"1", b"a long result"])
    ledger.wrote(1)
    assert ledger.bytes == OBJECT_BYTES + 1

"""Values and numbers kept as spans."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pando_client.lending.spans import Intervals, Spans


@given(st.permutations(range(30)))
def test_intervals_hold_what_was_added_and_merge_what_adjoins(numbers: list[int]) -> None:
    intervals = Intervals()
    for place, number in enumerate(numbers):
        assert number not in intervals
        intervals.add(number, number + 1)
        assert all((other in intervals) == (other in numbers[: place + 1]) for other in range(-1, 31))
    assert repr(intervals) == "<Intervals {0: 30}>"


@given(st.lists(st.sampled_from(["take", "discard", "pop"]), max_size=20), st.randoms())
def test_spans_behave_like_a_dictionary(steps: list[str], random: Random) -> None:
    spans: Spans[str] = Spans()
    model: dict[int, str] = {}
    for first in range(0, 60, 6):
        length = random.randint(0, 6)
        values = [f"v{first + i}" for i in range(length)]
        spans.add(first, values)
        model |= {first + i: value for i, value in enumerate(values)}
    for step in steps:
        if step == "discard":
            index = random.randint(0, 60)
            stop = index + random.randint(1, 20)
            spans.discard(index, stop)
            model = {i: value for i, value in model.items() if not index <= i < stop}
        elif model and step == "take":
            first, values = spans.take(random.randint(1, 8))
            assert first == min(model)
            assert values == [model.pop(first + i) for i in range(len(values))]
        elif model and step == "pop":
            first = min(model)
            values = spans.pop_from(first)
            assert values == [model.pop(first + i) for i in range(len(values))]
            assert first + len(values) not in model
        assert len(spans) == len(model)
        assert dict(spans) == model
        assert spans.lowest == min(model, default=None)
        assert repr(spans).startswith(f"<Spans {len(model)} values in ")


ranges = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6)), max_size=12)


@given(ranges, st.integers(-2, 50), st.integers(0, 30))
def test_has_all_is_what_each_index_says(pieces: list[tuple[int, int]], first: int, length: int) -> None:
    spans: Spans[str] = Spans()
    intervals = Intervals()
    there: set[int] = set()
    for start, size in pieces:
        if there.isdisjoint(range(start, start + size)):
            spans.add(start, ["x"] * size)
            intervals.add(start, start + size)
            there.update(range(start, start + size))
    expected = there.issuperset(range(first, first + length))
    assert spans.has_all(first, first + length) == expected
    assert intervals.has_all(first, first + length) == expected


def test_has_all_of_adjacent_spans_and_of_nothing() -> None:
    spans: Spans[str] = Spans()
    intervals = Intervals()
    assert spans.has_all(3, 3)
    assert intervals.has_all(3, 3)
    for start in (4, 2, 0):
        spans.add(start, "ab")
        intervals.add(start, start + 2)
    assert spans.has_all(0, 6)
    assert intervals.has_all(0, 6)
    assert not spans.has_all(0, 7)
    assert not intervals.has_all(0, 7)

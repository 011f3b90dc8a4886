"""Which spans overlap: the same as when all are looked at."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from pando_client.lending.overlaps import Overlaps


@dataclass(frozen=True)
class Piece:
    """A span of the numbers from `first` to `stop` - 1."""

    id: int
    first: int
    stop: int


sizes = st.one_of(st.integers(1, 9), st.sampled_from([15, 16, 17, 63, 64, 65, 1000]))
steps = st.lists(
    st.tuples(st.sampled_from(["add", "add", "discard", "find"]), st.integers(0, 300), sizes, st.integers(0, 50)),
    max_size=60,
)


@given(steps)
def test_it_finds_what_a_look_at_all_of_them_finds(steps: list[tuple[str, int, int, int]]) -> None:
    overlaps = Overlaps[Piece]()
    model: list[Piece] = []
    for number, (step, first, size, pick) in enumerate(steps, 1):
        stop = first + size
        if step == "add":
            overlaps.add(Piece(number, first, stop))
            model.append(Piece(number, first, stop))
        elif step == "discard" and model:
            overlaps.discard(piece := model.pop(pick % len(model)))
            assert piece not in overlaps
        expected = [piece for piece in model if piece.first < stop and first < piece.stop]
        assert overlaps.find(first, stop) == sorted(expected, key=lambda piece: (piece.first, piece.id))
        assert len(overlaps) == len(model)
        assert all(piece in overlaps for piece in model)


def test_a_span_is_added_once_and_removed_once() -> None:
    overlaps = Overlaps[Piece]()
    piece = Piece(1, 10, 20)
    overlaps.discard(piece)
    overlaps.add(piece)
    overlaps.add(piece)
    assert repr(overlaps) == "<Overlaps of 1 spans>"
    overlaps.discard(Piece(2, 10, 20))
    overlaps.discard(Piece(1, 11, 20))
    assert overlaps.find(0, 100) == [piece]
    overlaps.discard(piece)
    overlaps.discard(piece)
    assert (len(overlaps), overlaps.find(0, 100)) == (0, [])


def test_its_edges_are_those_of_a_range() -> None:
    overlaps = Overlaps[Piece]()
    overlaps.add(piece := Piece(1, 10, 20))
    assert overlaps.find(0, 10) == overlaps.find(20, 30) == []
    assert overlaps.find(0, 11) == overlaps.find(19, 30) == overlaps.find(12, 13) == [piece]


def test_of_ten_thousand_spans_only_the_neighbours_are_looked_at() -> None:
    looked_at: list[int] = []

    class Watched:
        """A span of ten numbers that notes when it is looked at."""

        def __init__(self, number: int) -> None:
            self.id = number
            self.first = 10 * number

        @property
        def stop(self) -> int:
            looked_at.append(self.id)
            return self.first + 10

    overlaps = Overlaps[Watched]()
    for number in range(10_000):
        overlaps.add(Watched(number))
    looked_at.clear()
    assert [piece.id for piece in overlaps.find(50_000, 50_010)] == [5000]
    assert len(looked_at) <= 3

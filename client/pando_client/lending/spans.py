"""Values by index, kept as spans of consecutive ones: what waits, and what is held back, without an object an item."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar

from sortedcontainers import SortedDict

T = TypeVar("T")


class Spans(Generic[T]):
    """A sparse sequence. Adding and taking a span costs the same whether it has one value or thousands."""

    def __init__(self) -> None:
        self._spans: SortedDict[int, deque[T]] = SortedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"<Spans {self._count} values in {len(self._spans)} spans>"

    def __contains__(self, index: int) -> bool:
        return self._find(index) is not None

    def __iter__(self) -> Iterator[tuple[int, T]]:
        for first, values in self._spans.items():
            yield from enumerate(values, first)

    @property
    def lowest(self) -> int | None:
        """The lowest index, or None when there is nothing."""
        return self._spans.peekitem(0)[0] if self._spans else None

    def has_all(self, first: int, stop: int) -> bool:
        """Whether every index from `first` to `stop` - 1 is in."""
        while first < stop:
            place = self._spans.bisect_right(first) - 1
            if place < 0:
                return False
            start, span = self._spans.peekitem(place)
            if first >= start + len(span):
                return False
            first = start + len(span)
        return True

    def add(self, first: int, values: Iterable[T]) -> None:
        """Adds a span of values from index `first` on; none of these indexes may be in already."""
        span = deque(values)
        if not span:
            return
        self._count += len(span)
        place = self._spans.bisect_left(first) - 1
        if place >= 0:
            before, last = self._spans.peekitem(place)
            if before + len(last) == first:
                # A span of one value takes ten times the memory of a value in a span.
                last.extend(span)
                return
        self._spans[first] = span

    def take(self, limit: int) -> tuple[int, list[T]]:
        """Removes and returns the lowest span, at most `limit` >= 1 values of it; adjacent spans count as one.

        Raises:
            IndexError: there is nothing.
        """
        first, span = self._spans.popitem(0)
        taken: list[T] = []
        while True:
            room = limit - len(taken)
            if len(span) > room:
                taken += [span.popleft() for _ in range(room)]
                self._spans[first + len(taken)] = span
                break
            taken += span
            after = self._spans.pop(first + len(taken), None)
            if after is None:
                break
            span = after
        self._count -= len(taken)
        return first, taken

    def pop_from(self, first: int) -> list[T]:
        """Removes and returns all consecutive values from index `first` on; it must be where a span begins."""
        values: list[T] = []
        while (span := self._spans.pop(first + len(values), None)) is not None:
            values += span
        self._count -= len(values)
        return values

    def discard(self, first: int, stop: int) -> None:
        """Removes the values from index `first` to `stop` - 1, those that are there."""
        place = max(0, self._spans.bisect_right(first) - 1)
        while place < len(self._spans):
            start, span = self._spans.peekitem(place)
            if start >= stop:
                return
            if start + len(span) <= first:
                place += 1
                continue
            del self._spans[start]
            self._count -= len(span)
            if start < first:
                self._put(start, deque(islice(span, first - start)))
                place += 1
            # From its front, so that discarding one after the other does not copy the rest each time.
            for _ in range(min(stop - start, len(span))):
                span.popleft()
            self._put(max(start, stop), span)

    def _put(self, first: int, span: deque[T]) -> None:
        if span:
            self._spans[first] = span
            self._count += len(span)

    def _find(self, index: int) -> int | None:
        place = self._spans.bisect_right(index) - 1
        if place < 0:
            return None
        first, span = self._spans.peekitem(place)
        return first if index < first + len(span) else None


class Intervals:
    """A set of whole numbers, kept as its gaps and not as its members: cheap when they come nearly in order."""

    def __init__(self) -> None:
        self._stops: SortedDict[int, int] = SortedDict()  # first -> stop

    def __repr__(self) -> str:
        return f"<Intervals {dict(self._stops)}>"

    def __contains__(self, number: int) -> bool:
        place = self._stops.bisect_right(number) - 1
        return place >= 0 and number < int(self._stops.peekitem(place)[1])

    def has_all(self, first: int, stop: int) -> bool:
        """Whether every number from `first` to `stop` - 1 is in."""
        while first < stop:
            place = self._stops.bisect_right(first) - 1
            if place < 0 or self._stops.peekitem(place)[1] <= first:
                return False
            first = int(self._stops.peekitem(place)[1])
        return True

    def add(self, first: int, stop: int) -> None:
        """Adds the numbers from `first` to `stop` - 1; none of them may be in already."""
        place = self._stops.bisect_right(first) - 1
        if place >= 0:
            before, end = self._stops.peekitem(place)
            if end == first:
                first = before
        self._stops[first] = self._stops.pop(stop, stop)

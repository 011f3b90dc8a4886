"""Values by index, kept as runs of consecutive ones: what waits, and what is held back, without an object an item."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar

from sortedcontainers import SortedDict

T = TypeVar("T")


class Runs(Generic[T]):
    """A sparse sequence. Adding and taking a run costs the same whether it has one value or thousands."""

    def __init__(self) -> None:
        self._runs: SortedDict[int, deque[T]] = SortedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"<Runs {self._count} values in {len(self._runs)} runs>"

    def __contains__(self, index: int) -> bool:
        return self._find(index) is not None

    def __iter__(self) -> Iterator[tuple[int, T]]:
        for first, values in self._runs.items():
            yield from enumerate(values, first)

    @property
    def lowest(self) -> int | None:
        """The lowest index, or None when there is nothing."""
        return self._runs.peekitem(0)[0] if self._runs else None

    def add(self, first: int, values: Iterable[T]) -> None:
        """Adds a run of values from index `first` on; none of these indexes may be in already."""
        run = deque(values)
        if not run:
            return
        self._count += len(run)
        place = self._runs.bisect_left(first) - 1
        if place >= 0:
            before, last = self._runs.peekitem(place)
            if before + len(last) == first:
                # A run of one value takes ten times the memory of a value in a run.
                last.extend(run)
                return
        self._runs[first] = run

    def take(self, limit: int) -> tuple[int, list[T]]:
        """Removes and returns the lowest run, at most `limit` >= 1 values of it; adjacent runs count as one.

        Raises:
            IndexError: there is nothing.
        """
        first, run = self._runs.popitem(0)
        taken: list[T] = []
        while True:
            room = limit - len(taken)
            if len(run) > room:
                taken += [run.popleft() for _ in range(room)]
                self._runs[first + len(taken)] = run
                break
            taken += run
            after = self._runs.pop(first + len(taken), None)
            if after is None:
                break
            run = after
        self._count -= len(taken)
        return first, taken

    def pop_from(self, first: int) -> list[T]:
        """Removes and returns all consecutive values from index `first` on; it must be where a run begins."""
        values: list[T] = []
        while (run := self._runs.pop(first + len(values), None)) is not None:
            values += run
        self._count -= len(values)
        return values

    def discard(self, first: int, stop: int) -> None:
        """Removes the values from index `first` to `stop` - 1, those that are there."""
        place = max(0, self._runs.bisect_right(first) - 1)
        while place < len(self._runs):
            start, run = self._runs.peekitem(place)
            if start >= stop:
                return
            if start + len(run) <= first:
                place += 1
                continue
            del self._runs[start]
            self._count -= len(run)
            if start < first:
                self._put(start, deque(islice(run, first - start)))
                place += 1
            # From its front, so that discarding one after the other does not copy the rest each time.
            for _ in range(min(stop - start, len(run))):
                run.popleft()
            self._put(max(start, stop), run)

    def _put(self, first: int, run: deque[T]) -> None:
        if run:
            self._runs[first] = run
            self._count += len(run)

    def _find(self, index: int) -> int | None:
        place = self._runs.bisect_right(index) - 1
        if place < 0:
            return None
        first, run = self._runs.peekitem(place)
        return first if index < first + len(run) else None


class Intervals:
    """A set of whole numbers, kept as its gaps and not as its members: cheap when they come nearly in order."""

    def __init__(self) -> None:
        self._stops: SortedDict[int, int] = SortedDict()  # first -> stop

    def __repr__(self) -> str:
        return f"<Intervals {dict(self._stops)}>"

    def __contains__(self, number: int) -> bool:
        place = self._stops.bisect_right(number) - 1
        return place >= 0 and number < int(self._stops.peekitem(place)[1])

    def add(self, first: int, stop: int) -> None:
        """Adds the numbers from `first` to `stop` - 1; none of them may be in already."""
        place = self._stops.bisect_right(first) - 1
        if place >= 0:
            before, end = self._stops.peekitem(place)
            if end == first:
                first = before
        self._stops[first] = self._stops.pop(stop, stop)

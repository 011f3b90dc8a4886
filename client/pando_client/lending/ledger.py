"""The ledger: where each item is, from reading it to writing its result. It knows nothing of volunteers.

An item is read and *waits*; is taken out to be lent, and perhaps waits again; is *answered*, and held back until
everything before it is (or, unordered, not at all); and is *written*. What it and its result take in memory is counted
on the way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from sortedcontainers import SortedDict

from pando_client.lending.spans import Intervals, Spans

OBJECT_BYTES = 64
"""What Python needs for an item or a result besides its text, about."""

GIVEN_UP = None
"""In place of a result: nothing will be written for this item."""

Result = bytes | None


class Ledger:
    """All items of a job. See the module's docstring.

    Args:
        ordered: whether results are held back until those before them are there.
    """

    def __init__(self, *, ordered: bool = True) -> None:
        self.read_count = 0
        """Items read so far: the next one read has this index."""
        self.answered_count = 0
        """Items that have a result, or were given up."""
        self.written_count = 0
        """Items whose result was written, or that were given up and are passed."""
        self.bytes = 0
        """What unanswered items and unwritten results take, about."""
        self.waiting: Spans[bytes] = Spans()
        """Items that are with nobody, but for those in `alone` and `at_risk`."""
        self.alone: SortedDict[int, bytes] = SortedDict()
        """Items that are with nobody and are to be lent one by one: they failed or were declined."""
        self.at_risk: SortedDict[int, bytes] = SortedDict()
        """Items that are with nobody and are to be lent to a volunteer that holds nothing else."""
        self._ordered = ordered
        self.held: Spans[Result] = Spans()
        """Results that wait for those before them; none when unordered."""
        self._next_write = 0  # ordered: the lowest index that is not answered
        self._answered = Intervals()  # unordered: indexes that are answered
        self._unwritten: deque[Sequence[bytes]] = deque()  # given to the output and not taken yet

    @property
    def waiting_count(self) -> int:
        """Items that are with nobody."""
        return len(self.waiting) + len(self.alone) + len(self.at_risk)

    @property
    def held_back(self) -> int:
        """Items that are answered and not yet written."""
        return self.answered_count - self.written_count

    @property
    def awaited(self) -> int | None:
        """The index of the item for which results wait, if they are ordered."""
        return self._next_write if self._ordered and self._next_write < self.read_count else None

    def read(self, items: Sequence[bytes]) -> None:
        """Adds items; they wait."""
        self.waiting.add(self.read_count, items)
        self.read_count += len(items)
        self.bytes += bytes_of(items)

    def is_answered(self, index: int) -> bool:
        """Whether an item has its answer."""
        if self._ordered:
            return index < self._next_write or index in self.held
        return index in self._answered

    def all_answered(self, first: int, stop: int) -> bool:
        """Whether all items from `first` to `stop` - 1 have their answers."""
        if self._ordered:
            return self.held.has_all(max(first, self._next_write), stop)
        return self._answered.has_all(first, stop)

    def is_waiting(self, index: int) -> bool:
        """Whether an item is with nobody."""
        return index in self.alone or index in self.at_risk or index in self.waiting

    def unwait(self, first: int, stop: int) -> None:
        """Items that wait, those of them that do, are not to be lent: the items from `first` to `stop` - 1."""
        for apart in (self.alone, self.at_risk):
            for index in list(apart.irange(first, stop, inclusive=(True, False))):
                del apart[index]
        self.waiting.discard(first, stop)

    def wait_alone(self, index: int, item: bytes) -> None:
        """An item waits, and will be lent by itself."""
        self.unwait(index, index + 1)
        self.alone[index] = item

    def wait_at_risk(self, index: int, item: bytes) -> None:
        """An item waits, and will be lent to a volunteer that holds nothing else."""
        self.unwait(index, index + 1)
        self.at_risk[index] = item

    def results(self, first: int, items: Sequence[bytes], values: Sequence[Result]) -> list[bytes]:
        """Takes the results of a span of items, none of which was answered; returns what is to be written now."""
        self.bytes += bytes_of(values) - bytes_of(items)
        self.answered_count += len(values)
        if not self._ordered:
            self._answered.add(first, first + len(values))
            return self._to_write(values)
        if first != self._next_write:
            self.held.add(first, values)
            return []
        out = [*values, *self.held.pop_from(first + len(values))]
        self._next_write = first + len(out)
        return self._to_write(out)

    def wrote(self, count: int) -> None:
        """The output has taken `count` more of the results that it was given."""
        self.written_count += count
        while count > 0:
            results = self._unwritten.popleft()
            taken = results[:count]
            self.bytes -= bytes_of(taken)
            count -= len(taken)
            if len(taken) < len(results):
                self._unwritten.appendleft(results[len(taken) :])

    def _to_write(self, values: Sequence[Result]) -> list[bytes]:
        results = [value for value in values if value is not GIVEN_UP]
        self.written_count += len(values) - len(results)
        if results:
            self._unwritten.append(results)
        return results


def bytes_of(values: Sequence[Result]) -> int:
    """What these take in memory, about."""
    return sum(OBJECT_BYTES + len(value) for value in values if value is not None)

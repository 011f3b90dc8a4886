"""Backup copies of leases that are out for too long (P10): which of their items may be copied, and by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pando_client.lending.instructions import VolunteerId
from pando_client.lending.leases import Lease, Leases
from pando_client.lending.ledger import Ledger
from pando_client.lending.retries import Retry
from pando_client.lending.risks import Risks

STRAGGLER_FACTOR = 3
"""A lease that is out for so many times as long as is typical is a straggler: idle slots may run a copy of it."""
OVERDUE_FACTOR = 10
"""A straggler that is out for so many times as long, and for which results wait, is copied before other work."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Items of a straggler, from index `first` on, that another volunteer may run as well."""

    of: Lease
    first: int
    items: Sequence[bytes]
    alone: bool = False
    """Whether it is an item at risk, for a volunteer that holds nothing else."""


class Stragglers:
    """Finds what to copy. It changes nothing in what it looks at.

    Args:
        ledger: which items are answered.
        leases: which are out.
        retries: which items were declined, by whom.
        risks: which items may end a volunteer.
    """

    def __init__(self, ledger: Ledger, leases: Leases, retries: Mapping[int, Retry], risks: Risks) -> None:
        self._ledger = ledger
        self._leases = leases
        self._retries = retries
        self._risks = risks
        self._overdue: list[Lease] = []

    def __repr__(self) -> str:
        return f"<Stragglers, {len(self._overdue)} overdue>"

    def tick(self, now: float) -> None:
        """It is `now`, in seconds: leases may have become overdue."""
        self._overdue = self._leases.late(OVERDUE_FACTOR, now) if self._ledger.held_back else []

    def late(self, now: float, end: int) -> list[Lease]:
        """Returns the leases of which somebody may run a copy, lowest index first.

        Args:
            now: seconds.
            end: the index from which on nothing is wanted any more.
        """
        late = self._leases.late(STRAGGLER_FACTOR, now)
        return [lease for lease in late if self._is_open(lease, now, end)]

    def overdue_copy(self, name: VolunteerId, limit: int, now: float, end: int) -> Copy | None:
        """Returns what this volunteer is to copy before it gets other work: at most `limit` items."""
        place = 0
        while place < len(self._overdue):
            lease = self._overdue[place]
            if self._leases.get(lease.id) is None or not self._is_open(lease, now, end):
                del self._overdue[place]  # until the next tick
                continue
            if (copy := self.copy_for(name, lease, limit, now, end)) is not None:
                del self._overdue[place]
                return copy
            place += 1
        return None

    def copy_for(self, name: VolunteerId, lease: Lease, limit: int, now: float, end: int) -> Copy | None:
        """Returns the first span of a lease that this volunteer may copy, of at most `limit` items.

        These are items that are not answered, that it has not declined, and that nobody else holds besides the
        lease's volunteer. Another copy that is late itself does not count: whoever holds it may be no better. An item
        at risk is copied by itself.
        """
        if lease.volunteer == name or lease.doubted:
            return None
        others = self._others(lease, now, name)
        stop = min(lease.stop, end)
        first = lease.next
        while first < stop and not self._is_free(first, others, name):
            first += 1
        if first >= stop:
            return None
        alone = first in self._risks
        stop = first + 1 if alone else min(stop, first + limit)
        last = first + 1
        while last < stop and last not in self._risks and self._is_free(last, others, name):
            last += 1
        return Copy(lease, first, lease.items[first - lease.first : last - lease.first], alone)

    def _is_open(self, lease: Lease, now: float, end: int) -> bool:
        """Whether there is anything to copy, whoever does it: looked at before it is looked for somebody."""
        if lease.doubted:
            return False
        others = self._others(lease, now)
        return any(self._is_free(index, others) for index in range(lease.next, min(lease.stop, end)))

    def _others(self, lease: Lease, now: float, name: VolunteerId | None = None) -> list[Lease]:
        """Returns the leases of others that hold items of this one and keep these from being copied by `name`."""
        return [
            other
            for other in self._leases.overlapping(lease, lease.next, lease.stop)
            if other.volunteer == name or not self._leases.is_late(other, STRAGGLER_FACTOR, now)
        ]

    def _is_free(self, index: int, others: Sequence[Lease], name: VolunteerId | None = None) -> bool:
        if self._ledger.is_answered(index) or any(other.next <= index < other.stop for other in others):
            return False
        return name is None or index not in self._retries or name not in self._retries[index].declined_by

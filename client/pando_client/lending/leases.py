"""The leases that are out: which volunteer holds which span of items, since when, and whether another does as well.

Nothing here costs more the more leases there are: those of one volunteer, those that are late and those that overlap
are each found without looking at the others.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from pando_client.lending.instructions import VolunteerId
from pando_client.lending.overlaps import Overlaps

STRAGGLER_MIN_SECONDS = 1.0
"""No lease is late before."""
STRAGGLER_UNKNOWN_SECONDS = 10.0
"""While none has been answered yet, no lease is late before."""
_WEIGHT = 0.2
"""Of the last complete lease in the typical time of one."""


@dataclass(slots=True, eq=False)
class Lease:
    """A span of consecutive items, lent to one volunteer at the time `lent_at`, in seconds."""

    id: int
    volunteer: VolunteerId
    first: int
    items: Sequence[bytes]
    lent_at: float
    copy: bool
    """Whether it is a backup copy."""
    troubled: bool = False
    """Whether its items failed or were declined somewhere."""
    done: int = 0
    """How many of its items are answered by it, from the first one on."""
    doubted: bool = False
    """Whether its volunteer is a suspect: its items wait, or are lent to others, and its answers still count."""
    contested: bool = False
    """Whether some of its items were lent to another volunteer while it was out: each answer is looked up then."""
    alone: bool = False
    """Whether its items are at risk, and its volunteer holds nothing else."""
    answered_at: float = 0.0
    """When it last answered an item, or was lent: in seconds."""
    patience: float = 0.0
    """Seconds for which it is not late, whatever is typical."""

    @property
    def is_plain(self) -> bool:
        """Whether no item of it needs a look: only this volunteer has it, and it is not in trouble."""
        return not (self.contested or self.doubted or self.troubled)

    @property
    def is_complete(self) -> bool:
        """Whether every item of it is answered."""
        return self.done == len(self.items)

    @property
    def next(self) -> int:
        """The index of the first item that is not answered by this lease."""
        return self.first + self.done

    @property
    def stop(self) -> int:
        """The index after its last item."""
        return self.first + len(self.items)


class Leases:
    """All leases that are out, by number."""

    def __init__(self) -> None:
        self.last_id = 0
        """The number of the lease that was lent last."""
        self.emptied: dict[VolunteerId, None] = {}
        """Volunteers that hold nothing any more, since somebody last looked and took them out."""
        # In the order in which they were lent. Not a plain dict: to look at the oldest of one from whose front much
        # was deleted costs as much as was deleted.
        self._leases: OrderedDict[int, Lease] = OrderedDict()
        self._of: dict[VolunteerId, set[int]] = {}
        # Those that are doubted or contested. All others overlap with none.
        self._overlaps = Overlaps[Lease]()
        self._typical: float | None = None  # seconds that one is out

    def __repr__(self) -> str:
        return f"<Leases {len(self._leases)} out, {len(self._overlaps)} doubted or contested>"

    def __len__(self) -> int:
        return len(self._leases)

    def __iter__(self) -> Iterator[Lease]:
        return iter(self._leases.values())

    @property
    def typical(self) -> float:
        """Seconds that a lease is out; 0 while none has been answered."""
        return self._typical or 0.0

    def longest_with(self, since: float, index: int | None) -> Lease | None:
        """Returns the oldest lease without an answer since then; with an index, of those that hold this item."""
        for lease in self._leases.values():
            if lease.lent_at > since:
                return None
            holds = index is None or lease.next <= index < lease.stop
            if holds and lease.answered_at <= since and not lease.doubted:
                return lease
        return None

    def get(self, number: int) -> Lease | None:
        """Returns the lease of this number, if it is out."""
        return self._leases.get(number)

    def are_with(self, volunteer: VolunteerId) -> bool:
        """Whether this volunteer holds any."""
        return volunteer in self._of

    def of(self, volunteer: VolunteerId) -> list[Lease]:
        """Returns what this volunteer holds, in the order in which it was lent."""
        return [self._leases[number] for number in sorted(self._of.get(volunteer, ()))]

    def lend(
        self,
        volunteer: VolunteerId,
        first: int,
        items: Sequence[bytes],
        now: float,
        *,
        copy: bool = False,
        troubled: bool = False,
        alone: bool = False,
        patience: float = 0.0,
    ) -> Lease:
        """Adds a lease; it and those that hold some of the same items are contested from now on."""
        self.last_id += 1
        lease = Lease(
            self.last_id, volunteer, first, items, now, copy, troubled, alone=alone, answered_at=now, patience=patience
        )
        if self._overlaps:
            others = self._overlaps.find(first, lease.stop)
            for other in others:
                other.contested = True
            if others:
                lease.contested = True
                self._overlaps.add(lease)
        self._leases[lease.id] = lease
        self._of.setdefault(volunteer, set()).add(lease.id)
        return lease

    def expect_copy(self, lease: Lease) -> None:
        """Some items of this lease are about to be lent to another volunteer as well."""
        self._overlaps.add(lease)

    def doubt(self, lease: Lease) -> None:
        """Its volunteer is a suspect."""
        lease.doubted = True
        self._overlaps.add(lease)

    def trust(self, lease: Lease) -> None:
        """Its volunteer is a suspect no more."""
        lease.doubted = False
        if not lease.contested:
            self._overlaps.discard(lease)

    def close(self, lease: Lease) -> None:
        """The lease is over."""
        del self._leases[lease.id]
        if lease.contested or lease.doubted:
            self._overlaps.discard(lease)
        held = self._of[lease.volunteer]
        held.discard(lease.id)
        if not held:
            del self._of[lease.volunteer]
            self.emptied[lease.volunteer] = None

    def complete(self, lease: Lease, now: float) -> None:
        """The lease is over, and every item of it was answered: so long a lease is out."""
        self.close(lease)
        seconds = now - lease.lent_at
        self._typical = seconds if self._typical is None else self._typical + _WEIGHT * (seconds - self._typical)

    def overlapping(self, lease: Lease, first: int, stop: int) -> list[Lease]:
        """Returns the leases of others, but not of suspects, that hold unanswered items from `first` to `stop` - 1."""
        if not (lease.contested or lease.doubted):
            return []
        return [
            other
            for other in self._overlaps.find(first, stop)
            if other.next < stop and other.volunteer != lease.volunteer and not other.doubted
        ]

    def late(self, factor: float, now: float) -> list[Lease]:
        """Returns the leases that are out for over `factor` times as long as is typical, lowest index first."""
        since = now - self._patience(factor)
        late: list[Lease] = []
        for lease in self._leases.values():
            if lease.lent_at > since:
                break
            if lease.lent_at <= now - lease.patience:
                late.append(lease)
        late.sort(key=lambda lease: lease.first)
        return late

    def is_late(self, lease: Lease, factor: float, now: float) -> bool:
        """Whether this lease is out for over `factor` times as long as is typical."""
        return lease.lent_at <= now - max(lease.patience, self._patience(factor))

    def check(self, suspects: Collection[VolunteerId]) -> None:
        """Asserts what holds between two stimuli, for tests."""
        assert {number for held in self._of.values() for number in held} == set(self._leases)
        for lease in self:
            assert lease.id in self._of[lease.volunteer]
            assert lease.done < len(lease.items)
            assert not lease.alone or self.of(lease.volunteer) == [lease], f"{lease} is not alone"
            assert lease.doubted == (lease.volunteer in suspects)
            assert not (lease.contested or lease.doubted) or lease in self._overlaps
            shared = [
                other for other in self if other is not lease and other.next < lease.stop and lease.next < other.stop
            ]
            assert lease.contested or not shared, f"{lease} and {shared}"
        lent = [lease.lent_at for lease in self]
        assert lent == sorted(lent)

    def _patience(self, factor: float) -> float:
        if self._typical is None:
            return STRAGGLER_UNKNOWN_SECONDS
        return max(STRAGGLER_MIN_SECONDS, factor * self._typical)

"""The leases that are out: which volunteer holds which run of items, since when, and whether another does as well."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from pando_client.lending.instructions import VolunteerId

STRAGGLER_MIN = 1.0
STRAGGLER_UNKNOWN = 10.0
"""Seconds: no lease is late before, and not before the latter while none has been answered yet."""
_WEIGHT = 0.2


@dataclass(slots=True)
class Lease:
    """A run of consecutive items, lent to one volunteer at the time `lent_at`."""

    id: int
    volunteer: VolunteerId
    first: int
    items: Sequence[bytes]
    lent_at: float
    copy: bool
    # Whether its items are in trouble: they failed or were declined somewhere.
    troubled: bool = False
    done: int = 0
    # Whether another lease may hold, or have held, some of the same items: then each answer is looked up.
    contested: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether no item of it needs a look: nobody else has it, and it is not in trouble."""
        return not self.contested and not self.troubled

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
        self.contested = 0
        """How many of them are contested."""
        self.last = 0
        """The number of the lease that was lent last."""
        self._leases: dict[int, Lease] = {}
        self._of: dict[VolunteerId, set[int]] = {}
        self._typical: float | None = None  # seconds that one is out

    def __repr__(self) -> str:
        return f"<Leases {len(self._leases)} out, {self.contested} contested>"

    def __len__(self) -> int:
        return len(self._leases)

    def __iter__(self) -> Iterator[Lease]:
        return iter(self._leases.values())

    def get(self, number: int) -> Lease | None:
        """Returns the lease of this number, if it is out."""
        return self._leases.get(number)

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
    ) -> Lease:
        """Adds a lease. While any is contested, an item of this one may be answered from there: then it is as well."""
        self.last += 1
        lease = Lease(self.last, volunteer, first, items, now, copy, troubled)
        if copy or self.contested:
            self.contest(lease)
        self._leases[lease.id] = lease
        self._of.setdefault(volunteer, set()).add(lease.id)
        return lease

    def contest(self, lease: Lease) -> None:
        """Somebody else may answer items of this lease from now on."""
        if not lease.contested:
            lease.contested = True
            self.contested += 1

    def close(self, lease: Lease) -> None:
        """The lease is over."""
        del self._leases[lease.id]
        self.contested -= lease.contested
        held = self._of[lease.volunteer]
        held.discard(lease.id)
        if not held:
            del self._of[lease.volunteer]

    def answered(self, lease: Lease, now: float) -> None:
        """The lease is over, and every item of it was answered: so long a lease is out."""
        self.close(lease)
        seconds = now - lease.lent_at
        self._typical = seconds if self._typical is None else self._typical + _WEIGHT * (seconds - self._typical)

    def overlapping(self, first: int, stop: int, but_of: VolunteerId, suspects: Collection[VolunteerId]) -> list[Lease]:
        """Returns leases of others, not suspects, that hold unanswered items from `first` to `stop` - 1."""
        if self.contested == 0:
            return []
        return [
            lease
            for lease in self
            if lease.next < stop
            and first < lease.stop
            and lease.volunteer != but_of
            and lease.volunteer not in suspects
        ]

    def late(self, factor: float, now: float) -> list[Lease]:
        """Returns the leases that are out for over `factor` times as long as is typical, lowest index first."""
        since = now - self._patience(factor)
        return sorted((lease for lease in self if lease.lent_at <= since), key=lambda lease: lease.first)

    def is_late(self, lease: Lease, factor: float, now: float) -> bool:
        """Whether this lease is out for over `factor` times as long as is typical."""
        return lease.lent_at <= now - self._patience(factor)

    def _patience(self, factor: float) -> float:
        return STRAGGLER_UNKNOWN if self._typical is None else max(STRAGGLER_MIN, factor * self._typical)

"""How much a volunteer is lent at a time: enough to keep its slots busy, and no more than that.

A core of its own. Two rules share the form ``want(slots, in_flight) -> (leases, items)``: how many more leases the
volunteer would take now, and of how many items each.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

LEASE_SECONDS = 0.1
"""Work in one lease: short enough to share out the rest of a job, long enough that its frames cost next to nothing."""
MAX_LEASE_ITEMS = 16_384
MAX_LEASE_BYTES = 256 * 1024
"""Bytes of the items of one lease, unless one item has more: a lease in the channel's buffer delays what follows."""
MAX_DEPTH = 8
"""Leases in flight for each slot."""
OWN_SECONDS = 0.005
"""What the client and the page add to a round trip."""
NEGLIGIBLE = 0.02
"""A slot that waits for less than this part of a lease's time need not have the next one in advance."""
_SAMPLES = 8


class Credit(Protocol):
    """A rule for what a volunteer is lent."""

    def want(self, slots: int, in_flight: int) -> tuple[int, int]:
        """Returns how many more leases the volunteer would take now, and of how many items.

        Args:
            slots: what the volunteer lends.
            in_flight: leases that it holds.
        """

    def answered(self, count: int, busy_us: int) -> None:
        """Notes that `count` items took a slot `busy_us` microseconds."""

    def lent(self, count: int, size: int) -> None:
        """Notes that a lease of `count` items of `size` bytes was sent."""

    def round_trip(self, seconds: float) -> None:
        """Notes the time of a ping and its pong."""


class FixedCredit:
    """One lease for each slot, each of the same number of items.

    Args:
        batch_size: items of a lease, at least 1 (`--batch-size`).
    """

    def __init__(self, batch_size: int = 1) -> None:
        self.batch_size = batch_size

    def want(self, slots: int, in_flight: int) -> tuple[int, int]:
        """See `Credit`."""
        return max(0, slots - in_flight), self.batch_size

    def answered(self, count: int, busy_us: int) -> None:
        """Changes nothing."""

    def lent(self, count: int, size: int) -> None:
        """Changes nothing."""

    def round_trip(self, seconds: float) -> None:
        """Changes nothing."""


class AutoCredit:
    """Leases of about `LEASE_SECONDS` of work, as many in flight as cover the round trip.

    Begins with one item for each slot, and doubles from there: the time of an item is not known before the first
    answer, and a coarse clock (Firefox: 1 ms) measures short ones as nothing.
    """

    def __init__(self) -> None:
        self._items = 1
        self._item_seconds: float | None = None
        self._item_bytes = 0.0
        self._round_trips: deque[float] = deque(maxlen=_SAMPLES)

    def __repr__(self) -> str:
        seconds = "?" if self._item_seconds is None else f"{self._item_seconds:.2g}"
        return f"<AutoCredit {self._items} items a lease, {self._depth()} leases a slot, {seconds} s an item>"

    def want(self, slots: int, in_flight: int) -> tuple[int, int]:
        """See `Credit`."""
        return max(0, slots * self._depth() - in_flight), self._items

    def answered(self, count: int, busy_us: int) -> None:
        """See `Credit`."""
        sample = busy_us / 1e6 / count
        known = self._item_seconds
        # Slower counts at once, faster little by little: too small a lease costs a frame, too large a one the output.
        weight = 0.5 if known is not None and sample > known else 0.25
        self._item_seconds = sample if known is None else known + weight * (sample - known)
        fitting = LEASE_SECONDS / self._item_seconds if self._item_seconds > 0 else MAX_LEASE_ITEMS
        self._items = max(1, min(2 * self._items, int(fitting), self._most()))

    def lent(self, count: int, size: int) -> None:
        """See `Credit`."""
        self._item_bytes += 0.25 * (size / count - self._item_bytes)

    def round_trip(self, seconds: float) -> None:
        """See `Credit`."""
        self._round_trips.append(seconds)

    def _most(self) -> int:
        return min(MAX_LEASE_ITEMS, int(MAX_LEASE_BYTES / max(1.0, self._item_bytes)))

    def _depth(self) -> int:
        if self._item_seconds is None:
            return 1
        # The shortest of the last ones: under load a ping waits behind the very leases that it is to measure.
        idle = OWN_SECONDS + min(self._round_trips, default=0.0)
        work = self._item_seconds * self._items
        if idle < NEGLIGIBLE * work:
            return 1
        return min(MAX_DEPTH, 1 + math.ceil(idle / work)) if work > 0 else MAX_DEPTH

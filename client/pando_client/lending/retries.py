"""Items on which the function failed or which were declined, until they are answered or given up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from pando_client.lending.instructions import Failure, VolunteerId


@dataclass(slots=True)
class Retry:
    """What happened to one item so far."""

    item: bytes
    error: bytes = b""
    """The last error, as JSON."""
    failed_on: list[VolunteerId] = field(default_factory=list)
    """One entry for each attempt."""
    declined_by: set[VolunteerId] = field(default_factory=set)

    def failure(self, index: int) -> Failure:
        """What is reported when the item, of this index, is given up."""
        return Failure(index, self.item, self.error, tuple(self.failed_on))

    def may_go_to(self, name: VolunteerId, here: Collection[VolunteerId], suspects: Collection[VolunteerId]) -> bool:
        """Whether the item may be lent to this volunteer.

        To one that declined it never. To one on which it failed only if it was tried on all others (P8): on those
        that are `here` and no `suspects`.
        """
        if name in self.declined_by:
            return False
        if name not in self.failed_on:
            return True
        # Few fail before the item is given up: so where many are here, there is no need to look at each.
        tried = len(self.declined_by) + len(self.failed_on)
        if tried < len(here) - len(suspects):
            return False
        return all(
            other in self.declined_by or other in self.failed_on or other in suspects for other in here if other != name
        )

    def declined_by_all(self, here: Collection[VolunteerId]) -> bool:
        """Whether every volunteer that is `here` has declined the item; not when nobody has."""
        if not self.declined_by or len(self.declined_by) < len(here):
            return False
        return all(name in self.declined_by for name in here)

"""Items in trouble: those on which the function failed or which were declined, until they are answered or given up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from pando_client.lending.instructions import Failure, VolunteerId


@dataclass(slots=True)
class Trouble:
    """What happened to one item."""

    item: bytes
    error: bytes = b""
    failed_on: list[VolunteerId] = field(default_factory=list)
    declined_by: set[VolunteerId] = field(default_factory=set)

    def may_go_to(self, name: VolunteerId, others: Collection[VolunteerId]) -> bool:
        """Whether the item may be lent to this volunteer.

        To one that declined it never; to one on which it failed only if none of the `others` is still untried (P8).
        """
        if name in self.declined_by:
            return False
        if name not in self.failed_on:
            return True
        return all(other in self.declined_by or other in self.failed_on for other in others)

    def failure(self, index: int) -> Failure:
        """The trouble as it is reported when the item is given up."""
        return Failure(index, self.item, self.error, tuple(self.failed_on))

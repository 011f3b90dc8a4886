"""How much a volunteer is lent at a time: a core of its own, so that a cleverer one can take its place."""

from __future__ import annotations


class FixedCredit:
    """One lease for each slot, each of the same number of items.

    Args:
        batch_size: items of a lease, at least 1 (`--batch-size`).
    """

    def __init__(self, batch_size: int = 1) -> None:
        self.batch_size = batch_size

    def want(self, slots: int, in_flight: int) -> tuple[int, int]:
        """Returns how many more leases the volunteer would take now, and of how many items.

        Args:
            slots: what the volunteer lends.
            in_flight: leases that it holds.
        """
        return max(0, slots - in_flight), self.batch_size

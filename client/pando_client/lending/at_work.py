"""Which items a volunteer may have been working on when it was last heard.

A volunteer works on its leases in the order in which they came, at most one on each of its cores, and has at most one
more ahead for each (`volunteer-web/src/pool/feeding.ts`): what comes after these has not begun. Of a lease everything
before the first item without an answer is done. A few more may be done, since answers wait for others for some
milliseconds on their way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pando_client.lending.leases import Lease

AHEAD = 2
"""Leases that a core is given at a time: one that it works on and one more."""
UNREPORTED_SECONDS = 0.6
"""Work that may be done and not reported: several times the 75 ms for which a volunteer holds results."""
QUIET_SECONDS = 1.0
"""A volunteer that was heard for so long without an answer is on the first item that has none."""


@dataclass(frozen=True, slots=True)
class AtWork:
    """What is known of a volunteer's work.

    Attributes:
        cores: those that it lends, at least 1.
        item_seconds: what an item takes it, about; 0 when that is not known.
        heard_at: when it was last heard, in seconds.
        is_new: whether it had only just come.
    """

    cores: int
    item_seconds: float
    heard_at: float
    is_new: bool = False


NOTHING_KNOWN = AtWork(cores=1_000_000, item_seconds=0.0, heard_at=float("-inf"))
"""All that such a volunteer holds may have begun."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Items of a lease that may have begun and have no answer: their indexes, of which there is at least one."""

    lease: Lease
    indexes: Sequence[int]

    @property
    def span(self) -> tuple[int, int]:
        """From the first of them to the one after the last."""
        return self.indexes[0], self.indexes[-1] + 1

    @property
    def is_single(self) -> bool:
        """Whether its volunteer held nothing else but this one item."""
        return self.lease.alone and len(self.lease.items) == 1


def may_have_begun(held: Sequence[Lease], at_work: AtWork, is_answered: Callable[[int], bool]) -> list[Begun]:
    """Returns what of the leases that a volunteer holds may have begun.

    Args:
        held: the leases, in the order in which they were lent.
        at_work: the volunteer.
        is_answered: whether an item has an answer, perhaps of somebody else.
    """
    found: list[Begun] = []
    for lease in held[: AHEAD * at_work.cores]:
        indexes: Sequence[int] = range(lease.next, lease.next + _count(lease, at_work))
        if not lease.is_plain:
            indexes = [index for index in indexes if not is_answered(index)]
        if indexes:
            found.append(Begun(lease, indexes))
    return found


def _count(lease: Lease, at_work: AtWork) -> int:
    left = len(lease.items) - lease.done
    if at_work.heard_at - lease.answered_at > QUIET_SECONDS:
        return 1
    if at_work.item_seconds <= 0:
        return left
    return min(left, 1 + int(UNREPORTED_SECONDS / at_work.item_seconds))

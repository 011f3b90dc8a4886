"""What a volunteer is lent next: taken from the items that wait, lowest index first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from pando_client.lending.instructions import VolunteerId
from pando_client.lending.ledger import Ledger
from pando_client.lending.retries import Retry
from pando_client.lending.risks import Risks

MAX_LEASE_BYTES = 1024 * 1024
"""Bytes of the items of one lease, unless one item alone has more."""
LOOKED_AT = 256
"""Items in trouble that are looked at for one volunteer: it may be one that has declined them all."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Items that wait no more, from index `first` on. `in_trouble`: they failed or were declined somewhere."""

    first: int
    items: Sequence[bytes]
    in_trouble: bool


class Selection:
    """Takes items out of the ledger.

    Args:
        ledger: what waits.
        retries: what happened to the items in trouble so far.
        risks: which items may end a volunteer.
    """

    def __init__(self, ledger: Ledger, retries: Mapping[int, Retry], risks: Risks) -> None:
        self._ledger = ledger
        self._retries = retries
        self._risks = risks

    def __repr__(self) -> str:
        return f"<Selection from {self._ledger.waiting_count} items>"

    def take_waiting(self, limit: int, end: int) -> Taken | None:
        """Takes a span of items that are not in trouble.

        Args:
            limit: items at most, at least 1.
            end: the index from which on nothing is wanted any more.
        """
        lowest = self._ledger.waiting.lowest
        if lowest is None or lowest >= end:
            return None
        first, items = self._ledger.waiting.take(min(limit, end - lowest))
        kept = _that_fit(items, MAX_LEASE_BYTES)
        self._ledger.waiting.add(first + kept, items[kept:])
        return Taken(first, items[:kept], in_trouble=False)

    def take_in_trouble(
        self,
        name: VolunteerId,
        limit: int,
        end: int,
        here: Collection[VolunteerId],
        suspects: Collection[VolunteerId],
    ) -> Taken | None:
        """Takes items in trouble that this volunteer may have, if they come before all that are not.

        Args:
            name: the volunteer.
            limit: items at most, at least 1.
            end: the index from which on nothing is wanted any more.
            here: all volunteers.
            suspects: those of them from which nothing is heard.
        """
        lowest = self._ledger.waiting.lowest
        before = end if lowest is None else min(lowest, end)
        for index in islice(self._ledger.alone.irange(maximum=before, inclusive=(True, False)), LOOKED_AT):
            if self._retries[index].may_go_to(name, here, suspects):
                return Taken(index, self._pop_in_trouble(name, index, limit, end), in_trouble=True)
        return None

    def first_at_risk(
        self, name: VolunteerId, end: int, here: Collection[VolunteerId], suspects: Collection[VolunteerId]
    ) -> int | None:
        """Returns the lowest item at risk that this volunteer may have; the arguments are as in `take_in_trouble`."""
        for index in islice(self._ledger.at_risk.irange(maximum=end, inclusive=(True, False)), LOOKED_AT):
            retry = self._retries.get(index)
            if self._risks[index].is_lendable and (retry is None or retry.may_go_to(name, here, suspects)):
                return int(index)
        return None

    def take_at_risk(self, first: int, limit: int, end: int) -> Taken:
        """Takes an item at risk, with those after it that have the same history if they may be lent together."""
        at_risk = self._ledger.at_risk
        risk = self._risks[first]
        items = [at_risk.pop(first)]
        size = len(items[0])
        together = 1 if first in self._retries else min(limit, risk.together)
        for index in range(first + 1, min(first + together, end)):
            if index not in at_risk or index in self._retries or self._risks[index] is not risk:
                break
            size += len(at_risk[index])
            if size > MAX_LEASE_BYTES:
                break
            items.append(at_risk.pop(index))
        return Taken(first, items, in_trouble=True)

    def _pop_in_trouble(self, name: VolunteerId, first: int, limit: int, end: int) -> list[bytes]:
        """Takes one item that failed, by itself; or one that was declined, with those after it that were as well."""
        alone = self._ledger.alone
        items = [alone.pop(first)]
        if self._retries[first].failed_on:
            return items
        size = len(items[0])
        for index in range(first + 1, min(first + limit, end)):
            if index not in alone or self._retries[index].failed_on or name in self._retries[index].declined_by:
                break
            size += len(alone[index])
            if size > MAX_LEASE_BYTES:
                break
            items.append(alone.pop(index))
        return items


def _that_fit(items: Sequence[bytes], most: int) -> int:
    """Returns how many of `items`, at least one, have together at most `most` bytes."""
    count, size = len(items), sum(map(len, items))
    while size > most and count > 1:
        count -= 1
        size -= len(items[count])
    return count

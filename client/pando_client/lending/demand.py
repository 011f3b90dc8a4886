"""Who would take more work now, in turn, and how much all of them together: known without adding it up each time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import chain

from pando_client.lending.instructions import VolunteerId


class Demand:
    """The volunteers that would take more, each so many leases of so many items.

    They are asked in turn. One that may have none of the items in trouble is passed over until something has changed
    with these: so a stimulus that changes nothing for them costs the same for one of them and for a thousand.
    """

    def __init__(self) -> None:
        self.leases = 0
        """What all of them would take together."""
        self.items = 0
        """The items that these leases may have."""
        self._wants: dict[VolunteerId, tuple[int, int]] = {}
        self._turn: OrderedDict[VolunteerId, None] = OrderedDict()
        self._passed_over: OrderedDict[VolunteerId, None] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Demand of {len(self._wants)} volunteers for {self.leases} leases, {self.items} items>"

    def __len__(self) -> int:
        return len(self._wants)

    def __iter__(self) -> Iterator[VolunteerId]:
        """Yields them in turn; those that were passed over come last."""
        return chain(self._turn, self._passed_over)

    def __contains__(self, name: VolunteerId) -> bool:
        return name in self._wants

    def put(self, name: VolunteerId, leases: int, items: int) -> None:
        """A volunteer would take so many leases (at least 1) of so many items; it keeps its turn if it has one."""
        self._forget(name)
        self._wants[name] = (leases, items)
        self.leases += leases
        self.items += leases * items
        if name not in self._passed_over:
            self._turn.setdefault(name)

    def discard(self, name: VolunteerId) -> None:
        """A volunteer would take nothing more."""
        self._forget(name)
        self._turn.pop(name, None)
        self._passed_over.pop(name, None)

    @property
    def first(self) -> VolunteerId | None:
        """Whose turn it is; those that were passed over come last."""
        return next(iter(self), None)

    def is_passed_over(self, name: VolunteerId) -> bool:
        """Whether there was nothing for this volunteer, and nothing has changed since."""
        return name in self._passed_over

    def pass_over(self, name: VolunteerId) -> None:
        """There is nothing for this volunteer now, but for what anybody may have."""
        del self._turn[name]
        self._passed_over[name] = None

    def ask_again(self) -> None:
        """There may be something for those that were passed over; they come after those whose turn it is."""
        if self._passed_over:
            self._turn.update(self._passed_over)
            self._passed_over.clear()

    def end_turn(self, name: VolunteerId) -> None:
        """A volunteer got something; if it wants more, it comes after all others."""
        self._passed_over.pop(name, None)
        self._turn.pop(name, None)
        if name in self._wants:
            self._turn[name] = None

    def check(self) -> None:
        """Asserts what holds between two stimuli, for tests."""
        assert self.leases == sum(leases for leases, _ in self._wants.values())
        assert self.items == sum(leases * items for leases, items in self._wants.values())
        assert self._turn.keys() | self._passed_over.keys() == self._wants.keys()
        assert self._turn.keys().isdisjoint(self._passed_over)

    def _forget(self, name: VolunteerId) -> None:
        leases, items = self._wants.pop(name, (0, 0))
        self.leases -= leases
        self.items -= leases * items

"""Volunteers that are kept for items at risk: they get nothing more until they hold nothing, and then such an item."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pando_client.lending.instructions import VolunteerId
from pando_client.lending.leases import Lease, Leases


class Reserved:
    """Those volunteers, from the moment that they get nothing else until there is nothing at risk for them."""

    def __init__(self) -> None:
        self._of: dict[VolunteerId, Lease | None] = {}
        self._finishing: dict[VolunteerId, None] = {}  # those that wait for an item that waits
        self._to_copy: dict[int, VolunteerId] = {}  # by the number of the lease

    def __repr__(self) -> str:
        return f"<Reserved, {len(self._of)} volunteers, {len(self._finishing)} of them finish what they hold>"

    def __contains__(self, name: VolunteerId) -> bool:
        return name in self._of

    def __iter__(self) -> Iterator[VolunteerId]:
        return iter(self._of)

    @property
    def finishing(self) -> Collection[VolunteerId]:
        """Those that will take what is at risk and waits, when they hold nothing."""
        return self._finishing.keys()

    def is_copied(self, lease: Lease) -> bool:
        """Whether somebody will copy this lease when it holds nothing."""
        return lease.id in self._to_copy

    def add(self, name: VolunteerId, to_copy: Lease | None = None) -> None:
        """A volunteer gets nothing else from now on; with `to_copy` it is to run a copy of that lease's next item."""
        self._of[name] = to_copy
        if to_copy is None:
            self._finishing[name] = None
        else:
            self._to_copy[to_copy.id] = name

    def begin(self, name: VolunteerId) -> Lease | None:
        """A reserved volunteer holds nothing now; returns what it is to copy, if that is why it was reserved."""
        self._finishing.pop(name, None)
        to_copy, self._of[name] = self._of[name], None
        if to_copy is not None:
            del self._to_copy[to_copy.id]
        return to_copy

    def discard(self, name: VolunteerId) -> None:
        """A volunteer is reserved no more, if it was."""
        if name in self._of:
            self.begin(name)
            del self._of[name]

    def check(self, leases: Leases) -> None:
        """Asserts what holds between two stimuli, for tests."""
        for name, to_copy in self._of.items():
            assert leases.are_with(name), f"{name} could begin"
            begun = any(lease.alone for lease in leases.of(name))
            assert begun == (to_copy is None and name not in self._finishing), name
        assert set(self._to_copy.values()) == {name for name, to_copy in self._of.items() if to_copy is not None}

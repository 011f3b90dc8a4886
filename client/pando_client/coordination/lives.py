"""Which page or process a volunteer is: so that one that comes back is known to have lived on.

A page draws an identifier when it loads, and says it on each of its channels. One that was lost, and comes back with
the same identifier, was not ended by what it was working on: only its connection was.
"""

from __future__ import annotations

from collections import OrderedDict

from pando_client.coordination.connected_volunteer import ConnectedVolunteer
from pando_client.lending.instructions import VolunteerId

MAX_REMEMBERED = 10_000


class Lives:
    """The volunteers that are here or died, by the identifiers of their pages or processes."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, VolunteerId] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Lives, {len(self._last)} remembered>"

    def begin(self, found: ConnectedVolunteer) -> VolunteerId | None:
        """A volunteer has joined; returns what it was called the last time, if it was here before."""
        if not found.life:
            return None
        before = self._last.pop(found.life, None)
        self._last[found.life] = found.id
        if len(self._last) > MAX_REMEMBERED:
            self._last.popitem(last=False)
        return before

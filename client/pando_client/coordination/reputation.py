"""Who may come in: not who was quarantined under its name, nor who comes from an address that was.

Time is a parameter, in seconds of a clock that never jumps.
"""

from __future__ import annotations

from pando_client.coordination.connected_volunteer import ConnectedVolunteer
from pando_client.coordination.quarantine import Quarantines

BREACHES_FORGIVEN = 3
"""Breaches of the protocol from one address, under whatever names, before the address itself is quarantined."""
LONGEST_FOR_ADDRESS_SECONDS = 60.0
"""Of an address's quarantine: many may share it."""


class Reputation:
    """What is remembered of volunteers and of their addresses."""

    def __init__(self) -> None:
        self._names = Quarantines()
        self._addresses = Quarantines(BREACHES_FORGIVEN, LONGEST_FOR_ADDRESS_SECONDS)
        self._productive_at: dict[str, int] = {}  # address: volunteers from there, connected, that have done something

    def __repr__(self) -> str:
        return f"<Reputation of {self._names!r}, of addresses {self._addresses!r}>"

    def refuse_address(self, peer: str, now: float) -> str | None:
        """Returns why nobody new may come from an address; None while somebody from there works well."""
        seconds = self._addresses.left(peer, now)
        if seconds <= 0 or peer in self._productive_at:
            return None
        return f"its address is set aside for another {seconds:.0f} s"

    def refuse_name(self, found: ConnectedVolunteer, now: float) -> str | None:
        """Returns why a volunteer that has said its name may not stay; None if it may."""
        seconds = self._names.left(found.known_as, now)
        return f"set aside for another {seconds:.0f} s" if seconds > 0 else None

    def breach(self, found: ConnectedVolunteer, now: float) -> None:
        """A volunteer broke the protocol."""
        if found.is_own:
            return  # it is started again, and refusing it would end the run
        self._names.impose(found.known_as, now)
        self._addresses.impose(found.peer, now)

    def quarantine(self, found: ConnectedVolunteer, now: float) -> float:
        """A volunteer does more harm than good; returns for how many seconds it is quarantined."""
        return self._names.impose(found.known_as, now)

    def productive(self, found: ConnectedVolunteer) -> None:
        """A volunteer that is connected has done something."""
        if not found.productive:
            found.productive = True
            self._productive_at[found.peer] = self._productive_at.get(found.peer, 0) + 1

    def disconnected(self, found: ConnectedVolunteer) -> None:
        """A volunteer is not connected any more."""
        if found.productive:
            self._productive_at[found.peer] -= 1
            if not self._productive_at[found.peer]:
                del self._productive_at[found.peer]

"""A volunteer whose channel is open, and what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

from pando_client.lending.at_work import AtWork
from pando_client.lending.instructions import VolunteerId
from pando_client.session.session import Session
from pando_shared.text import printable

OWN_KIND = "pipe"
"""The kind of channel to volunteers that this client started on this machine."""
NEW_SECONDS = 2.0
"""A volunteer that was heard for less than this had only just come."""


@dataclass(slots=True, eq=False)
class ConnectedVolunteer:
    """A volunteer, from its open channel until it is closed. `since` is in seconds."""

    id: VolunteerId
    peer: str
    """Where it is, for a person; an address, unless it is on this machine."""
    kind: str
    """The kind of its channel."""
    session: Session
    since: float
    joined: bool = False
    """Whether the lender knows of it, or did."""
    device: str = ""
    """What its owner called it when it joined: no other name counts after that."""
    life: str = ""
    """What its page or process calls itself on each of its channels."""
    tab: str = ""
    """The same, but a tab keeps it when it loads its page again."""
    awake: bool = False
    """Whether its sender was told that there is something to send, and has not drained it yet."""
    hung_up: bool = False
    """Whether its sender was told to hang up."""
    died_at_work: bool = False
    """Whether it went without a goodbye while it may have been working on something."""
    productive: bool = False
    """Whether it is counted among those of its address that have done something."""

    @property
    def name(self) -> str:
        """What its owner calls it, made safe to show."""
        return printable(self.device or f"the volunteer {'on' if self.is_own else 'at'} {self.peer}", 64)

    def at_work(self, now: float) -> AtWork:
        """What is known of its work, `now` in seconds."""
        session = self.session
        heard_at = now - session.silence(now)
        is_new = not self.is_own and heard_at - self.since < NEW_SECONDS
        return AtWork(max(1, session.most_slots), session.tally.item_seconds, heard_at, is_new)

    @property
    def known_as(self) -> str:
        """What it can be recognised by when it comes again: its tab, since several may have chosen the same name."""
        return f"{self.peer} {self.tab or self.name}"

    @property
    def is_own(self) -> bool:
        """Whether this client started it: then it is its owner's affair, and never quarantined."""
        return self.kind == OWN_KIND

    @property
    def is_ready(self) -> bool:
        """Whether it can be lent to now."""
        session = self.session
        return self.joined and session.slots > 0 and not session.suspect and session.ended is None

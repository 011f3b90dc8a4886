"""What volunteers did and did not do: who is to be quarantined, because it does more harm than good.

A *strike* is an item that another volunteer did and this one could not, or did not in time. A lease that came back
without any result is *unproductive*: that is a volunteer's right, but not for ever while others have results.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pando_client.lending.instructions import Quarantine, VolunteerId

MAX_STRIKES = 3
"""Strikes in a row that lead to quarantine."""
UNPRODUCTIVE_LEASES = 10
"""Unproductive leases in a row, for each volunteer that is here, that lead to quarantine.

The factor allows for functions that accept each item on one volunteer only.
"""


@dataclass(slots=True)
class _Record:
    strikes: int = 0
    unproductive: int = 0
    """Unproductive leases in a row, each of them after a productive answer of somebody."""
    productive_answers_then: int = 0
    """Productive answers of all volunteers at the last of them."""
    answered: bool = False
    """Whether it has answered anything."""
    late_up_to: int = 0
    """The number of the lease that was lent last, to anybody, when one of this volunteer's was last found late."""


class Conduct:
    """The records of the volunteers that are here."""

    def __init__(self) -> None:
        self._records: dict[VolunteerId, _Record] = {}
        self._struck: dict[VolunteerId, None] = {}  # those with strikes, in the order of their first one
        self._productive_answers = 0
        self._have_answered = 0  # of those that are here
        self._to_quarantine: dict[VolunteerId, str] = {}  # and why

    def __repr__(self) -> str:
        return f"<Conduct of {len(self._records)} volunteers, {self._productive_answers} productive answers>"

    def joined(self, name: VolunteerId) -> None:
        """A volunteer is here."""
        self._records[name] = _Record(productive_answers_then=self._productive_answers)

    def left(self, name: VolunteerId) -> None:
        """A volunteer is gone, and what was due is due no more."""
        self._have_answered -= self._records.pop(name).answered
        self._struck.pop(name, None)
        self._to_quarantine.pop(name, None)

    def answered(self, name: VolunteerId) -> None:
        """A volunteer has answered something, whatever it is."""
        record = self._records[name]
        if not record.answered:
            record.answered = True
            self._have_answered += 1

    def is_unproven(self, name: VolunteerId) -> bool:
        """Whether a volunteer has not answered anything, while another one that is here has."""
        return self._have_answered > 0 and not self._records[name].answered

    def strikes(self, name: VolunteerId) -> int:
        """Returns the strikes in a row of a volunteer that is here."""
        return self._records[name].strikes

    def struck(self) -> list[VolunteerId]:
        """Returns the volunteers that have strikes, those with few first."""
        return sorted(self._struck, key=self.strikes)

    def productive(self, name: VolunteerId) -> None:
        """A volunteer has answered with a result: what it did before is forgiven."""
        self._productive_answers += 1
        record = self._records[name]
        record.strikes = record.unproductive = 0
        self._struck.pop(name, None)

    def unproductive(self, name: VolunteerId) -> None:
        """A volunteer declined or handed back all of what it answered or held."""
        record = self._records[name]
        if self._productive_answers == record.productive_answers_then:
            return  # nobody does better: the function may not be able to run anywhere yet
        record.productive_answers_then = self._productive_answers
        record.unproductive += 1
        if record.unproductive >= UNPRODUCTIVE_LEASES * len(self._records):
            self._to_quarantine[name] = "it gave back everything it was lent, while others worked"

    def outdone(self, names: Collection[VolunteerId]) -> None:
        """Another volunteer has done what each of these could not."""
        for name in names:
            record = self._records.get(name)
            if record is None:
                continue
            record.strikes += 1
            self._struck.setdefault(name)
            if record.strikes >= MAX_STRIKES:
                self._to_quarantine[name] = "others did what it did not do"

    def late(self, name: VolunteerId, lease: int, last_lent: int) -> None:
        """A copy of a volunteer's lease was answered first.

        Those of its leases that were out by then are the same fault: one silence ends them all.

        Args:
            name: the volunteer.
            lease: the number of the lease.
            last_lent: the number of the lease that was lent last, to anybody.
        """
        record = self._records[name]
        if lease > record.late_up_to:
            record.late_up_to = last_lent
            self.outdone((name,))

    def quarantine_due(self) -> list[Quarantine]:
        """Returns who is to be quarantined, and forgets it: they leave then."""
        due = [Quarantine(name, why) for name, why in sorted(self._to_quarantine.items())]
        self._to_quarantine.clear()
        return due

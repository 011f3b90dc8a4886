"""What people are told about volunteers: few words, and each complaint once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pando_client.coordination.connected_volunteer import ConnectedVolunteer
from pando_client.coordination.instructions import Level, Notice
from pando_client.coordination.patience import in_words
from pando_client.lending.instructions import VolunteerId
from pando_client.session.events import Ended
from pando_shared.text import printable

MAX_COMPLAINTS = 100
"""Different complaints about volunteers in one run."""
ITEMS_NAMED = 4
"""Items that are named one by one, where one of them is meant."""
NAMES_REMEMBERED = 10_000
"""Volunteers whose names can still be said after they have left."""

SHOWN_CHARACTERS = 60
"""Of a value of the function, in a sentence about it."""
_OBJECT = re.compile(r"\[object (\w+)\]")
"""What JavaScript's `Object.prototype.toString` makes of an object."""


class Notices:
    """Puts what happens to volunteers into words, and remembers their names."""

    def __init__(self) -> None:
        self._complaints: set[str] = set()
        self._names: dict[VolunteerId, str] = {}
        self._said_textless = False
        self._outdated_count = 0

    def __repr__(self) -> str:
        return f"<Notices, {len(self._complaints)} complaints, {len(self._names)} names>"

    def name_of(self, volunteer: VolunteerId) -> str | None:
        """Returns what the owner of a volunteer calls it, also when it has left; None for one on this machine."""
        return self._names.get(volunteer)

    def joined(self, found: ConnectedVolunteer) -> list[Notice]:
        """A volunteer is ready for work."""
        if not found.is_own:
            self._names[found.id] = found.name
            if len(self._names) > NAMES_REMEMBERED:
                del self._names[next(iter(self._names))]
        return _event(f"{found.name} joined {_cores(found.session.slots)} ({found.kind})")

    def suspected(self, found: ConnectedVolunteer) -> list[Notice]:
        """A volunteer is silent."""
        return _event(f"nothing is heard from {found.name}; its items are lent again")

    def recovered(self, found: ConnectedVolunteer) -> list[Notice]:
        """A volunteer is not silent any more."""
        return _event(f"{found.name} is heard again")

    def ended(self, found: ConnectedVolunteer, ended: Ended) -> list[Notice]:
        """A volunteer's session is over, not by our goodbye."""
        if ended.reason == "outdated":
            return self._outdated()
        if ended.reason == "protocol":
            return self._complain(f"dropped {found.name}, which broke the protocol: {printable(ended.text)}")
        if ended.reason == "broken":
            why = ended.error.message if ended.error else ""
            return self._complain(f"{found.name} cannot load the function: {printable(why)}")
        if ended.reason == "declined":
            return self._complain(f"{found.name} does not take this job: {printable(ended.text)}")
        return _event(f"{found.name} left ({printable(ended.text or ended.reason)})") if found.joined else []

    def _outdated(self) -> list[Notice]:
        """A volunteer speaks another version: said of the first, and then whenever there are ten times as many."""
        self._outdated_count += 1
        count = self._outdated_count
        if str(count).strip("0") != "1":
            return []
        volunteers = "1 volunteer has" if count == 1 else f"{count} volunteers have"
        text = f"{volunteers} another version of Pando, and cannot help: reload the page there, or update Pando"
        return [Notice(Level.COMPLAINT, text)]

    def died(self, found: ConnectedVolunteer, ended: Ended, indexes: Sequence[int]) -> list[Notice]:
        """A volunteer is gone without a goodbye. The items of these indexes may have been at work."""
        if not indexes:
            return self.ended(found, ended)
        if found.is_own:
            return self._complain(f"the volunteer on this machine ended while it was working on {_one_of(indexes)}")
        return _event(f"{found.name} left ({printable(ended.text)}) while it was working on {_one_of(indexes)}")

    def awaited(
        self, found: ConnectedVolunteer, index: int, seconds: float, *, alone: bool, timed: bool
    ) -> list[Notice]:
        """Everything waits for an item that a volunteer has for so long. `alone`: nobody else is here to try it."""
        where = "on this machine" if found.is_own else f"at {found.name}"
        text = f"item {index + 1} has been {where} for {in_words(seconds)} without a result"
        if alone:
            text += ", and no other volunteer is here to try it"
        return self._complain(text if timed else f"{text}; --timeout=SECONDS limits the time of an item")

    def quarantined(self, found: ConnectedVolunteer, text: str) -> list[Notice]:
        """A volunteer does more harm than good."""
        return self._complain(f"{found.name} is {text}")

    def address_quarantined(self, peer: str) -> list[Notice]:
        """Nobody new may come from an address."""
        peer = printable(peer, 64)
        return self._complain(f"too many breaches of the protocol from {peer}: who comes from there has to wait")

    def textless(self, text: str) -> list[Notice]:
        """A result has no text of its own: that is the function's way, and said once in a run."""
        if self._said_textless:
            return []
        self._said_textless = True
        return [Notice(Level.COMPLAINT, _without_text(text))]

    def _complain(self, text: str) -> list[Notice]:
        if text in self._complaints or len(self._complaints) >= MAX_COMPLAINTS:
            return []
        self._complaints.add(text)
        return [Notice(Level.COMPLAINT, text)]


def _one_of(indexes: Sequence[int]) -> str:
    """Says that it was one of these items, for the end of a sentence."""
    numbers = [str(index + 1) for index in indexes]
    if len(numbers) == 1:
        return f"item {numbers[0]}"
    if len(numbers) > ITEMS_NAMED:
        return f"one of {len(numbers)} items, from {numbers[0]} on"
    return f"item {', '.join(numbers[:-1])} or {numbers[-1]}"


def _cores(slots: int) -> str:
    if slots == 0:
        return "and is paused"
    return "with 1 core" if slots == 1 else f"with {slots} cores"


def _without_text(text: str) -> str:
    """What is said of a result that has no text of its own. `text` is what `String` made of it."""
    found = _OBJECT.fullmatch(text)
    printed = printable(text, SHOWN_CHARACTERS)
    if found is not None and found[1] == "Promise":
        return f"the function called back with a promise, which is printed as {printed}: await it first"
    if found is not None:
        what = "an object" if found[1] == "Object" else f"an object of type {printable(found[1], SHOWN_CHARACTERS)}"
    else:
        what = "a list that holds objects" if "[object " in text else "a function"
    return f"a result is {what}, which is printed as {printed}: give a text instead, such as JSON.stringify(result)"


def _event(text: str) -> list[Notice]:
    return [Notice(Level.EVENT, text)]

"""Items that may have ended a volunteer, until they are answered or given up.

An item may end the whole volunteer that works on it: it takes all the memory, say. From the outside that looks like a
volunteer that is switched off. So whatever a volunteer may have been working on when it died is *at risk* from then on:
it is lent alone, to a volunteer that holds nothing else, and if that one dies too it is known of what. An item fails
when it was there at `MAX_DEATHS` deaths, at the last of them alone.

A death counts only if it speaks against the item: not if another volunteer, which had nothing at risk, has died since
the item's last one, for then volunteers die by themselves. Nor does it count any more when the volunteer comes back:
what ran on it has not ended it. And where items are answered in the end with which volunteers had died, more deaths are
needed: so many that they are no accident. After its first death an item is not blamed for volunteers that had only just
come and never answered anything, where others have: hostile ones come and go by the thousand. An item that was there at
`MAX_DEATHS_IN_ALL`, or at `MAX_DEATHS_UNPROVEN` of those, fails all the same, or it could be lent for ever.

A volunteer that is silent may be dead. What it may have been working on is at risk as well, but nothing is counted yet.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import ceil, isqrt, log

from pando_client.lending.at_work import Begun
from pando_client.lending.instructions import VolunteerId

MAX_DEATHS = 3
"""Deaths that count, after which an item has failed where volunteers do not die by themselves."""
MAX_DEATHS_IN_ALL = 10
"""Deaths, whether they count or not, but for those of volunteers that had only just come and answered nothing."""
MAX_DEATHS_UNPROVEN = 100
"""Deaths of those."""
ACCIDENT = 1e-4
"""How probable it may be that an item which harms nobody was there at as many deaths."""
EACH_ALONE = 64
"""So many items that come to be at risk together are lent one by one; more of them in groups first, which are as large
as there are groups: so the item at fault is found at its third death, however many are at risk with it."""
DEATHS_REMEMBERED = 1000
"""Volunteers that died and may still come back."""


@dataclass(frozen=True, slots=True)
class Risk:
    """What speaks against an item. Items with the same history share one."""

    deaths: tuple[VolunteerId, ...] = ()
    """Who died, at the deaths that count."""
    silent: tuple[VolunteerId, ...] = ()
    """Who holds it and is silent."""
    times: int = 0
    """Deaths in all."""
    times_unproven: int = 0
    """Deaths of those that had only just come and answered nothing; they are not among the others."""
    times_alone: int = 0
    """Deaths in all at which nothing else was there."""
    deaths_by_chance: int = 0
    """How many others had died by chance at the item's last death."""
    together: int = 1
    """How many such items may be lent together."""
    seconds: float = 0.0
    """The longest time from lending it to a silence or a death."""

    @property
    def is_lendable(self) -> bool:
        """Whether it may be lent now: not if it could fail when the silent are dead."""
        return not self.silent or len(self.deaths) + len(self.silent) < MAX_DEATHS


class Risks:
    """The items at risk, by index."""

    def __init__(self) -> None:
        self._risks: dict[int, Risk] = {}
        self._deaths_by_chance = 0
        self._answered = 0  # items that were at risk
        self._deaths_of_answered = 0  # when these were lent alone
        # What each of them may have been working on: those that are silent, and those that died and may come back.
        self._silent: dict[VolunteerId, list[Sequence[int]]] = {}
        self._dead: OrderedDict[VolunteerId, list[Sequence[int]]] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Risks, {len(self._risks)} items, {self._deaths_by_chance} deaths by chance>"

    def __len__(self) -> int:
        return len(self._risks)

    def __contains__(self, index: int) -> bool:
        return index in self._risks

    def __getitem__(self, index: int) -> Risk:
        """Returns what speaks against an item at risk."""
        return self._risks[index]

    @property
    def deaths_needed(self) -> int:
        """The deaths that count after which an item has failed."""
        if not self._deaths_of_answered:
            return MAX_DEATHS
        accident = self._deaths_of_answered / (self._deaths_of_answered + self._answered)
        return max(MAX_DEATHS, min(MAX_DEATHS_IN_ALL, ceil(log(ACCIDENT) / log(accident))))

    def is_fatal(self, index: int) -> bool:
        """Whether an item at risk has ended so many volunteers that it fails."""
        risk = self._risks[index]
        return (
            len(risk.deaths) >= self.deaths_needed
            or risk.times >= MAX_DEATHS_IN_ALL
            or risk.times_unproven >= MAX_DEATHS_UNPROVEN
        )

    def silent(self, volunteer: VolunteerId, begun: Sequence[Begun], now: float) -> None:
        """A volunteer that may have been working on these is silent."""
        self._silent[volunteer] = [each.indexes for each in begun]
        self._change(begun, now, lambda risk, each: replace(risk, silent=(*risk.silent, volunteer)))

    def heard(self, volunteer: VolunteerId) -> list[int]:
        """A volunteer is silent no more, or has left; returns the items that are not at risk any more."""
        over: list[int] = []
        for index in _indexes(self._silent.pop(volunteer, ())):
            risk = self._risks.get(index)
            if risk is None or volunteer not in risk.silent:
                continue
            if len(risk.silent) == 1 and not risk.times:
                del self._risks[index]
                over.append(index)
            else:
                silent = tuple(name for name in risk.silent if name != volunteer)
                self._risks[index] = replace(risk, silent=silent)
        return over

    def died(self, volunteer: VolunteerId, begun: Sequence[Begun], now: float, *, unproven: bool = False) -> None:
        """A volunteer that is not silent, and may have been working on these, is dead.

        Args:
            volunteer: which one.
            begun: what it may have been working on.
            now: seconds.
            unproven: whether it had only just come and answered nothing, while another one that is here has.
        """
        self._dead[volunteer] = [each.indexes for each in begun]
        if len(self._dead) > DEATHS_REMEMBERED:
            self._dead.popitem(last=False)
        by_chance_before = self._deaths_by_chance
        if not any(self._was_there(index) for index in _indexes(each.indexes for each in begun)):
            self._deaths_by_chance += 1

        def change(risk: Risk, each: Begun) -> Risk:
            if unproven and risk.times > 0:
                return replace(risk, times_unproven=risk.times_unproven + 1)
            return self._after(risk, volunteer, each.is_single, by_chance_before)

        self._change(begun, now, change)

    def came_back(self, volunteer: VolunteerId) -> None:
        """One that died is there again: it did not die of what it was working on."""
        for index in _indexes(self._dead.pop(volunteer, ())):
            risk = self._risks.get(index)
            if risk is not None and volunteer in risk.deaths:
                deaths = tuple(name for name in risk.deaths if name != volunteer)
                self._risks[index] = replace(risk, deaths=deaths)

    def settled(self, index: int) -> None:
        """An item is answered, whatever the answer is: those that died with it alone did not die of it."""
        risk = self._risks.pop(index, None)
        if risk is not None:
            self._deaths_by_chance += risk.times_alone
            self._answered += 1
            self._deaths_of_answered += risk.times_alone

    def forget(self, index: int) -> None:
        """An item is given up."""
        self._risks.pop(index, None)

    def _was_there(self, index: int) -> bool:
        """Whether an item was there at an earlier death."""
        risk = self._risks.get(index)
        return risk is not None and risk.times > 0

    def _change(self, begun: Sequence[Begun], now: float, change: Callable[[Risk, Begun], Risk]) -> None:
        """Changes what speaks against items, once for all that had the same history and were in one lease."""
        group = _group_of(begun)
        for each in begun:
            seconds = now - each.lease.lent_at
            changed: dict[Risk | None, Risk] = {}
            for index in each.indexes:
                before = self._risks.get(index)
                if before not in changed:
                    risk = before or Risk(together=group)
                    changed[before] = replace(change(risk, each), seconds=max(risk.seconds, seconds))
                self._risks[index] = changed[before]

    def _after(self, risk: Risk, volunteer: VolunteerId, alone: bool, by_chance_before: int) -> Risk:
        first = risk.times == 0
        speaks = first or risk.deaths_by_chance == by_chance_before
        # The last one counts only if the item was alone: others may be there with it each time before.
        counts = speaks and (alone or len(risk.deaths) < MAX_DEATHS - 1)
        return replace(
            risk,
            deaths=(*risk.deaths, volunteer) if counts else risk.deaths,
            times=risk.times + 1,
            times_alone=risk.times_alone + alone,
            deaths_by_chance=self._deaths_by_chance,
            together=risk.together if first or not counts else 1,
        )


def _indexes(spans: Iterable[Sequence[int]]) -> Iterator[int]:
    return chain.from_iterable(spans)


def _group_of(begun: Sequence[Begun]) -> int:
    """Returns how many of these are to be lent together."""
    count = sum(len(each.indexes) for each in begun)
    return 1 if count <= EACH_ALONE else isqrt(count)

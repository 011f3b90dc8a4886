"""Who gets what: what waits is shared out among those that would take more, and what is late is copied.

A volunteer gets its share in turn. For an item at risk one is *reserved*: it gets nothing more until it holds nothing,
then such items one after the other, and then its turn comes again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pando_client.lending.conduct import Conduct
from pando_client.lending.demand import Demand
from pando_client.lending.instructions import Instruction, Lend, VolunteerId
from pando_client.lending.leases import Lease, Leases
from pando_client.lending.ledger import Ledger
from pando_client.lending.outcomes import Outcomes
from pando_client.lending.reserved import Reserved
from pando_client.lending.selection import Selection, Taken
from pando_client.lending.stragglers import Copy, Stragglers

PATIENCE_FACTOR = 2
"""How many times as long as it took to die of an item at risk, or to find a lease late, a copy of it may take."""


@dataclass(slots=True)
class Wanted:
    """What a volunteer would take now: so many leases, each of at most so many items."""

    leases: int = 0
    items: int = 1


class Shares:
    """The volunteers that are here, and what each of them gets.

    Args:
        ledger: what waits.
        leases: what is out.
        demand: who would take more.
        outcomes: what is in trouble or at risk.
        conduct: who was late.
    """

    def __init__(self, ledger: Ledger, leases: Leases, demand: Demand, outcomes: Outcomes, conduct: Conduct) -> None:
        self.volunteers: dict[VolunteerId, Wanted] = {}
        """Those that are here, suspects included; to be looked at only."""
        self.suspects: set[VolunteerId] = set()
        """Those of them from which nothing was heard for too long; to be looked at only."""
        self._ledger = ledger
        self._leases = leases
        self._demand = demand
        self._outcomes = outcomes
        self._conduct = conduct
        self._selection = Selection(ledger, outcomes.retries, outcomes.risks)
        self._stragglers = Stragglers(ledger, leases, outcomes.retries, outcomes.risks)
        self._reserved = Reserved()

    def __repr__(self) -> str:
        return f"<Shares of {len(self.volunteers)} volunteers, {len(self.suspects)} of them suspects>"

    # The volunteers

    def join(self, name: VolunteerId) -> None:
        """A volunteer is here; it gets nothing before `want`."""
        self.volunteers[name] = Wanted()

    def want(self, name: VolunteerId, leases: int, items: int) -> None:
        """A volunteer that is here would take so many more leases, each of at most so many items."""
        self.volunteers[name] = Wanted(leases, items)
        self._update_demand(name)
        if self._ledger.at_risk:
            self._leases.emptied[name] = None  # perhaps

    def suspect(self, name: VolunteerId) -> None:
        """Nothing was heard from a volunteer: it gets nothing."""
        self.suspects.add(name)
        self._asks_no_more(name)

    def recover(self, name: VolunteerId) -> None:
        """A suspect was heard again. If what it holds is at risk, it goes on with that alone."""
        self.suspects.discard(name)
        if any(lease.alone for lease in self._leases.of(name)):
            self._reserved.add(name)
            self._reserved.begin(name)
        self._demand.ask_again()
        self._update_demand(name)

    def leave(self, name: VolunteerId) -> None:
        """A volunteer is gone."""
        del self.volunteers[name]
        self.suspects.discard(name)
        self._asks_no_more(name)

    def check(self) -> None:
        """Asserts what holds between two stimuli, for tests."""
        assert self.suspects <= self.volunteers.keys()
        assert set(self._reserved) <= self.volunteers.keys() - self.suspects
        wanting = {name for name, wanted in self.volunteers.items() if wanted.leases}
        assert set(self._demand) == wanting - self.suspects - set(self._reserved)
        self._reserved.check(self._leases)

    def _asks_no_more(self, name: VolunteerId) -> None:
        self._reserved.discard(name)
        self._demand.discard(name)
        self._demand.ask_again()  # what has failed on one of them need not wait for this volunteer

    def _update_demand(self, name: VolunteerId) -> None:
        wanted = self.volunteers[name]
        if wanted.leases > 0 and name not in self.suspects and name not in self._reserved:
            self._demand.put(name, wanted.leases, wanted.items)
        else:
            self._demand.discard(name)

    # What waits

    def tick(self, now: float) -> None:
        """It is `now`, in seconds: leases may have become overdue."""
        self._stragglers.tick(now)

    def lend(self, now: float) -> list[Instruction]:
        """Lends what waits, lowest index first, in turn, in equal shares when it is not enough for all."""
        lends: list[Instruction] = self._lend_alone(now)
        while self._is_anything_left and (name := self._demand.first) is not None:
            wanted = self.volunteers[name]
            copy = self._stragglers.overdue_copy(name, wanted.items, now, self._outcomes.end)
            if copy is not None:
                lends += self._lend_copy(name, copy, now)
                continue
            if self._is_needed_alone(name):
                lends += self._reserve(name, now)
                continue
            share = -(-self._ledger.waiting_count // self._demand.leases)
            in_trouble = len(self._ledger.alone)
            taken = self._take(name, min(wanted.items, share))
            if taken is not None:
                self._outcomes.fewer_in_trouble(in_trouble, 0)
                lease = self._leases.lend(name, taken.first, taken.items, now, troubled=taken.in_trouble)
                lends.append(self._lend_to(name, lease))
            elif self._demand.is_passed_over(name):
                break  # so were all others
            else:
                self._demand.pass_over(name)
        if not self._is_anything_left:
            self._demand.ask_again()  # with nothing in trouble that waits, all have their turn
        return lends

    @property
    def _is_anything_left(self) -> bool:
        """Whether something waits for which nobody is reserved."""
        return self._ledger.waiting_count > len(self._reserved.finishing)

    def _take(self, name: VolunteerId, limit: int) -> Taken | None:
        taken = None
        if not self._demand.is_passed_over(name):
            taken = self._selection.take_in_trouble(name, limit, self._outcomes.end, self.volunteers, self.suspects)
        return taken or self._selection.take_waiting(limit, self._outcomes.end)

    def _lend_to(self, name: VolunteerId, lease: Lease) -> Lend:
        wanted = self.volunteers[name]
        wanted.leases -= 1
        self._update_demand(name)
        self._demand.end_turn(name)
        return Lend(name, lease.id, lease.items, lease.copy)

    # Items at risk

    def _is_needed_alone(self, name: VolunteerId) -> bool:
        """Whether something is at risk for which nobody is reserved yet, and which this volunteer may have."""
        if len(self._ledger.at_risk) <= len(self._reserved.finishing) or self._demand.is_passed_over(name):
            return False
        return self._first_at_risk(name) is not None

    def _first_at_risk(self, name: VolunteerId) -> int | None:
        return self._selection.first_at_risk(name, self._outcomes.end, self.volunteers, self.suspects)

    def _reserve(self, name: VolunteerId, now: float, to_copy: Lease | None = None) -> list[Instruction]:
        """A volunteer gets nothing but an item at risk; at once, if it holds nothing."""
        self._reserved.add(name, to_copy)
        self._demand.discard(name)
        return [] if self._leases.are_with(name) else self._lend_next_alone(name, now)

    def _lend_alone(self, now: float) -> list[Instruction]:
        """Lends items at risk to volunteers that hold nothing, also where others are reserved that hold something."""
        lends: list[Instruction] = []
        emptied, self._leases.emptied = self._leases.emptied, {}
        for name in emptied:
            if self._leases.are_with(name):
                continue
            if name in self._reserved:
                lends += self._lend_next_alone(name, now)
            elif self._ledger.at_risk and name in self._demand and self._first_at_risk(name) is not None:
                lends += self._reserve(name, now)
        if not self._ledger.at_risk:
            for name in list(self._reserved.finishing):
                self._release(name)
        return lends

    def _lend_next_alone(self, name: VolunteerId, now: float) -> list[Instruction]:
        wanted, to_copy = self.volunteers[name], self._reserved.begin(name)
        if wanted.leases == 0:
            return self._release(name)
        if to_copy is not None and self._leases.get(to_copy.id) is to_copy:
            copy = self._stragglers.copy_for(name, to_copy, 1, now, self._outcomes.end)
            if copy is not None:
                return self._lend_copy_alone(name, copy, now)
        first = self._first_at_risk(name)
        if first is None:
            return self._release(name)
        seconds = self._outcomes.risks[first].seconds
        at_risk = len(self._ledger.at_risk)
        taken = self._selection.take_at_risk(first, wanted.items, self._outcomes.end)
        self._outcomes.fewer_in_trouble(0, at_risk)
        lease = self._leases.lend(
            name, first, taken.items, now, troubled=True, alone=True, patience=PATIENCE_FACTOR * seconds
        )
        return [self._lend_to(name, lease)]

    def _release(self, name: VolunteerId) -> list[Instruction]:
        """A reserved volunteer may have anything again."""
        self._reserved.discard(name)
        self._update_demand(name)
        return []

    # Copies

    def _lend_copy(self, name: VolunteerId, copy: Copy, now: float) -> list[Instruction]:
        if copy.alone:
            return [] if self._reserved.is_copied(copy.of) else self._reserve(name, now, copy.of)
        self._leases.expect_copy(copy.of)
        patience = PATIENCE_FACTOR * (now - copy.of.lent_at)
        lease = self._leases.lend(name, copy.first, copy.items, now, copy=True, patience=patience)
        return [self._lend_to(name, lease)]

    def _lend_copy_alone(self, name: VolunteerId, copy: Copy, now: float) -> list[Instruction]:
        self._leases.expect_copy(copy.of)
        patience = PATIENCE_FACTOR * (now - copy.of.lent_at)
        lease = self._leases.lend(
            name, copy.first, copy.items, now, copy=True, troubled=True, alone=True, patience=patience
        )
        return [self._lend_to(name, lease)]

    def copy_stragglers(self, now: float) -> list[Instruction]:
        """Slots for which nothing is left run copies of leases that are out for too long, lowest index first (P10)."""
        if not self._demand:
            return []
        copies: list[Instruction] = []
        for lease in self._stragglers.late(now, self._outcomes.end):
            for name in self._idle():
                copy = self._stragglers.copy_for(name, lease, self.volunteers[name].items, now, self._outcomes.end)
                if copy is not None:
                    copies += self._lend_copy(name, copy, now)
                    break
            if not self._demand:
                break
        return copies

    def _idle(self) -> Iterator[VolunteerId]:
        """Yields who would take more. One that was late itself, and has done nothing since, is the last to ask."""
        struck = self._conduct.struck()
        last = set(struck)
        yield from (name for name in self._demand if name not in last)
        yield from (name for name in struck if name in self._demand)

"""What becomes of items: their answers, their failures, and where those wait that have no answer.

An item that has none waits with all others; or in trouble, where it failed or was declined; or at risk, where it may
have ended the volunteer that worked on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pando_client.lending.at_work import Begun
from pando_client.lending.conduct import Conduct
from pando_client.lending.demand import Demand
from pando_client.lending.instructions import Failure, GaveUp, OnError, Policy, VolunteerId
from pando_client.lending.leases import Lease, Leases
from pando_client.lending.ledger import GIVEN_UP, Ledger
from pando_client.lending.retries import Retry
from pando_client.lending.risks import MAX_DEATHS, Risks
from pando_client.lending.selection import LOOKED_AT
from pando_shared.wire.messages import BINARY, DECLINED, RESULT

FAILED_NAMED = 1000
"""Items that were given up whose indexes are kept."""


class Outcomes:
    """The outcomes of a job.

    Args:
        policy: what follows from a failure.
        ledger: where each item is.
        leases: what is out.
        demand: who would take more: is asked again when there is something new in trouble.
        conduct: hears who could not do what another could.
    """

    def __init__(self, policy: Policy, ledger: Ledger, leases: Leases, demand: Demand, conduct: Conduct) -> None:
        self.failed_count = 0
        """Items given up, with `OnError.SKIP`."""
        self.failed: list[int] = []
        """The indexes of the first `FAILED_NAMED` of them."""
        self.failure: Failure | None = None
        """With `OnError.STOP`: the item with the lowest index that was given up."""
        self.retries: dict[int, Retry] = {}
        """Items on which the function failed or which were declined; to be looked at only."""
        self.risks = Risks()
        """Items that may have ended a volunteer; to be looked at only."""
        self._policy = policy
        self._ledger = ledger
        self._leases = leases
        self._demand = demand
        self._conduct = conduct
        self._given_up: list[GaveUp] = []

    def __repr__(self) -> str:
        return f"<Outcomes, {len(self.retries)} in trouble, {len(self.risks)} at risk, {self.failed_count} given up>"

    @property
    def end(self) -> int:
        """The index from which on nothing is wanted any more: after a failure, what comes before it is finished."""
        if self.failure is None:
            return self._ledger.read_count
        return self.failure.index if self._policy.ordered else 0

    def given_up(self) -> list[GaveUp]:
        """Returns the items that were given up since the last call, with `OnError.SKIP`."""
        given_up, self._given_up = self._given_up, []
        return given_up

    def check(self) -> None:
        """Asserts what holds between two stimuli, for tests."""
        assert all(index in self.risks for index in self._ledger.at_risk)
        assert all(index in self.retries for index in self._ledger.alone)
        assert not self._given_up

    # Answers

    def answered(self, lease: Lease, index: int, item: bytes, kind: int, value: bytes) -> list[bytes]:
        """One item is answered, whoever else may have it. Returns what is to be written now."""
        if self._ledger.is_answered(index) or (self.failure is not None and index == self.failure.index):
            return []
        self.unwait(index, index + 1)
        self.risks.settled(index)
        if kind in (RESULT, BINARY):
            solved = self.retries.pop(index, None)
            if solved is not None:
                self._conduct.outdone({name for name in solved.failed_on if name != lease.volunteer})
            return self._ledger.results(index, (item,), (value,))
        retry = self.retries.setdefault(index, Retry(item))
        if kind == DECLINED:
            retry.declined_by.add(lease.volunteer)
        else:
            retry.error = value
            retry.failed_on.append(lease.volunteer)
            if len(retry.failed_on) >= self._policy.retries:
                return self._give_up(retry.failure(index))
        # It may be with somebody else too (lent again, or a copy): then that one's answer is awaited.
        if not self._leases.overlapping(lease, index, index + 1):
            self._wait_alone(index, item)
        return []

    def _give_up(self, failure: Failure) -> list[bytes]:
        index, item = failure.index, failure.item
        self.risks.forget(index)
        if self._policy.on_error is OnError.SKIP:
            self.unwait(index, index + 1)
            self.retries.pop(index, None)
            self.failed_count += 1
            if len(self.failed) < FAILED_NAMED:
                self.failed.append(index)
            self._given_up.append(GaveUp(failure))
            return self._ledger.results(index, (item,), (GIVEN_UP,))
        # Everything before it is still finished and written, so that the output does not depend on who was faster.
        # The item itself waits for ever: nothing from it on is lent any more.
        self.retries.setdefault(index, Retry(item))
        self._wait_alone(index, item)
        if self.failure is None or index < self.failure.index:
            self.failure = failure
        return []

    # Volunteers that are silent, or dead

    def silent(self, volunteer: VolunteerId, begun: Sequence[Begun], now: float) -> None:
        """A volunteer that may have been working on these is silent."""
        self.risks.silent(volunteer, begun, now)

    def heard(self, volunteer: VolunteerId) -> None:
        """A volunteer is not silent any more, or has left well."""
        self._at_risk_no_more(self.risks.heard(volunteer))

    def died(self, volunteer: VolunteerId, begun: Sequence[Begun], now: float, *, is_new: bool = False) -> list[bytes]:
        """A volunteer that may have been working on these is dead; its leases are still out.

        `is_new` says that it had only just come.

        Returns what is to be written now, if the item that it died of has failed.
        """
        over = self.risks.heard(volunteer)
        self.risks.died(volunteer, begun, now, unproven=is_new and self._conduct.is_unproven(volunteer))
        self._at_risk_no_more(index for index in over if index not in self.risks)
        for each in begun:
            if each.lease.doubted:  # its items wait already, perhaps with all others
                self._wait_at_risk(each)
        return self._give_up_fatal(begun)

    def _give_up_fatal(self, begun: Sequence[Begun]) -> list[bytes]:
        if len(begun) != 1 or not begun[0].is_single:
            return []
        lease = begun[0].lease
        index, risk = lease.first, self.risks[lease.first]
        if not self.risks.is_fatal(index):
            return []
        deaths = len(risk.deaths) if len(risk.deaths) >= MAX_DEATHS else risk.times
        return self._give_up(Failure(index, lease.items[0], b"", risk.deaths, deaths))

    def _wait_at_risk(self, begun: Begun) -> None:
        for index in begun.indexes:
            if self._ledger.is_waiting(index):
                self._ledger.wait_at_risk(index, begun.lease.items[index - begun.lease.first])
        self._demand.ask_again()

    def _at_risk_no_more(self, indexes: Iterable[int]) -> None:
        for index in indexes:
            item = self._ledger.at_risk.get(index)
            if item is not None:
                self._ledger.unwait(index, index + 1)
                self._wait(index, item)

    # Where items wait

    def wait_again(self, lease: Lease) -> None:
        """What is left of a lease waits again, but for what is answered, waiting or with somebody else already."""
        if lease.is_plain:
            # What of it has begun comes first.
            begun = lease.done
            while begun < len(lease.items) and lease.first + begun in self.risks:
                begun += 1
            self._ledger.at_risk.update(enumerate(lease.items[lease.done : begun], lease.next))
            self._ledger.waiting.add(lease.first + begun, lease.items[begun:])
            self._demand.ask_again()
            return
        others = self._leases.overlapping(lease, lease.next, lease.stop)
        for index in range(lease.next, lease.stop):
            if (
                self._ledger.is_answered(index)
                or self._ledger.is_waiting(index)
                or any(other.next <= index < other.stop for other in others)
            ):
                continue
            self._wait(index, lease.items[index - lease.first])

    def unwait(self, first: int, stop: int) -> None:
        """Items that wait, those of them that do, are not to be lent any more."""
        in_trouble, at_risk = len(self._ledger.alone), len(self._ledger.at_risk)
        self._ledger.unwait(first, stop)
        self.fewer_in_trouble(in_trouble, at_risk)

    def fewer_in_trouble(self, in_trouble: int, at_risk: int) -> None:
        """Fewer items in trouble wait than before: if not all were looked at then, others are from now on."""
        alone, risky = len(self._ledger.alone), len(self._ledger.at_risk)
        if (in_trouble > LOOKED_AT and alone < in_trouble) or (at_risk > LOOKED_AT and risky < at_risk):
            self._demand.ask_again()

    def _wait(self, index: int, item: bytes) -> None:
        """An item waits where it belongs."""
        if index in self.risks:
            self._ledger.wait_at_risk(index, item)
            self._demand.ask_again()
        elif index in self.retries:
            self._wait_alone(index, item)
        else:
            self._ledger.waiting.add(index, (item,))

    def _wait_alone(self, index: int, item: bytes) -> None:
        """An item in trouble waits: those that were passed over may have it."""
        self._ledger.wait_alone(index, item)
        self._demand.ask_again()

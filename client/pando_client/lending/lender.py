"""The lender: who computes which items.

Theory of operation. The ledger knows where each item is: *waiting*, *lent*, *held back* (answered, but an item before
it is not, or the output has not taken it yet) or *written*. An item moves only forward, except that a lent one waits
again when its volunteer leaves, is suspected, dies, declines it or fails on it. A *lease* lends a span of consecutive
items to one volunteer; it is answered from its first item to its last, in as many parts as the volunteer likes. It is
*contested* when some of its items are lent to another volunteer as well: a suspect's, lent again, or those of a backup
copy. Then, and only then, each answer is looked up; the first one counts. An item on which a volunteer may have died is
*at risk*: a volunteer is *reserved* for it, which finishes what it holds and is then lent this item alone.

What lives here: the promises P1 to P12 (docs/architecture.md). What may not: channels, messages, logging, the clock. A
stimulus (a method) takes the time, in seconds of a clock that never jumps, and returns a list of instructions (small
frozen values) that the caller carries out at once, in order. No stimulus costs more because there are more volunteers,
leases or items.

The invariant, after every stimulus: ``read - written == waiting + lent + held back``.

The promises: P1 lazy, P2 ordered, P3 exactly once, P4 nothing lost, P5 dynamic, P6 adaptive, P7 conservative, P8
leaving is free and failing is counted, P9 bounded, P10 no stuck tail, P11 ends, P12 deaths are looked into. The idea is
pull-lend-stream's, with leases for items.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from itertools import islice

from pando_client.lending.at_work import NOTHING_KNOWN, AtWork, Begun, may_have_begun
from pando_client.lending.conduct import Conduct
from pando_client.lending.demand import Demand
from pando_client.lending.instructions import (
    Failure,
    Finish,
    Instruction,
    Policy,
    Read,
    VolunteerId,
    Withdraw,
    Write,
)
from pando_client.lending.leases import Lease, Leases
from pando_client.lending.ledger import Ledger
from pando_client.lending.outcomes import Outcomes
from pando_client.lending.selection import LOOKED_AT
from pando_client.lending.shares import Shares
from pando_shared.wire.messages import BINARY, DECLINED, ERROR, RESULT


class Lender:
    """The state of one job. See the module's docstring.

    Args:
        policy: how it lends.
    """

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self.finished = False
        """Whether `Finish` was given."""
        self.ledger = Ledger(ordered=self.policy.ordered)
        """Where each item is; to be looked at only."""
        self.leases = Leases()
        """What is out; to be looked at only."""
        self.demand = Demand()
        """Who would take more; to be looked at only."""
        self._conduct = Conduct()
        self.outcomes = Outcomes(self.policy, self.ledger, self.leases, self.demand, self._conduct)
        """What became of items that were answered or are in trouble; to be looked at only."""
        self._shares = Shares(self.ledger, self.leases, self.demand, self.outcomes, self._conduct)
        self._answered_at = 0.0
        self._reading = False
        self._input_open = True
        self._input_error: Exception | None = None

    def __repr__(self) -> str:
        return (
            f"<Lender {self.read_count} read, {self.waiting} waiting, {self.lent} lent, "
            f"{self.held_back} held back, {self.written_count} written, {len(self.volunteers)} volunteers>"
        )

    # What can be seen

    @property
    def failure(self) -> Failure | None:
        """With `OnError.STOP`: the item with the lowest index that was given up."""
        return self.outcomes.failure

    @property
    def read_count(self) -> int:
        """Items read so far."""
        return self.ledger.read_count

    @property
    def written_count(self) -> int:
        """Items whose result was written, or that were given up."""
        return self.ledger.written_count

    @property
    def waiting(self) -> int:
        """Items that are read and with nobody."""
        return self.ledger.waiting_count

    @property
    def held_back(self) -> int:
        """Items that are answered and not yet written."""
        return self.ledger.held_back

    @property
    def lent(self) -> int:
        """Items that are with at least one volunteer, not answered, and not waiting."""
        return self.read_count - self.ledger.answered_count - self.waiting

    @property
    def volunteers(self) -> Collection[VolunteerId]:
        """Those that are here, suspects included."""
        return self._shares.volunteers.keys()

    @property
    def suspects(self) -> Set[VolunteerId]:
        """Volunteers that are here and from which nothing was heard for too long."""
        return self._shares.suspects

    @property
    def declined_by_all(self) -> int | None:
        """The lowest item, of the first `LOOKED_AT` in trouble, that every volunteer here has declined."""
        for index in islice(self.ledger.alone, LOOKED_AT):
            if self.outcomes.retries[index].declined_by_all(self.volunteers):
                return int(index)
        return None

    def wants(self, volunteer: VolunteerId) -> tuple[int, int]:
        """Returns how many leases a volunteer that is here would take, and of how many items each."""
        wanted = self._shares.volunteers[volunteer]
        return wanted.leases, wanted.items

    def awaited(self, seconds: float, now: float) -> Lease | None:
        """Returns what everything else waits for: a lease of which nothing was answered for so many seconds.

        That is one of the item that is written next; if results are not ordered, any, when nothing else was answered.
        """
        since = now - seconds
        if not self.policy.ordered and self._answered_at > since:
            return None
        return self.leases.longest_with(since, self.ledger.awaited)

    # Time

    def tick(self, now: float) -> list[Instruction]:
        """It is `now`, in seconds: leases may have become stragglers. Once a second is enough."""
        if self.policy.copies:
            self._shares.tick(now)
        instructions = self._proceed([], now)
        if self.policy.copies and not self.finished:
            instructions += self._shares.copy_stragglers(now)
        return instructions

    # The input

    def read(self, items: Sequence[bytes], now: float) -> list[Instruction]:
        """Takes the items asked for by `Read`: at least one, at most its count."""
        self._reading = False
        self.ledger.read(items)
        return self._proceed([], now)

    def input_ended(self, now: float, error: Exception | None = None) -> list[Instruction]:
        """The input has no more items; with `error`, because it could not be read any further."""
        self._reading = False
        self._input_open = False
        self._input_error = error
        return self._proceed([], now)

    # The output

    def wrote(self, count: int, now: float) -> list[Instruction]:
        """The output has taken `count` more results of those that were given to it by `Write`."""
        self.ledger.wrote(count)
        return self._proceed([], now)

    # The volunteers

    def join(self, volunteer: VolunteerId) -> list[Instruction]:
        """A volunteer is here; it gets nothing before `want`."""
        self._shares.join(volunteer)
        self._conduct.joined(volunteer)
        return []

    def want(self, volunteer: VolunteerId, leases: int, items: int, now: float) -> list[Instruction]:
        """The volunteer would now take so many more leases (0 for none), each of at most so many items (at least 1)."""
        if volunteer not in self.volunteers:
            return []
        self._shares.want(volunteer, leases, items)
        return self._proceed([], now)

    def results(
        self,
        volunteer: VolunteerId,
        lease_id: int,
        offset: int,
        values: Sequence[bytes],
        kinds: bytes | None,
        now: float,
    ) -> list[Instruction]:
        """Takes the answers to a span of a lease, from its item `offset` on.

        What is late, double, unknown or another's changes nothing (P3).

        Args:
            volunteer: who answers.
            lease_id: the number of the lease.
            offset: items of the lease that are answered already.
            values: one for each item; results as they will be written, errors as JSON.
            kinds: one byte for each value, `RESULT` or another; None if all are results.
            now: seconds.
        """
        lease = self.leases.get(lease_id)
        if lease is None or lease.volunteer != volunteer:
            return []
        if offset != lease.done or offset + len(values) > len(lease.items):
            return []
        first = lease.next
        items = lease.items[offset : offset + len(values)]
        lease.done += len(values)
        lease.answered_at = self._answered_at = now
        self._conduct.answered(volunteer)
        failure = self.failure
        found = {RESULT} if kinds is None else set(kinds)
        productive = bool(found & {RESULT, BINARY})
        if lease.is_plain and not found & {ERROR, DECLINED}:
            out = self.ledger.results(first, items, values)
        else:
            out = []
            for place, value in enumerate(values):
                kind = RESULT if kinds is None else kinds[place]
                out += self.outcomes.answered(lease, first + place, items[place], kind, value)
        instructions: list[Instruction] = [Write(out)] if out else []
        if productive:
            self._conduct.productive(volunteer)
        elif ERROR not in found:
            self._conduct.unproductive(volunteer)
        if lease.contested:
            instructions += self._withdraw_superseded(lease, first, first + len(values))
        if lease.is_complete:
            if productive or ERROR in found:
                self.leases.complete(lease, now)
            else:
                # To decline takes no time: what is typical must not become what that takes.
                self.leases.close(lease)
        elif self.failure is failure and lease.next >= self.outcomes.end:
            instructions += self._withdraw(lease)
        return self._proceed(instructions + self._withdraw_beyond(failure), now)

    def hand_back(self, volunteer: VolunteerId, lease_ids: Sequence[int], now: float) -> list[Instruction]:
        """The volunteer will not answer the rest of these leases."""
        held = False
        for lease_id in lease_ids:
            lease = self.leases.get(lease_id)
            if lease is not None and lease.volunteer == volunteer:
                self._give_back(lease)
                held = True
        if held:
            self._conduct.unproductive(volunteer)
        return self._proceed([], now)

    def suspect(self, volunteer: VolunteerId, now: float, at_work: AtWork = NOTHING_KNOWN) -> list[Instruction]:
        """Nothing was heard from the volunteer for too long: its items wait again, its late answers still count."""
        if volunteer not in self.volunteers or volunteer in self.suspects:
            return []
        self.outcomes.silent(volunteer, self.begun(volunteer, at_work), now)
        self._shares.suspect(volunteer)
        for lease in self.leases.of(volunteer):
            self.outcomes.wait_again(lease)
            self.leases.doubt(lease)
        return self._proceed([], now)

    def recover(self, volunteer: VolunteerId, now: float) -> list[Instruction]:
        """A suspect was heard again."""
        if volunteer not in self.suspects:
            return []
        withdrawn: list[Instruction] = []
        for lease in self.leases.of(volunteer):
            if self.ledger.all_answered(lease.next, lease.stop):
                self.leases.close(lease)
                withdrawn.append(Withdraw(volunteer, lease.id))
            else:
                self.outcomes.unwait(lease.next, lease.stop)  # what waits is with this volunteer again (P7)
                self.leases.trust(lease)
        self.outcomes.heard(volunteer)
        self._shares.recover(volunteer)
        return self._proceed(withdrawn, now)

    def leave(self, volunteer: VolunteerId, now: float) -> list[Instruction]:
        """The volunteer has left well: what it held waits again, lowest index first (P4)."""
        if volunteer not in self.volunteers:
            return []
        self.outcomes.heard(volunteer)
        self._remove(volunteer)
        return self._proceed([], now)

    def died(self, volunteer: VolunteerId, now: float, at_work: AtWork = NOTHING_KNOWN) -> list[Instruction]:
        """The volunteer has gone without a goodbye: so may go whoever works on the same items (P12)."""
        if volunteer not in self.volunteers:
            return []
        failure = self.failure
        begun = self.begun(volunteer, at_work)
        out = self.outcomes.died(volunteer, begun, now, is_new=at_work.is_new)
        instructions: list[Instruction] = [Write(out)] if out else []
        for each in begun:
            instructions += [
                Withdraw(lease.volunteer, lease.id) for lease in self._close_answered(each.lease, *each.span)
            ]
        self._remove(volunteer)
        return self._proceed(instructions + self._withdraw_beyond(failure), now)

    def came_back(self, volunteer: VolunteerId) -> None:
        """One that died is there again, as another volunteer: it did not die of what it was working on."""
        self.outcomes.risks.came_back(volunteer)
        self.demand.ask_again()

    def begun(self, volunteer: VolunteerId, at_work: AtWork) -> list[Begun]:
        """Returns what the volunteer may have been working on when it was last heard."""
        return may_have_begun(self.leases.of(volunteer), at_work, self.ledger.is_answered)

    def check(self) -> None:
        """Asserts what holds between two stimuli, for tests."""
        assert self.read_count - self.written_count == self.waiting + self.lent + self.held_back
        self._shares.check()
        self.demand.check()
        self.leases.check(self.suspects)
        self.outcomes.check()

    # Leases that end early

    def _withdraw_superseded(self, by: Lease, first: int, stop: int) -> list[Instruction]:
        """Takes back the leases of others of which no item is wanted any more, since `by` answered first."""
        closed = self._close_answered(by, first, stop)
        for lease in closed:
            # Only a copy shows that the holder was late; to lose against a suspect that came back is no fault.
            if by.copy and not lease.copy:
                self._conduct.late(lease.volunteer, lease.id, self.leases.last_id)
        return [Withdraw(lease.volunteer, lease.id) for lease in closed]

    def _close_answered(self, beside: Lease, first: int, stop: int) -> list[Lease]:
        """Closes the leases of others that hold items from `first` to `stop` - 1 and are answered; returns them."""
        closed: list[Lease] = []
        for lease in self.leases.overlapping(beside, first, stop):
            if self.ledger.all_answered(lease.next, lease.stop):
                self.leases.close(lease)
                closed.append(lease)
        return closed

    def _withdraw_beyond(self, failure: Failure | None) -> list[Instruction]:
        """Takes back what is not wanted any more, if there is another failure than before."""
        if self.failure is failure:
            return []
        beyond = [lease for lease in self.leases if lease.next >= self.outcomes.end]
        return [withdrawn for lease in beyond for withdrawn in self._withdraw(lease)]

    def _withdraw(self, lease: Lease) -> list[Instruction]:
        self._give_back(lease)
        return [Withdraw(lease.volunteer, lease.id)]

    def _give_back(self, lease: Lease) -> None:
        self.leases.close(lease)
        if not lease.doubted:  # a suspect's items wait, or are with somebody else, already
            self.outcomes.wait_again(lease)

    def _remove(self, volunteer: VolunteerId) -> None:
        for lease in self.leases.of(volunteer):
            self._give_back(lease)
        self._conduct.left(volunteer)
        self._shares.leave(volunteer)

    # What happens next

    def _proceed(self, instructions: list[Instruction], now: float) -> list[Instruction]:
        """Adds what follows from the new state: leases, and the end or more to read."""
        instructions += self.outcomes.given_up()
        instructions += self._conduct.quarantine_due()
        if self.finished:
            return instructions
        instructions += self._shares.lend(now)
        if self._is_over():
            self.finished = True
            instructions.append(Finish(self.failure, self._input_error if self.failure is None else None))
        elif (count := self._to_read()) > 0:
            self._reading = True
            instructions.append(Read(count))
        return instructions

    def _is_over(self) -> bool:
        if self.failure is not None:
            return self.written_count == (self.outcomes.end if self.policy.ordered else self.ledger.answered_count)
        return not self._input_open and self.written_count == self.read_count

    def _to_read(self) -> int:
        """How many items to read now: what is wanted (P1), within the window and the memory (P9)."""
        if self._reading or not self._input_open or self.failure is not None:
            return 0
        if self.ledger.bytes >= self.policy.memory:
            return 0
        room = self.policy.window - (self.read_count - self.written_count)
        return min(room, self.demand.items - len(self.ledger.waiting))

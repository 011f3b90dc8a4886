"""The lender: who computes which items.

Theory of operation. The ledger knows where each item is: *waiting*, *lent*, *held back* (answered, but an item before
it is not, or the output has not taken it yet) or *written*. An item moves only forward, except that a lent one waits
again when its volunteer leaves, is suspected, declines it or fails on it. A *lease* lends a span of consecutive items
to one volunteer; it is answered from its first item to its last, in as many parts as the volunteer likes. A lease is
*contested* when some of its items are lent to another volunteer as well: a suspect's, lent again, or those of a backup
copy. Then, and only then, each answer is looked up; the first one counts.

What lives here: the promises P1 to P11 (docs/architecture.md). What may not: channels, messages, logging, the clock. A
stimulus (a method) takes the time, in seconds of a clock that never jumps, and returns a list of instructions (small
frozen values) that the caller carries out at once, in order. No stimulus costs more because there are more volunteers,
leases or items.

The invariant, after every stimulus: ``read - written == waiting + lent + held back``.

The promises: P1 lazy, P2 ordered, P3 exactly once, P4 nothing lost, P5 dynamic, P6 adaptive, P7 conservative, P8
leaving is free and failing is counted, P9 bounded, P10 no stuck tail, P11 ends. The idea is pull-lend-stream's, with
leases for items.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pando_client.lending.conduct import Conduct
from pando_client.lending.demand import Demand
from pando_client.lending.instructions import (
    Failure,
    Finish,
    Instruction,
    Lend,
    OnError,
    Policy,
    Read,
    VolunteerId,
    Withdraw,
    Write,
)
from pando_client.lending.leases import Lease, Leases
from pando_client.lending.ledger import GIVEN_UP, Ledger
from pando_client.lending.retries import Retry
from pando_client.lending.selection import LOOKED_AT, Selection, Taken
from pando_client.lending.stragglers import Copy, Stragglers
from pando_shared.wire.messages import BINARY, DECLINED, ERROR, RESULT

FAILED_NAMED = 1000
"""Items that were given up whose indexes are kept."""


@dataclass(slots=True)
class _Volunteer:
    """What it would take now: so many leases, each of at most so many items."""

    leases: int = 0
    items: int = 1


class Lender:
    """The state of one job. See the module's docstring.

    Args:
        policy: how it lends.
    """

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self.failed_count = 0
        """Items given up, with `OnError.SKIP`."""
        self.failed: list[int] = []
        """The indexes of the first `FAILED_NAMED` of them."""
        self.failure: Failure | None = None
        """With `OnError.STOP`: the item with the lowest index that was given up."""
        self.finished = False
        """Whether `Finish` was given."""
        self.suspects: set[VolunteerId] = set()
        """Volunteers that are here and from which nothing was heard for too long."""
        self.ledger = Ledger(ordered=self.policy.ordered)
        """Where each item is; to be looked at only."""
        self.leases = Leases()
        """What is out; to be looked at only."""
        self.demand = Demand()
        """Who would take more; to be looked at only."""
        self._volunteers: dict[VolunteerId, _Volunteer] = {}
        self._retries: dict[int, Retry] = {}
        self._conduct = Conduct()
        self._selection = Selection(self.ledger, self._retries)
        self._stragglers = Stragglers(self.ledger, self.leases, self._retries)
        self._reading = False
        self._input_open = True
        self._input_error: Exception | None = None

    def __repr__(self) -> str:
        return (
            f"<Lender {self.read_count} read, {self.waiting} waiting, {self.lent} lent, "
            f"{self.held_back} held back, {self.written_count} written, {len(self._volunteers)} volunteers>"
        )

    # What can be seen

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
        return self._volunteers.keys()

    @property
    def declined_by_all(self) -> int | None:
        """The lowest item, of the first `LOOKED_AT` in trouble, that every volunteer here has declined."""
        for index in islice(self.ledger.alone, LOOKED_AT):
            if self._retries[index].declined_by_all(self._volunteers):
                return int(index)
        return None

    def wants(self, volunteer: VolunteerId) -> tuple[int, int]:
        """Returns how many leases a volunteer that is here would take, and of how many items each."""
        state = self._volunteers[volunteer]
        return state.leases, state.items

    # Time

    def tick(self, now: float) -> list[Instruction]:
        """It is `now`, in seconds: leases may have become stragglers. Once a second is enough."""
        if self.policy.copies:
            self._stragglers.tick(now)
        instructions = self._proceed([], now)
        if self.policy.copies and not self.finished:
            instructions += self._copy_stragglers(now)
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
        self._volunteers[volunteer] = _Volunteer()
        self._conduct.joined(volunteer)
        return []

    def want(self, volunteer: VolunteerId, leases: int, items: int, now: float) -> list[Instruction]:
        """The volunteer would now take so many more leases (0 for none), each of at most so many items (at least 1)."""
        state = self._volunteers.get(volunteer)
        if state is None:
            return []
        state.leases, state.items = leases, items
        self._update_demand(volunteer, state)
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
        failure = self.failure
        found = {RESULT} if kinds is None else set(kinds)
        productive = bool(found & {RESULT, BINARY})
        if lease.is_plain and not found & {ERROR, DECLINED}:
            out = self.ledger.results(first, items, values)
        else:
            out = []
            for place, value in enumerate(values):
                kind = RESULT if kinds is None else kinds[place]
                out += self._answered(lease, first + place, items[place], kind, value)
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
        if self.failure is not failure:
            for other in [other for other in self.leases if other.next >= self._end]:
                instructions += self._withdraw(other)
        elif not lease.is_complete and lease.next >= self._end:
            instructions += self._withdraw(lease)
        instructions += self._conduct.quarantine_due()
        return self._proceed(instructions, now)

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
        return self._proceed([*self._conduct.quarantine_due()], now)

    def suspect(self, volunteer: VolunteerId, now: float) -> list[Instruction]:
        """Nothing was heard from the volunteer for too long: its items wait again, its late answers still count."""
        if volunteer not in self._volunteers or volunteer in self.suspects:
            return []
        self.suspects.add(volunteer)
        self.demand.discard(volunteer)
        self.demand.ask_again()  # what has failed on one of them need not wait for this volunteer
        for lease in self.leases.of(volunteer):
            self._wait_again(lease)
            self.leases.doubt(lease)
        return self._proceed([], now)

    def recover(self, volunteer: VolunteerId, now: float) -> list[Instruction]:
        """A suspect was heard again."""
        state = self._volunteers.get(volunteer)
        if state is None:
            return []
        self.suspects.discard(volunteer)
        withdrawn: list[Instruction] = []
        for lease in self.leases.of(volunteer):
            if self.ledger.all_answered(lease.next, lease.stop):
                self.leases.close(lease)
                withdrawn.append(Withdraw(volunteer, lease.id))
            else:
                self._unwait(lease.next, lease.stop)  # what waits is with this volunteer again (P7)
                self.leases.trust(lease)
        self._update_demand(volunteer, state)
        return self._proceed(withdrawn, now)

    def leave(self, volunteer: VolunteerId, now: float) -> list[Instruction]:
        """The volunteer is gone: what it held waits again, lowest index first (P4)."""
        if volunteer not in self._volunteers:
            return []
        for lease in self.leases.of(volunteer):
            self._give_back(lease)
        del self._volunteers[volunteer]
        self._conduct.left(volunteer)
        self.suspects.discard(volunteer)
        self.demand.discard(volunteer)
        self.demand.ask_again()  # what has failed on one of them need not wait for this volunteer
        return self._proceed([], now)

    def check(self) -> None:
        """Asserts what holds between two stimuli, for tests."""
        assert self.read_count - self.written_count == self.waiting + self.lent + self.held_back
        assert self.suspects <= self._volunteers.keys()
        wanting = {name for name, state in self._volunteers.items() if state.leases} - self.suspects
        assert set(self.demand) == wanting
        self.demand.check()
        self.leases.check(self.suspects)

    # Answers

    def _answered(self, lease: Lease, index: int, item: bytes, kind: int, value: bytes) -> list[bytes]:
        """One item is answered, whoever else may have it. Returns what is to be written now."""
        if self.ledger.is_answered(index) or (self.failure is not None and index == self.failure.index):
            return []
        if kind in (RESULT, BINARY):
            self._unwait(index, index + 1)
            solved = self._retries.pop(index, None)
            if solved is not None:
                self._conduct.outdone({name for name in solved.failed_on if name != lease.volunteer})
            return self.ledger.results(index, (item,), (value,))
        retry = self._retries.setdefault(index, Retry(item))
        if kind == DECLINED:
            retry.declined_by.add(lease.volunteer)
        else:
            retry.error = value
            retry.failed_on.append(lease.volunteer)
            if len(retry.failed_on) >= self.policy.retries:
                return self._give_up(index, retry)
        # It may be with somebody else too (lent again, or a copy): then that one's answer is awaited.
        if not self.leases.overlapping(lease, index, index + 1):
            self._wait_alone(index, item)
        return []

    def _give_up(self, index: int, retry: Retry) -> list[bytes]:
        if self.policy.on_error is OnError.SKIP:
            self._unwait(index, index + 1)
            del self._retries[index]
            self.failed_count += 1
            if len(self.failed) < FAILED_NAMED:
                self.failed.append(index)
            return self.ledger.results(index, (retry.item,), (GIVEN_UP,))
        # Everything before it is still finished and written, so that the output does not depend on who was faster.
        # The item itself waits for ever: nothing from it on is lent any more.
        self._wait_alone(index, retry.item)
        if self.failure is None or index < self.failure.index:
            self.failure = retry.failure(index)
        return []

    def _withdraw_superseded(self, by: Lease, first: int, stop: int) -> list[Instruction]:
        """Takes back the leases of others of which no item is wanted any more, since `by` answered first."""
        withdrawn: list[Instruction] = []
        for lease in self.leases.overlapping(by, first, stop):
            if self.ledger.all_answered(lease.next, lease.stop):
                withdrawn.append(Withdraw(lease.volunteer, lease.id))
                self.leases.close(lease)
                # Only a copy shows that the holder was late; to lose against a suspect that came back is no fault.
                if by.copy and not lease.copy:
                    self._conduct.late(lease.volunteer, lease.id, self.leases.last_id)
        return withdrawn

    # Leases that end early

    def _withdraw(self, lease: Lease) -> list[Instruction]:
        self._give_back(lease)
        return [Withdraw(lease.volunteer, lease.id)]

    def _give_back(self, lease: Lease) -> None:
        self.leases.close(lease)
        if not lease.doubted:  # a suspect's items wait, or are with somebody else, already
            self._wait_again(lease)

    def _wait_again(self, lease: Lease) -> None:
        """What is left of a lease waits again, but for what is answered, waiting or with somebody else already."""
        if lease.is_plain:
            self.ledger.waiting.add(lease.next, lease.items[lease.done :])
            return
        others = self.leases.overlapping(lease, lease.next, lease.stop)
        for index in range(lease.next, lease.stop):
            if (
                self.ledger.is_answered(index)
                or self.ledger.is_waiting(index)
                or any(other.next <= index < other.stop for other in others)
            ):
                continue
            item = lease.items[index - lease.first]
            if index in self._retries:
                self._wait_alone(index, item)
            else:
                self.ledger.waiting.add(index, (item,))

    def _unwait(self, first: int, stop: int) -> None:
        """Items that wait, those of them that do, are not to be lent any more."""
        in_trouble = len(self.ledger.alone)
        self.ledger.unwait(first, stop)
        self._fewer_in_trouble(in_trouble)

    def _fewer_in_trouble(self, before: int) -> None:
        """Fewer items in trouble wait than `before`: if not all were looked at then, others are from now on."""
        if before > LOOKED_AT and len(self.ledger.alone) < before:
            self.demand.ask_again()

    def _wait_alone(self, index: int, item: bytes) -> None:
        """An item in trouble waits: those that were passed over may have it."""
        self.ledger.wait_alone(index, item)
        self.demand.ask_again()

    # What happens next

    def _proceed(self, instructions: list[Instruction], now: float) -> list[Instruction]:
        """Adds what follows from the new state: leases, and the end or more to read."""
        if self.finished:
            return instructions
        instructions += self._lend(now)
        if self._is_over():
            self.finished = True
            instructions.append(Finish(self.failure, self._input_error if self.failure is None else None))
        elif (count := self._to_read()) > 0:
            self._reading = True
            instructions.append(Read(count))
        return instructions

    @property
    def _end(self) -> int:
        """The index from which on nothing is wanted any more: after a failure, what comes before it is finished."""
        if self.failure is None:
            return self.read_count
        return self.failure.index if self.policy.ordered else 0

    def _is_over(self) -> bool:
        if self.failure is not None:
            return self.written_count == (self._end if self.policy.ordered else self.ledger.answered_count)
        return not self._input_open and self.written_count == self.read_count

    def _to_read(self) -> int:
        """How many items to read now: what is wanted (P1), within the window and the memory (P9)."""
        if self._reading or not self._input_open or self.failure is not None:
            return 0
        if self.ledger.bytes >= self.policy.memory:
            return 0
        room = self.policy.window - (self.read_count - self.written_count)
        return min(room, self.demand.items - len(self.ledger.waiting))

    def _update_demand(self, name: VolunteerId, state: _Volunteer) -> None:
        if state.leases > 0 and name not in self.suspects:
            self.demand.put(name, state.leases, state.items)
        else:
            self.demand.discard(name)

    def _lend(self, now: float) -> list[Instruction]:
        """Lends what waits, lowest index first, in turn, in equal shares when it is not enough for all."""
        lends: list[Instruction] = []
        while self.waiting and (name := self.demand.first) is not None:
            state = self._volunteers[name]
            copy = self._stragglers.overdue_copy(name, state.items, now, self._end)
            if copy is not None:
                lends.append(self._lend_copy(name, copy, now))
                continue
            share = -(-self.waiting // self.demand.leases)
            in_trouble = len(self.ledger.alone)
            taken = self._take(name, min(state.items, share))
            if taken is not None:
                self._fewer_in_trouble(in_trouble)
                lease = self.leases.lend(name, taken.first, taken.items, now, troubled=taken.in_trouble)
                lends.append(self._lend_to(name, lease))
            elif self.demand.is_passed_over(name):
                break  # so were all others
            else:
                self.demand.pass_over(name)
        if not self.waiting:
            self.demand.ask_again()  # with nothing in trouble that waits, all have their turn
        return lends

    def _take(self, name: VolunteerId, limit: int) -> Taken | None:
        taken = None
        if not self.demand.is_passed_over(name):
            taken = self._selection.take_in_trouble(name, limit, self._end, self._volunteers, self.suspects)
        return taken or self._selection.take_waiting(limit, self._end)

    def _lend_to(self, name: VolunteerId, lease: Lease) -> Lend:
        state = self._volunteers[name]
        state.leases -= 1
        self._update_demand(name, state)
        self.demand.end_turn(name)
        return Lend(name, lease.id, lease.items, lease.copy)

    def _lend_copy(self, name: VolunteerId, copy: Copy, now: float) -> Lend:
        self.leases.expect_copy(copy.of)
        return self._lend_to(name, self.leases.lend(name, copy.first, copy.items, now, copy=True))

    def _copy_stragglers(self, now: float) -> list[Instruction]:
        """Slots for which nothing is left run copies of leases that are out for too long, lowest index first (P10)."""
        if not self.demand:
            return []
        copies: list[Instruction] = []
        for lease in self._stragglers.late(now, self._end):
            for name in self._idle():
                copy = self._stragglers.copy_for(name, lease, self._volunteers[name].items, now, self._end)
                if copy is not None:
                    copies.append(self._lend_copy(name, copy, now))
                    break
            if not self.demand:
                break
        return copies

    def _idle(self) -> Iterator[VolunteerId]:
        """Yields who would take more. One that was late itself, and has done nothing since, is the last to ask."""
        struck = self._conduct.struck()
        last = set(struck)
        yield from (name for name in self.demand if name not in last)
        yield from (name for name in struck if name in self.demand)

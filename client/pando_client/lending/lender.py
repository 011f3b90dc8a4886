"""The lender: who computes which items.

Theory of operation. The ledger knows where each item is: *waiting*, *lent*, *held back* (answered, but an item before
it is not, or the output has not taken it yet) or *written*. An item moves only forward, except that a lent one waits
again when its volunteer leaves, is suspected, declines it or fails on it. A *lease* lends a run of consecutive items to
one volunteer; it is answered from its first item to its last, in as many parts as the volunteer likes. A lease is
*contested* while another one may answer some of the same items: a suspect's, lent again, or one with a backup copy.
Then, and only then, each answer is looked up; the first one counts.

What lives here: the promises P1 to P11. What may not: channels, messages, logging, the clock. A stimulus (a method)
returns a list of instructions (small frozen values) that the caller carries out at once, in order; `tick` brings the
time, which matters for backup copies only.

The invariant, after every stimulus: ``read - written == waiting + lent + held back``.

The promises: P1 lazy, P2 ordered, P3 exactly once, P4 nothing lost, P5 dynamic, P6 adaptive, P7 conservative, P8
leaving is free and failing is counted, P9 bounded, P10 no stuck tail, P11 ends. The idea is pull-lend-stream's, with
leases for items.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from pando_client.lending.instructions import (
    Failure,
    Finish,
    Instruction,
    Lend,
    OnError,
    Policy,
    Read,
    SetAside,
    VolunteerId,
    Withdraw,
    Write,
)
from pando_client.lending.leases import Lease, Leases
from pando_client.lending.ledger import GIVEN_UP, Ledger
from pando_client.lending.retries import Trouble
from pando_shared.wire.messages import BINARY, DECLINED, ERROR, RESULT

MAX_LEASE_BYTES = 1024 * 1024
"""Bytes of the items of one lease, unless one item alone has more."""
STRAGGLER_FACTOR = 3
"""A lease that is out for so many times as long as is typical is a straggler: idle slots may run a copy of it."""
OVERDUE_FACTOR = 10
"""And after so many times, if results wait for it, a copy goes before other work."""
FAILED_NAMED = 1000
ALONE_LOOKED_AT = 256
"""Items in trouble that are looked at for one volunteer, at most: it may be one that has declined them all."""
TOO_MUCH_BLAME = 3
"""Times in a row that others did what a volunteer could not, or did not in time: then it is set aside."""
FRUITLESS = 10
"""Times in a row, for each volunteer here, that one gave back all it was lent while others had results: then too. So
many, since a function may accept each item on one of them only."""


@dataclass(slots=True)
class _Volunteer:
    # What it would take now: this many leases of at most that many items.
    want_leases: int = 0
    want_items: int = 1
    blame: int = 0
    # Times in a row that it declined or handed back what it had, and results that there were at the last of them.
    fruitless: int = 0
    seen: int = 0
    # The last lease that was out, of whomever, when it was last found late.
    late_until: int = 0


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
        self._ledger = Ledger(ordered=self.policy.ordered)
        self._troubles: dict[int, Trouble] = {}
        self._volunteers: dict[VolunteerId, _Volunteer] = {}
        self._hungry: OrderedDict[VolunteerId, None] = OrderedDict()
        self._suspects: set[VolunteerId] = set()
        self._leases = Leases()
        self._reading = False
        self._input_open = True
        self._input_error: Exception | None = None
        self._failure: Failure | None = None
        self._finished = False
        self.now = 0.0
        """The time, in seconds of a clock that never jumps: the caller sets it before a stimulus, or calls `tick`."""
        self._guilty: dict[VolunteerId, str] = {}  # and why
        self._fruits = 0  # answers with results, of all volunteers
        self._overdue: list[Lease] = []  # leases for which results wait, since the last tick

    def __repr__(self) -> str:
        return (
            f"<Lender {self.read_count} read, {self.waiting} waiting, {self.lent} lent, "
            f"{self.held_back} held back, {self.written_count} written, {len(self._volunteers)} volunteers>"
        )

    # What can be seen

    @property
    def read_count(self) -> int:
        """Items read so far."""
        return self._ledger.read_count

    @property
    def written_count(self) -> int:
        """Items whose result was written, or that were given up."""
        return self._ledger.written_count

    @property
    def waiting(self) -> int:
        """Items that are read and with nobody."""
        return self._ledger.waiting_count

    @property
    def held_back(self) -> int:
        """Items that are answered and not yet written."""
        return self._ledger.held_back

    @property
    def lent(self) -> int:
        """Items that are with at least one volunteer, not answered, and not waiting."""
        return self.read_count - self._ledger.answered_count - self.waiting

    @property
    def finished(self) -> bool:
        """Whether `Finish` was given."""
        return self._finished

    @property
    def declined_by_all(self) -> int | None:
        """The lowest waiting item that every volunteer here has declined, if any."""
        for index in self._ledger.alone:
            declined = self._troubles[index].declined_by
            if declined and all(name in declined for name in self._volunteers):
                return int(index)
        return None

    # Time

    def tick(self, now: float) -> list[Instruction]:
        """It is `now`, in seconds: leases may have become stragglers. Once a second is enough."""
        self.now = now
        self._overdue = self._leases.late(OVERDUE_FACTOR, now) if self.policy.copies and self.held_back else []
        instructions = self._go_on([])
        if not self._finished and self.policy.copies:
            instructions += self._copy_stragglers()
        return instructions

    # The input

    def read(self, items: Sequence[bytes]) -> list[Instruction]:
        """Takes the items asked for by `Read`: at least one, at most its count."""
        self._reading = False
        self._ledger.read(items)
        return self._go_on([])

    def input_ended(self, error: Exception | None = None) -> list[Instruction]:
        """The input has no more items; with `error`, because it could not be read any further."""
        self._reading = False
        self._input_open = False
        self._input_error = error
        return self._go_on([])

    # The output

    def wrote(self, count: int) -> list[Instruction]:
        """The output has taken `count` more results of those that were given to it by `Write`."""
        self._ledger.wrote(count)
        return self._go_on([])

    # The volunteers

    def join(self, volunteer: VolunteerId) -> list[Instruction]:
        """A volunteer is here; it gets nothing before `want`."""
        self._volunteers[volunteer] = _Volunteer(seen=self._fruits)
        return []

    def want(self, volunteer: VolunteerId, leases: int, items: int) -> list[Instruction]:
        """The volunteer would now take so many more leases (0 for none), each of at most so many items (at least 1)."""
        state = self._volunteers.get(volunteer)
        if state is None:
            return []
        state.want_leases = leases
        state.want_items = items
        if leases > 0 and volunteer not in self._suspects:
            self._hungry.setdefault(volunteer)
        else:
            self._hungry.pop(volunteer, None)
        return self._go_on([])

    def answer(
        self, volunteer: VolunteerId, lease_id: int, offset: int, values: Sequence[bytes], kinds: bytes | None = None
    ) -> list[Instruction]:
        """Takes the answers to a run of a lease, from its item `offset` on.

        What is late, double, unknown or another's changes nothing (P3).
        """
        lease = self._leases.get(lease_id)
        if lease is None or lease.volunteer != volunteer:
            return []
        if offset != lease.done or offset + len(values) > len(lease.items):
            return []
        first = lease.next
        items = lease.items[offset : offset + len(values)]
        lease.done += len(values)
        out: list[bytes] = []
        if kinds is None and lease.is_plain:
            out = self._ledger.answer(first, items, values)
        else:
            for place, value in enumerate(values):
                kind = RESULT if kinds is None else kinds[place]
                out += self._answer_one(volunteer, first + place, items[place], kind, value)
        instructions: list[Instruction] = [Write(out)] if out else []
        bore_nothing = kinds is not None and not {RESULT, BINARY, ERROR} & set(kinds)
        if bore_nothing:
            self._bore_nothing(volunteer)
        elif kinds is None or RESULT in kinds or BINARY in kinds:
            self._fruits += 1
            self._volunteers[volunteer].blame = self._volunteers[volunteer].fruitless = 0
        if lease.contested:
            instructions += self._withdraw_superseded(lease, first, first + len(values))
        if lease.done == len(lease.items):
            # To decline takes no time: what is typical must not become what that takes.
            self._leases.close(lease) if bore_nothing else self._leases.answered(lease, self.now)
        return self._go_on(instructions + self._judge())

    def hand_back(self, volunteer: VolunteerId, lease_ids: Sequence[int]) -> list[Instruction]:
        """The volunteer will not answer the rest of these leases."""
        held = False
        for lease_id in lease_ids:
            lease = self._leases.get(lease_id)
            if lease is not None and lease.volunteer == volunteer:
                self._give_back(lease)
                held = True
        if held:
            self._bore_nothing(volunteer)
        return self._go_on(self._judge())

    def suspect(self, volunteer: VolunteerId) -> list[Instruction]:
        """Nothing was heard from the volunteer for too long: its items wait again, its late answers still count."""
        if volunteer not in self._volunteers or volunteer in self._suspects:
            return []
        self._suspects.add(volunteer)
        self._hungry.pop(volunteer, None)
        for lease in self._leases.of(volunteer):
            self._wait_again(lease)
            self._leases.contest(lease)
        return self._go_on([])

    def recover(self, volunteer: VolunteerId) -> list[Instruction]:
        """A suspect was heard again."""
        state = self._volunteers.get(volunteer)
        if state is None:
            return []
        self._suspects.discard(volunteer)
        withdrawn: list[Instruction] = []
        for lease in self._leases.of(volunteer):
            if self._is_superseded(lease):
                self._leases.close(lease)
                withdrawn.append(Withdraw(volunteer, lease.id))
            else:
                self._ledger.unwait(lease.next, lease.stop)  # what waits is with this volunteer again (P7)
        return withdrawn + self.want(volunteer, state.want_leases, state.want_items)

    def leave(self, volunteer: VolunteerId) -> list[Instruction]:
        """The volunteer is gone: what it held waits again, lowest index first (P4)."""
        if volunteer not in self._volunteers:
            return []
        for lease in self._leases.of(volunteer):
            self._give_back(lease)
        del self._volunteers[volunteer]
        self._suspects.discard(volunteer)
        self._hungry.pop(volunteer, None)
        return self._go_on([])

    # Answers

    def _answer_one(self, volunteer: VolunteerId, index: int, item: bytes, kind: int, value: bytes) -> list[bytes]:
        if self._ledger.is_answered(index) or (self._failure is not None and index == self._failure.index):
            return []
        if kind in (RESULT, BINARY):
            self._ledger.unwait(index, index + 1)
            solved = self._troubles.pop(index, None)
            if solved is not None:
                self._blame({name for name in solved.failed_on if name != volunteer})
            return self._ledger.answer(index, (item,), (value,))
        trouble = self._troubles.setdefault(index, Trouble(item))
        if kind == DECLINED:
            trouble.declined_by.add(volunteer)
        else:
            trouble.error = value
            trouble.failed_on.append(volunteer)
            if len(trouble.failed_on) >= self.policy.retries:
                return self._give_up(index, trouble)
        # It may be with somebody else too (lent again, or a copy): then that one's answer is awaited.
        if not self._leases.overlapping(index, index + 1, volunteer, self._suspects):
            self._ledger.wait_alone(index, item)
        return []

    def _give_up(self, index: int, trouble: Trouble) -> list[bytes]:
        failure = trouble.failure(index)
        if self.policy.on_error is OnError.SKIP:
            self._ledger.unwait(index, index + 1)
            del self._troubles[index]
            self.failed_count += 1
            if len(self.failed) < FAILED_NAMED:
                self.failed.append(index)
            return self._ledger.answer(index, (trouble.item,), (GIVEN_UP,))
        # Everything before it is still finished and written, so that the output does not depend on who was faster.
        # The item itself waits for ever: nothing from it on is lent any more.
        self._ledger.wait_alone(index, trouble.item)
        if self._failure is None or index < self._failure.index:
            self._failure = failure
        return []

    def _withdraw_superseded(self, by: Lease, first: int, stop: int) -> list[Instruction]:
        """Takes back the leases of others of which no item is wanted any more, since `by` answered first."""
        withdrawn: list[Instruction] = []
        for lease in self._leases.overlapping(first, stop, by.volunteer, self._suspects):
            if self._is_superseded(lease):
                withdrawn.append(Withdraw(lease.volunteer, lease.id))
                self._leases.close(lease)
                # Only a copy shows that the holder was late; to lose against a suspect that came back is no fault.
                if by.copy and not lease.copy:
                    self._blame_late(lease)
        return withdrawn

    def _is_superseded(self, lease: Lease) -> bool:
        return all(self._ledger.is_answered(index) for index in range(lease.next, lease.stop))

    def _blame_late(self, lease: Lease) -> None:
        """A copy of this lease was answered first; that others follow is the same fault: one silence ends them all."""
        state = self._volunteers[lease.volunteer]
        if lease.id > state.late_until:
            state.late_until = self._leases.last
            self._blame({lease.volunteer})

    def _blame(self, names: set[VolunteerId]) -> None:
        """Another volunteer has done what these could not, or did not in time."""
        for name in names & self._volunteers.keys():
            self._volunteers[name].blame += 1
            if self._volunteers[name].blame >= TOO_MUCH_BLAME:
                self._guilty[name] = "others did what it did not do"

    def _bore_nothing(self, name: VolunteerId) -> None:
        """A volunteer gave back what it was lent. That is its right; but not for ever, while others work."""
        state = self._volunteers[name]
        if self._fruits == state.seen:
            return  # nobody does better: the function may not be able to run anywhere yet
        state.seen = self._fruits
        state.fruitless += 1
        if state.fruitless >= FRUITLESS * len(self._volunteers):
            self._guilty[name] = "it gave back everything it was lent, while others worked"

    def _judge(self) -> list[Instruction]:
        """Whoever has too much blame is set aside; once, since it leaves then."""
        guilty = [SetAside(name, why) for name, why in sorted(self._guilty.items()) if name in self._volunteers]
        self._guilty.clear()
        return list(guilty)

    # Leases

    def _give_back(self, lease: Lease) -> None:
        self._leases.close(lease)
        if lease.volunteer not in self._suspects or not lease.contested:
            self._wait_again(lease)

    def _wait_again(self, lease: Lease) -> None:
        """What is left of a lease waits again, but for what is answered, waiting or with somebody else already."""
        if lease.is_plain:
            self._ledger.waiting.add(lease.next, lease.items[lease.done :])
            return
        others = self._leases.overlapping(lease.next, lease.stop, lease.volunteer, self._suspects)
        for index in range(lease.next, lease.stop):
            if (
                self._ledger.is_answered(index)
                or self._ledger.is_waiting(index)
                or any(other.next <= index < other.stop for other in others)
            ):
                continue
            item = lease.items[index - lease.first]
            if index in self._troubles:
                self._ledger.wait_alone(index, item)
            else:
                self._ledger.waiting.add(index, (item,))

    # What happens next

    def _go_on(self, instructions: list[Instruction]) -> list[Instruction]:
        if self._finished:
            return []
        if self._failure is not None:
            instructions += self._withdraw_beyond_failure()
        instructions += self._lend()
        if self._is_over():
            self._finished = True
            instructions.append(Finish(self._failure, self._input_error if self._failure is None else None))
        elif (wish := self._wish()) > 0:
            self._reading = True
            instructions.append(Read(wish))
        return instructions

    @property
    def _end(self) -> int:
        """The index from which on nothing is wanted any more: after a failure, what comes before it is finished."""
        if self._failure is None:
            return self.read_count
        return self._failure.index if self.policy.ordered else 0

    def _is_over(self) -> bool:
        if self._failure is not None:
            return self.written_count == (self._end if self.policy.ordered else self._ledger.answered_count)
        return not self._input_open and self.written_count == self.read_count

    def _wish(self) -> int:
        """How many items to read now: what the hungry would take (P1), within the window and the memory (P9)."""
        if self._reading or not self._input_open or self._failure is not None:
            return 0
        if self._ledger.bytes >= self.policy.memory:
            return 0
        demand = sum(self._volunteers[name].want_leases * self._volunteers[name].want_items for name in self._hungry)
        room = self.policy.window - (self.read_count - self.written_count)
        return min(room, demand - len(self._ledger.waiting))

    def _lend(self) -> list[Instruction]:
        """Lends what waits to the hungry in turn, lowest index first, in equal shares when it is not enough for all."""
        lends: list[Instruction] = []
        wanted = sum(self._volunteers[name].want_leases for name in self._hungry)
        served: set[VolunteerId] = set()  # had their turn, and nothing was there for them
        while self.waiting and len(served) < len(self._hungry):
            name, _ = self._hungry.popitem(last=False)
            state = self._volunteers[name]
            if (copy := self._overdue_copy(name)) is not None:
                lends.append(copy)
                wanted -= 1
                continue
            share = -(-self.waiting // max(1, wanted))
            cut = self._cut(name, min(state.want_items, share))
            if cut is None:
                served.add(name)
                self._hungry[name] = None
                continue
            first, items, troubled = cut
            lease = self._leases.lend(name, first, items, self.now, troubled=troubled)
            lends.append(self._lend_to(name, lease))
            wanted -= 1
        return lends

    def _lend_to(self, name: VolunteerId, lease: Lease) -> Lend:
        """Lends to a volunteer that was taken out of the hungry, and puts it back if it wants more."""
        state = self._volunteers[name]
        state.want_leases -= 1
        if state.want_leases > 0:
            self._hungry[name] = None
        return Lend(name, lease.id, lease.items, lease.copy)

    def _cut(self, name: VolunteerId, limit: int) -> tuple[int, list[bytes], bool] | None:
        """Takes a lease for this volunteer: a run of waiting items, or items in trouble if those come first."""
        ledger, end = self._ledger, self._end
        lowest = ledger.waiting.lowest
        if lowest is not None and lowest >= end:
            lowest = None
        others = [other for other in self._volunteers if other != name and other not in self._suspects]
        alone = ledger.alone.irange(maximum=end, inclusive=(True, False))
        for index in islice(alone, ALONE_LOOKED_AT):
            if lowest is not None and lowest < index:
                break
            if self._troubles[index].may_go_to(name, others):
                return index, self._cut_troubled(name, index, limit), True
        if lowest is None:
            return None
        first, items = ledger.waiting.take(min(limit, end - lowest))
        kept = _that_fit(items, MAX_LEASE_BYTES)
        ledger.waiting.add(first + kept, items[kept:])
        return first, items[:kept], False

    def _cut_troubled(self, name: VolunteerId, first: int, limit: int) -> list[bytes]:
        """Takes an item in trouble: one that failed by itself, one that was declined with those after it that were."""
        alone, index = self._ledger.alone, first
        items: list[bytes] = []
        size = 0
        while True:
            size += len(alone[index])
            if items and size > MAX_LEASE_BYTES:
                return items
            items.append(alone.pop(index))
            trouble, after = self._troubles[index], self._troubles.get(index + 1)
            index += 1
            if trouble.failed_on or len(items) >= limit or index >= self._end or index not in alone:
                return items
            if after is None or after.failed_on or name in after.declined_by:
                return items

    def _copy_stragglers(self) -> list[Instruction]:
        """Slots for which nothing is left run copies of leases that are out for too long, lowest index first (P10)."""
        if not self._hungry:
            return []
        copies: list[Instruction] = []
        for lease in self._leases.late(STRAGGLER_FACTOR, self.now):
            # One that was late itself, and has done nothing since, is the last to ask.
            for name in sorted(self._hungry, key=lambda name: self._volunteers[name].blame):
                run = self._copy_of(lease, name)
                if run is not None:
                    del self._hungry[name]
                    copies.append(self._lend_copy(name, lease, *run))
                    break
        return copies

    def _overdue_copy(self, name: VolunteerId) -> Lend | None:
        """Lends a copy of a lease for which results wait to this volunteer, if there is one that it may have."""
        for place, lease in enumerate(self._overdue):
            run = self._copy_of(lease, name) if self._leases.get(lease.id) is not None else None
            if run is not None:
                del self._overdue[: place + 1]
                return self._lend_copy(name, lease, *run)
        return None

    def _lend_copy(self, name: VolunteerId, lease: Lease, first: int, items: Sequence[bytes]) -> Lend:
        self._leases.contest(lease)
        return self._lend_to(name, self._leases.lend(name, first, items, self.now, copy=True))

    def _copy_of(self, lease: Lease, name: VolunteerId) -> tuple[int, Sequence[bytes]] | None:
        """Returns the first run of a lease that nobody else has answered or holds, if it may go to this volunteer.

        A copy that is late itself does not count: whoever holds it may be no better than the first.
        """
        if lease.volunteer == name or lease.volunteer in self._suspects:
            return None
        others = [
            other
            for other in self._leases.overlapping(lease.next, lease.stop, lease.volunteer, self._suspects)
            if other.volunteer == name or not self._leases.is_late(other, STRAGGLER_FACTOR, self.now)
        ]

        def wanted(index: int) -> bool:
            trouble = self._troubles.get(index)
            return not (
                self._ledger.is_answered(index)
                or any(other.next <= index < other.stop for other in others)
                or (trouble is not None and not trouble.may_go_to(name, ()))
            )

        stop = min(lease.stop, self._end)
        first = next((index for index in range(lease.next, stop) if wanted(index)), None)
        if first is None:
            return None
        stop = min(stop, first + self._volunteers[name].want_items)
        end = next((index for index in range(first + 1, stop) if not wanted(index)), stop)
        return first, lease.items[first - lease.first : end - lease.first]

    def _withdraw_beyond_failure(self) -> list[Instruction]:
        """Takes back the leases of which no item is wanted any more."""
        beyond = [lease for lease in self._leases if lease.next >= self._end]
        for lease in beyond:
            self._give_back(lease)
        return [Withdraw(lease.volunteer, lease.id) for lease in beyond]


def _that_fit(items: Sequence[bytes], most: int) -> int:
    """Returns how many of `items`, at least one, have together at most `most` bytes."""
    if sum(map(len, items)) <= most:
        return len(items)
    size = 0
    for place, item in enumerate(items):
        size += len(item)
        if size > most:
            return max(1, place)
    return len(items)

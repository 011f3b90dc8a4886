"""The lender: who computes which items, and what may be written when.

Theory of operation. Items are numbered as they are read. Each is *waiting*, *lent*, *held back* (answered, but an
item before it is not, or the output has not taken it yet) or *written*, and moves only forward, except that a lent item
waits again when its volunteer leaves, is suspected, declines it or fails on it. A *lease* lends a run of consecutive
items to one volunteer; it is answered from its first item to its last, in as many parts as the volunteer likes.

What lives here: the promises P1 to P9 and P11. What may not: time, channels, messages, logging. A stimulus (a method)
returns a list of instructions (small frozen values) that the caller carries out at once, in order.

The invariant, after every stimulus: ``read - written == waiting + lent + held back``.

The promises: P1 lazy, P2 ordered, P3 exactly once, P4 nothing lost, P5 dynamic, P6 adaptive, P7 conservative, P8
leaving is free and failing is counted, P9 bounded, P11 ends. The idea is pull-lend-stream's, with leases for items.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from sortedcontainers import SortedDict

from pando_client.runs import Runs
from pando_shared.messages import BINARY, DECLINED, RESULT

VolunteerId = str

OBJECT_BYTES = 64
"""What Python needs for an item or a result besides its text, about."""


class OnError(Enum):
    """What happens when an item has failed as often as is allowed."""

    STOP = "stop"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Policy:
    """How a job lends.

    `window` bounds the items that are read and not yet written, `memory` the bytes that they and their results take
    (nothing more is read while they take more); `retries` is the number of attempts that an item has in all.
    """

    window: int = 10_000
    memory: int = 64 * 1024 * 1024
    retries: int = 3
    on_error: OnError = OnError.STOP


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that failed for good: its index from 0, its text, the last error (JSON), who tried it."""

    index: int
    item: bytes
    error: bytes
    volunteers: tuple[VolunteerId, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """Read at most `count` more items, then say `read`, `input_ended` or `input_failed`, once."""

    count: int


@dataclass(frozen=True, slots=True)
class Lend:
    """Send this lease to this volunteer."""

    volunteer: VolunteerId
    lease: int
    items: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Answers of this volunteer to this lease are no longer wanted."""

    volunteer: VolunteerId
    lease: int


@dataclass(frozen=True, slots=True)
class Write:
    """Write these results, one a line, then say `wrote`."""

    results: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Finish:
    """The job is over. With a `failure` or `input_error` it has failed; what came before it is written."""

    failure: Failure | None = None
    input_error: Exception | None = None


Instruction = Read | Lend | Withdraw | Write | Finish


@dataclass(slots=True)
class _Lease:
    volunteer: VolunteerId
    first: int
    items: Sequence[bytes]
    done: int = 0
    # Whether another lease may hold, or have held, some of the same items: then each answer is looked up.
    contested: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether no item of it needs a look: nobody else has it, and it is not one in trouble, lent alone."""
        return not self.contested and len(self.items) > 1

    @property
    def stop(self) -> int:
        """The index after its last item."""
        return self.first + len(self.items)


@dataclass(slots=True)
class _Volunteer:
    leases: set[int] = field(default_factory=set)
    # What it would take now: this many leases of at most that many items.
    want_leases: int = 0
    want_items: int = 1
    suspect: bool = False


@dataclass(slots=True)
class _Trouble:
    """An item that failed or was declined, until it is answered."""

    item: bytes
    error: bytes = b""
    attempts: int = 0
    failed_on: list[VolunteerId] = field(default_factory=list)
    declined_by: set[VolunteerId] = field(default_factory=set)


class Lender:
    """The state of one job. See the module's docstring.

    Args:
        policy: how it lends.
    """

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self.read_count = 0
        """Items read so far: the next one read has this index."""
        self.written_count = 0
        """Items whose result was written, or that were given up."""
        self.failures: list[Failure] = []
        """Items given up, with `OnError.SKIP`."""
        self._bytes = 0  # of all items that are not answered and all results that are not written
        self._unwritten: deque[Sequence[bytes]] = deque()  # given to the output and not taken yet
        self._waiting: Runs[bytes] = Runs()
        self._again: SortedDict[int, bytes] = SortedDict()  # waiting too: items in trouble, lent one by one
        self._trouble: dict[int, _Trouble] = {}
        self._held: Runs[bytes | None] = Runs()  # None: given up, nothing to write
        self._next_write = 0  # lowest index that is not answered
        self._volunteers: dict[VolunteerId, _Volunteer] = {}
        self._hungry: OrderedDict[VolunteerId, None] = OrderedDict()
        self._leases: dict[int, _Lease] = {}
        self._last_lease = 0
        self._contested_leases = 0
        self._reading = False
        self._input_open = True
        self._input_error: Exception | None = None
        self._failure: Failure | None = None
        self._finished = False

    def __repr__(self) -> str:
        return (
            f"<Lender {self.read_count} read, {self.waiting} waiting, {self.lent} lent, "
            f"{self.held_back} held back, {self.written_count} written, {len(self._volunteers)} volunteers>"
        )

    # What can be seen

    @property
    def waiting(self) -> int:
        """Items that are read and with nobody."""
        return len(self._waiting) + len(self._again)

    @property
    def held_back(self) -> int:
        """Items that are answered and not yet written."""
        return self._next_write - self.written_count + len(self._held)

    @property
    def lent(self) -> int:
        """Items that are with at least one volunteer, not answered, and not waiting."""
        return self.read_count - self.written_count - self.waiting - self.held_back

    @property
    def finished(self) -> bool:
        """Whether `Finish` was given."""
        return self._finished

    @property
    def declined_by_all(self) -> int | None:
        """The lowest waiting item that every volunteer here has declined, if any."""
        for index in self._again:
            declined = self._trouble[index].declined_by
            if declined and all(name in declined for name in self._volunteers):
                return int(index)
        return None

    # The input

    def read(self, items: Sequence[bytes]) -> list[Instruction]:
        """Takes the items asked for by `Read`: at least one, at most its count."""
        self._reading = False
        first = self.read_count
        self.read_count += len(items)
        self._bytes += _bytes_of(items)
        self._waiting.add(first, items)
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
        self.written_count += count
        while count > 0:
            results = self._unwritten.popleft()
            taken = results[:count]
            self._bytes -= _bytes_of(taken)
            count -= len(taken)
            if len(taken) < len(results):
                self._unwritten.appendleft(results[len(taken) :])
        return self._go_on([])

    # The volunteers

    def join(self, volunteer: VolunteerId) -> list[Instruction]:
        """A volunteer is here; it gets nothing before `want`."""
        self._volunteers[volunteer] = _Volunteer()
        return []

    def want(self, volunteer: VolunteerId, leases: int, items: int) -> list[Instruction]:
        """The volunteer would now take so many more leases (0 for none), each of at most so many items (at least 1)."""
        state = self._volunteers.get(volunteer)
        if state is None:
            return []
        state.want_leases = leases
        state.want_items = items
        if leases > 0 and not state.suspect:
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
        lease.done += len(values)
        first = lease.first + offset
        out: list[bytes | None] = []
        if kinds is None and lease.is_plain:
            self._bytes -= _bytes_of(lease.items[offset : offset + len(values)])
            out = self._store(first, values)
        else:
            for place, value in enumerate(values):
                kind = RESULT if kinds is None else kinds[place]
                out += self._answer_one(volunteer, first + place, lease.items[offset + place], kind, value)
        if lease.done == len(lease.items):
            self._close(lease_id)
        return self._go_on(self._writes(out))

    def hand_back(self, volunteer: VolunteerId, lease_ids: Sequence[int]) -> list[Instruction]:
        """The volunteer will not answer the rest of these leases."""
        for lease_id in lease_ids:
            lease = self._leases.get(lease_id)
            if lease is not None and lease.volunteer == volunteer:
                self._give_back(lease_id)
        return self._go_on([])

    def suspect(self, volunteer: VolunteerId) -> list[Instruction]:
        """Nothing was heard from the volunteer for too long: its items wait again, its late answers still count."""
        state = self._volunteers.get(volunteer)
        if state is None or state.suspect:
            return []
        state.suspect = True
        self._hungry.pop(volunteer, None)
        for lease_id in sorted(state.leases):
            lease = self._leases[lease_id]
            self._wait_again(lease)
            self._contest(lease)
        return self._go_on([])

    def recover(self, volunteer: VolunteerId) -> list[Instruction]:
        """A suspect was heard again."""
        state = self._volunteers.get(volunteer)
        if state is None:
            return []
        state.suspect = False
        for lease_id in state.leases:
            lease = self._leases[lease_id]
            for index in range(lease.first + lease.done, lease.stop):
                self._unwait(index)  # it is with this volunteer again (P7)
        return self.want(volunteer, state.want_leases, state.want_items)

    def leave(self, volunteer: VolunteerId) -> list[Instruction]:
        """The volunteer is gone: what it held waits again, lowest index first (P4)."""
        state = self._volunteers.get(volunteer)
        if state is None:
            return []
        for lease_id in sorted(state.leases):
            self._give_back(lease_id)
        del self._volunteers[volunteer]
        self._hungry.pop(volunteer, None)
        return self._go_on([])

    # Answers

    def _answer_one(
        self, volunteer: VolunteerId, index: int, item: bytes, kind: int, value: bytes
    ) -> list[bytes | None]:
        if self._is_answered(index) or (self._failure is not None and index == self._failure.index):
            return []
        if kind in (RESULT, BINARY):
            self._unwait(index)
            self._trouble.pop(index, None)
            self._bytes -= _bytes_of((item,))
            return self._store(index, (value,))
        trouble = self._trouble.setdefault(index, _Trouble(item))
        if kind == DECLINED:
            trouble.declined_by.add(volunteer)
        else:
            trouble.attempts += 1
            trouble.error = value
            trouble.failed_on.append(volunteer)
            if trouble.attempts >= self.policy.retries:
                return self._give_up(index, trouble)
        # It may be with somebody else too (a suspect's item lent again): then that one's answer is awaited.
        if not self._with_others(volunteer, index, index + 1):
            self._waiting.discard(index)
            self._again[index] = item
        return []

    def _give_up(self, index: int, trouble: _Trouble) -> list[bytes | None]:
        failure = Failure(index, trouble.item, trouble.error, tuple(trouble.failed_on))
        self._unwait(index)
        if self.policy.on_error is OnError.SKIP:
            del self._trouble[index]
            self.failures.append(failure)
            self._bytes -= _bytes_of((trouble.item,))
            return self._store(index, (None,))
        # Everything before it is still finished and written, so that the output does not depend on who was faster.
        # The item itself waits for ever: nothing from it on is lent any more.
        self._again[index] = trouble.item
        if self._failure is None or index < self._failure.index:
            self._failure = failure
        return []

    def _store(self, first: int, values: Sequence[bytes | None]) -> list[bytes | None]:
        """Keeps answers; returns what can now be written."""
        self._bytes += _bytes_of(values)
        if first != self._next_write:
            self._held.add(first, values)
            return []
        out = list(values)
        out += self._held.pop_from(first + len(values))
        self._next_write = first + len(out)
        return out

    def _writes(self, out: list[bytes | None]) -> list[Instruction]:
        results = [value for value in out if value is not None]
        # Items given up have nothing to write, but they leave the window like the others.
        self.written_count += len(out) - len(results)
        if not results:
            return []
        self._unwritten.append(results)
        return [Write(results)]

    def _is_answered(self, index: int) -> bool:
        return index < self._next_write or index in self._held

    def _with_others(self, volunteer: VolunteerId, first: int, stop: int) -> list[_Lease]:
        """Leases of other volunteers, not suspects, that hold unanswered items of this range."""
        if self._contested_leases == 0:
            return []
        return [
            lease
            for lease in self._leases.values()
            if lease.volunteer != volunteer
            and lease.first + lease.done < stop
            and first < lease.stop
            and not self._volunteers[lease.volunteer].suspect
        ]

    # Leases

    def _contest(self, lease: _Lease) -> None:
        if not lease.contested:
            lease.contested = True
            self._contested_leases += 1

    def _close(self, lease_id: int) -> _Lease:
        lease = self._leases.pop(lease_id)
        self._contested_leases -= lease.contested
        self._volunteers[lease.volunteer].leases.discard(lease_id)
        return lease

    def _give_back(self, lease_id: int) -> None:
        lease = self._close(lease_id)
        if not self._volunteers[lease.volunteer].suspect or not lease.contested:
            self._wait_again(lease)

    def _wait_again(self, lease: _Lease) -> None:
        """What is left of a lease waits again, but for what is answered, waiting or with somebody else already."""
        first = lease.first + lease.done
        if lease.is_plain:
            self._waiting.add(first, lease.items[lease.done :])
            return
        others = self._with_others(lease.volunteer, first, lease.stop)
        for index in range(first, lease.stop):
            if (
                self._is_answered(index)
                or index in self._again
                or index in self._waiting
                or any(other.first + other.done <= index < other.stop for other in others)
            ):
                continue
            item = lease.items[index - lease.first]
            if index in self._trouble:
                self._again[index] = item
            else:
                self._waiting.add(index, (item,))

    def _unwait(self, index: int) -> None:
        if self._again.pop(index, None) is None:
            self._waiting.discard(index)

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

    def _is_over(self) -> bool:
        if self._failure is not None:
            return self.written_count == self._failure.index
        return not self._input_open and self.written_count == self.read_count

    def _wish(self) -> int:
        """How many items to read now: what the hungry would take (P1), within the window (P9)."""
        if self._reading or not self._input_open or self._failure is not None:
            return 0
        if self._bytes >= self.policy.memory:
            return 0
        demand = sum(self._volunteers[name].want_leases * self._volunteers[name].want_items for name in self._hungry)
        room = self.policy.window - (self.read_count - self.written_count)
        return min(room, demand - len(self._waiting))

    def _lend(self) -> list[Instruction]:
        """Lends what waits to the hungry in turn, lowest index first, in equal shares when it is not enough for all."""
        lends: list[Instruction] = []
        wanted = sum(self._volunteers[name].want_leases for name in self._hungry)
        served: set[VolunteerId] = set()  # had their turn, and nothing was there for them
        while self.waiting and len(served) < len(self._hungry):
            name, _ = self._hungry.popitem(last=False)
            state = self._volunteers[name]
            cut = self._cut(name, min(state.want_items, -(-len(self._waiting) // max(1, wanted))))
            if cut is None:
                served.add(name)
                self._hungry[name] = None
                continue
            first, items = cut
            self._last_lease += 1
            lease = _Lease(name, first, items)
            self._leases[self._last_lease] = lease
            # While any lease was lent again, an item of this one may be answered from there: look at each.
            if self._contested_leases:
                self._contest(lease)
            state.leases.add(self._last_lease)
            lends.append(Lend(name, self._last_lease, items))
            wanted -= 1
            state.want_leases -= 1
            if state.want_leases > 0:
                self._hungry[name] = None
        return lends

    def _cut(self, name: VolunteerId, limit: int) -> tuple[int, list[bytes]] | None:
        """Takes a lease for this volunteer: a run of waiting items, or one item in trouble if that comes first."""
        # After a failure only what comes before it is still wanted.
        end = self.read_count if self._failure is None else self._failure.index
        lowest = self._waiting.lowest
        if lowest is not None and lowest >= end:
            lowest = None
        for index in self._again.irange(maximum=end, inclusive=(True, False)):
            if lowest is not None and lowest < index:
                break
            if self._may_try(name, index):
                return index, [self._again.pop(index)]
        return None if lowest is None else self._waiting.take(min(limit, end - lowest))

    def _may_try(self, name: VolunteerId, index: int) -> bool:
        """Whether an item in trouble may go to this volunteer: one that failed on it only if nobody else is left."""
        trouble = self._trouble[index]
        if name in trouble.declined_by:
            return False
        if name not in trouble.failed_on:
            return True
        tried = trouble.declined_by.union(trouble.failed_on)
        return all(other in tried or state.suspect for other, state in self._volunteers.items())

    def _withdraw_beyond_failure(self) -> list[Instruction]:
        """Takes back the leases of which no item is wanted any more."""
        assert self._failure is not None
        limit = self._failure.index
        beyond = [lease_id for lease_id, lease in self._leases.items() if lease.first + lease.done >= limit]
        withdrawn: list[Instruction] = []
        for lease_id in beyond:
            withdrawn.append(Withdraw(self._leases[lease_id].volunteer, lease_id))
            self._give_back(lease_id)
        return withdrawn


def _bytes_of(values: Sequence[bytes | None]) -> int:
    return sum(OBJECT_BYTES + len(value) for value in values if value is not None)

"""A shell for the lender in tests: carries out its instructions, and checks the invariant after every stimulus."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence

from pando_client.lending.instructions import (
    Failure,
    Finish,
    GaveUp,
    Instruction,
    Lend,
    Policy,
    Quarantine,
    Read,
    Withdraw,
    Write,
)
from pando_client.lending.leases import Lease
from pando_client.lending.ledger import OBJECT_BYTES
from pando_client.lending.lender import Lender
from pando_client.lending.risks import MAX_DEATHS, MAX_DEATHS_IN_ALL
from pando_shared.wire.messages import DECLINED, ERROR, RESULT


def result_of(item: bytes) -> bytes:
    """The function that the volunteers of these tests compute."""
    return b"<" + item + b">"


class Shell:
    """Plays the input, the output and the volunteers."""

    def __init__(self, policy: Policy | None = None, deadly: Collection[bytes] = ()) -> None:
        self.deadly = frozenset(deadly)
        """Items that end whoever works on them."""
        self.deaths: Counter[bytes] = Counter()
        """How often a volunteer died that held an item."""
        self.gave_up: list[Failure] = []
        self.lender = Lender(policy)
        self.asked = 0  # the count of the Read that is not answered yet
        self.given: list[bytes] = []  # items that the lender has read
        self.unwritten: list[bytes] = []
        self.output: list[bytes] = []
        self.leases: dict[int, Lend] = {}  # open at a volunteer: lent, and neither answered nor withdrawn
        self.done: dict[int, int] = {}
        self.lent_order: list[Lend] = []
        self.finish: Finish | None = None
        self.quarantined: list[str] = []
        self.shared: set[int] = set()  # a backup copy, or a suspect that comes back, may hold these besides another
        self.stopped = False
        """The run was stopped from outside: nothing is carried out any more, but for what was written already."""
        self.wants: dict[str, list[int]] = {}  # leases and items that each volunteer would still take
        self.failed_on: dict[bytes, set[str]] = {}
        self.declined_by: dict[bytes, set[str]] = {}
        self.now = 0.0
        self._next = 0  # ordered: the index of the next result to be written
        self._written: set[bytes] = set()  # unordered

    @property
    def here(self) -> set[str]:
        """The volunteers that are here, suspects included."""
        return set(self.lender.volunteers)

    @property
    def suspects(self) -> list[str]:
        """Those from which nothing is heard."""
        return sorted(self.lender.suspects)

    def carry_out(self, instructions: Sequence[Instruction]) -> None:
        queued: list[str] = []
        for instruction in instructions:
            match instruction:
                case Write(results):
                    self._must_be_written_now(results)
                    self.unwritten += results
                case _ if self.stopped:
                    continue
                case Read(count):
                    self._must_be_read_now(count)
                    self.asked = count
                case Lend(_, lease):
                    self._must_be_lent(instruction)
                    self.leases[lease] = instruction
                    self.lent_order.append(instruction)
                    self.done[lease] = 0
                case Withdraw(volunteer, lease):
                    assert self.leases[lease].volunteer == volunteer
                    del self.leases[lease]
                case GaveUp(failure):
                    self._must_have_failed(failure)
                    self.gave_up.append(failure)
                case Quarantine(volunteer):
                    assert volunteer in self.here
                    self.quarantined.append(volunteer)
                    queued.append(volunteer)
                case Finish():
                    assert self.finish is None
                    assert not self.unwritten, "P11: there is something left to write"
                    if instruction.failure is not None:
                        self._must_have_failed(instruction.failure)
                    self.finish = instruction
        self.check()
        for name in queued:
            self.leave(name)

    # What the world does

    def read(self, count: int) -> None:
        count = min(count, self.asked)
        items = [b"%d" % i for i in range(len(self.given), len(self.given) + count)]
        self.given += items
        self.asked = 0
        self.carry_out(self.lender.read(items, self.now))

    def end(self, error: Exception | None = None) -> None:
        self.asked = 0
        self.carry_out(self.lender.input_ended(self.now, error))

    def join(self, name: str, leases: int = 0, items: int = 1) -> None:
        self.wants[name] = [0, 1]
        self.carry_out(self.lender.join(name))
        if leases:
            self.want(name, leases, items)

    def want(self, name: str, leases: int, items: int) -> None:
        self.wants[name] = [leases, items]
        self.carry_out(self.lender.want(name, leases, items, self.now))

    def answer(self, lease: int, count: int | None = None, kinds: bytes | None = None) -> None:
        """Answers some items of a lease, the next ones, or all; but of a deadly one the volunteer dies."""
        lend = self.leases[lease]
        offset = self.done[lease]
        run = lend.items[offset : None if count is None else offset + count]
        deadly = next((place for place, item in enumerate(run) if item in self.deadly), None)
        if deadly == 0:
            self.die(lend.volunteer)
            return
        run = run[:deadly]
        values = [result_of(item) for item in run]
        if kinds is not None:
            kinds = kinds[: len(run)].ljust(len(run), bytes((RESULT,)))
            error = json.dumps({"message": "no", "stack": ""}).encode()
            values = [{ERROR: error, DECLINED: b""}.get(kind, v) for kind, v in zip(kinds, values, strict=True)]
            for item, kind in zip(run, kinds, strict=True):
                if kind in (ERROR, DECLINED):
                    book = self.failed_on if kind == ERROR else self.declined_by
                    book.setdefault(item, set()).add(lend.volunteer)
        self.done[lease] += len(run)
        if self.done[lease] == len(lend.items):
            del self.leases[lease]
        self.carry_out(self.lender.results(lend.volunteer, lease, offset, values, kinds, self.now))

    def hand_back(self, name: str, leases: list[int]) -> None:
        for lease in leases:
            self.leases.pop(lease, None)
        self.carry_out(self.lender.hand_back(name, leases, self.now))

    def leave(self, name: str) -> None:
        self.leases = {k: lend for k, lend in self.leases.items() if lend.volunteer != name}
        self.carry_out(self.lender.leave(name, self.now))

    def die(self, name: str) -> None:
        for lease in self.of(name):
            self.deaths.update(self.leases[lease].items[self.done[lease] :])
        self.leases = {k: lend for k, lend in self.leases.items() if lend.volunteer != name}
        self.carry_out(self.lender.died(name, self.now))

    def suspect(self, name: str) -> None:
        for lease in self.of(name):
            held = self._lease(lease)
            self.shared |= set(range(held.first, held.stop))
        self.carry_out(self.lender.suspect(name, self.now))

    def recover(self, name: str) -> None:
        self.carry_out(self.lender.recover(name, self.now))

    def tick(self, now: float) -> None:
        self.now = now
        self.carry_out(self.lender.tick(now))

    def write(self, count: int | None = None) -> None:
        taken = self.unwritten[:count]
        self.unwritten = self.unwritten[len(taken) :]
        self.output += taken
        self.carry_out(self.lender.wrote(len(taken), self.now))

    def of(self, name: str) -> list[int]:
        return [lease for lease, lend in self.leases.items() if lend.volunteer == name]

    def _lease(self, number: int) -> Lease:
        lease = self.lender.leases.get(number)
        assert lease is not None, f"lease {number} is not out"
        return lease

    # What must hold

    def _must_be_read_now(self, count: int) -> None:
        lender = self.lender
        assert self.asked == 0, "one Read at a time"
        assert lender.demand, "P1: nobody can take an item"
        wanted = sum(leases * items for name, (leases, items) in self.wants.items() if name in lender.demand)
        assert 0 < count <= wanted - len(lender.ledger.waiting), "P1: more than they can take"
        assert lender.ledger.bytes < lender.policy.memory, "P9: it has read too much already"

    def _must_be_lent(self, lend: Lend) -> None:
        name, lender = lend.volunteer, self.lender
        assert name in self.here
        assert name not in lender.suspects
        wants = self.wants[name]
        wants[0] -= 1
        assert wants[0] >= 0, f"{name} did not ask for so much"
        assert 1 <= len(lend.items) <= wants[1]
        held = self._lease(lend.lease)
        assert (held.items, held.volunteer, held.done) == (lend.items, name, 0)
        assert list(lend.items) == self.given[held.first : held.stop]
        if lend.copy:
            assert lender.policy.copies
            self.shared |= set(range(held.first, held.stop))
        if held.alone:
            assert self.of(name) == [], f"P12: {name} holds something else"
        else:
            assert not any(other.alone for other in lender.leases.of(name)), f"P12: {name} has an item at risk"
        for index, item in enumerate(lend.items, held.first):
            assert held.alone or index not in lender.outcomes.risks, f"P12: {index} is at risk"
            assert not lender.ledger.is_answered(index), f"P3: {index} is answered"
            assert name not in self.declined_by.get(item, ()), f"{name} has declined {index}"
            assert lend.copy or len(lend.items) == 1 or item not in self.failed_on, f"{index} failed: it goes alone"
            if name in self.failed_on.get(item, ()) and not lend.copy:
                others = self.here - lender.suspects - self.failed_on[item] - self.declined_by.get(item, set())
                assert not others, f"P8: {index} failed on {name}, and not yet on {others}"

    def _must_have_failed(self, failure: Failure) -> None:
        assert failure.item == self.given[failure.index]
        if failure.deaths:
            assert failure.error == b""
            assert MAX_DEATHS <= failure.deaths <= self.deaths[failure.item]
            assert len(failure.volunteers) >= MAX_DEATHS or failure.deaths >= MAX_DEATHS_IN_ALL
        else:
            assert len(failure.volunteers) == self.lender.policy.retries

    def _must_be_written_now(self, results: Sequence[bytes]) -> None:
        for result in results:
            if self.lender.policy.ordered:
                while self._next in self.lender.outcomes.failed:
                    self._next += 1
                assert result == result_of(self.given[self._next]), f"P2: {self._next} is the next one"
                self._next += 1
            else:
                assert result not in self._written, "P3: exactly once"
                assert result in map(result_of, self.given)
                self._written.add(result)

    def check(self) -> None:
        lender = self.lender
        lender.check()
        if not self.stopped:
            assert set(self.leases) == {lease.id for lease in lender.leases}, "the volunteers hold what the lender lent"
        waiting = [index for index, _ in lender.ledger.waiting]
        waiting += [*lender.ledger.alone, *lender.ledger.at_risk]
        answered = {index for index in range(lender.read_count) if lender.ledger.is_answered(index)}
        assert len(set(waiting)) == len(waiting) == lender.waiting
        open_with: dict[int, list[str]] = {}
        for lease in lender.leases:
            for index in range(lease.next, lease.stop):
                open_with.setdefault(index, [])
                if lease.volunteer not in lender.suspects:
                    open_with[index].append(lease.volunteer)
        lent = set(open_with) - set(waiting) - answered
        assert lender.read_count - lender.written_count == len(waiting) + len(lent) + lender.held_back
        assert lender.lent == len(lent)
        assert not set(waiting) & answered
        for index in lent:
            assert len(open_with[index]) <= 1 or index in self.shared, f"P7: {index} is with {open_with[index]}"
        # From a failure on, nothing is wanted any more: what is with somebody may as well wait.
        end = lender.read_count if lender.failure is None else lender.failure.index
        for index in waiting:
            assert index >= end or not open_with.get(index), f"P7: {index} waits and is with {open_with[index]}"
        assert lender.read_count - lender.written_count <= lender.policy.window, "P1: beyond the window"
        assert len(self.output) + len(self.unwritten) <= len(self.given)
        assert lender.ledger.bytes == self.bytes_held(answered), "P9: the memory is not what it is said to be"

    def bytes_held(self, answered: set[int]) -> int:
        unanswered = [item for index, item in enumerate(self.given) if index not in answered]
        results = [value for _, value in self.lender.ledger.held if value is not None]
        held = unanswered + results + self.unwritten
        return OBJECT_BYTES * len(held) + sum(map(len, held))

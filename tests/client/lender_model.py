"""A shell for the lender in tests: carries out its instructions, and checks the invariant after every stimulus."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pando_client.instructions import Finish, Instruction, Lend, Policy, Read, SetAside, Withdraw, Write
from pando_client.ledger import OBJECT_BYTES
from pando_client.lender import Lender
from pando_shared.messages import DECLINED, ERROR, RESULT


def result_of(item: bytes) -> bytes:
    """The function that the volunteers of these tests compute."""
    return b"<" + item + b">"


class Shell:
    """Plays the input, the output and the volunteers."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.lender = Lender(policy)
        self.asked = 0  # the count of the Read that is not answered yet
        self.given: list[bytes] = []  # items that the lender has read
        self.unwritten: list[bytes] = []
        self.output: list[bytes] = []
        self.leases: dict[int, Lend] = {}  # open at a volunteer: lent, and neither answered nor withdrawn
        self.done: dict[int, int] = {}
        self.lent_order: list[Lend] = []
        self.finish: Finish | None = None
        self.set_aside: list[str] = []
        self.shared: set[int] = set()  # a backup copy, or a suspect that comes back, may hold these besides another

    def carry_out(self, instructions: Sequence[Instruction]) -> None:
        queued: list[str] = []
        for instruction in instructions:
            match instruction:
                case Read(count):
                    assert self.asked == 0, "one Read at a time"
                    assert self.lender._hungry, "P1: nobody can take an item"
                    self.asked = count
                case Lend(_, lease, items, copy):
                    assert items
                    if copy:
                        held = self.lender._leases.get(lease)
                        self.shared |= set(range(held.first, held.stop))
                    self.leases[lease] = instruction
                    self.lent_order.append(instruction)
                    self.done[lease] = 0
                case Withdraw(volunteer, lease):
                    assert self.leases[lease].volunteer == volunteer
                    del self.leases[lease]
                case SetAside(volunteer):
                    self.set_aside.append(volunteer)
                    queued.append(volunteer)
                case Write(results):
                    self.unwritten += results
                case Finish():
                    assert self.finish is None
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
        self.carry_out(self.lender.read(items))

    def end(self, error: Exception | None = None) -> None:
        self.asked = 0
        self.carry_out(self.lender.input_ended(error))

    def join(self, name: str, leases: int = 0, items: int = 1) -> None:
        self.carry_out(self.lender.join(name))
        if leases:
            self.want(name, leases, items)

    def want(self, name: str, leases: int, items: int) -> None:
        self.carry_out(self.lender.want(name, leases, items))

    def answer(self, lease: int, count: int | None = None, kinds: bytes | None = None) -> None:
        lend = self.leases[lease]
        offset = self.done[lease]
        run = lend.items[offset : None if count is None else offset + count]
        values = [result_of(item) for item in run]
        if kinds is not None:
            kinds = kinds[: len(run)].ljust(len(run), bytes((RESULT,)))
            error = json.dumps({"message": "no", "stack": ""}).encode()
            values = [{RESULT: v, ERROR: error, DECLINED: b""}[k] for k, v in zip(kinds, values, strict=True)]
        self.done[lease] += len(run)
        if self.done[lease] == len(lend.items):
            del self.leases[lease]
        self.carry_out(self.lender.answer(lend.volunteer, lease, offset, values, kinds))

    def hand_back(self, name: str, leases: list[int]) -> None:
        for lease in leases:
            self.leases.pop(lease, None)
        self.carry_out(self.lender.hand_back(name, leases))

    def leave(self, name: str) -> None:
        self.leases = {k: lend for k, lend in self.leases.items() if lend.volunteer != name}
        self.carry_out(self.lender.leave(name))

    def suspect(self, name: str) -> None:
        for lease in self.of(name):
            held = self.lender._leases.get(lease)
            self.shared |= set(range(held.first, held.stop))
        self.carry_out(self.lender.suspect(name))

    def tick(self, now: float) -> None:
        self.carry_out(self.lender.tick(now))

    def write(self, count: int | None = None) -> None:
        taken = self.unwritten[:count]
        self.unwritten = self.unwritten[len(taken) :]
        self.output += taken
        self.carry_out(self.lender.wrote(len(taken)))

    def of(self, name: str) -> list[int]:
        return [lease for lease, lend in self.leases.items() if lend.volunteer == name]

    # What must hold

    def check(self) -> None:
        lender = self.lender
        waiting = [index for index, _ in lender._ledger.waiting] + list(lender._ledger.alone)
        answered = {index for index in range(lender.read_count) if lender._ledger.is_answered(index)}
        assert len(set(waiting)) == len(waiting) == lender.waiting
        open_with: dict[int, list[str]] = {}
        for lease in lender._leases:
            for index in range(lease.next, lease.stop):
                open_with.setdefault(index, [])
                if lease.volunteer not in lender._suspects:
                    open_with[index].append(lease.volunteer)
        lent = set(open_with) - set(waiting) - answered
        assert lender.read_count - lender.written_count == len(waiting) + len(lent) + lender.held_back
        assert lender.lent == len(lent)
        assert not set(waiting) & answered
        for index in lent:
            assert len(open_with[index]) <= 1 or index in self.shared, f"P7: {index} is with {open_with[index]}"
        for index in waiting:
            assert not open_with.get(index), f"P7: {index} waits and is with {open_with[index]}"
        assert lender.read_count - lender.written_count <= lender.policy.window, "P1: beyond the window"
        assert lender._leases.contested == sum(lease.contested for lease in lender._leases)
        assert len(self.output) + len(self.unwritten) <= len(self.given)
        assert lender._ledger.bytes == self.bytes_held(), "P9: the memory is not what it is said to be"

    def bytes_held(self) -> int:
        ledger = self.lender._ledger
        unanswered = [item for index, item in enumerate(self.given) if not ledger.is_answered(index)]
        results = [value for _, value in ledger._held if value is not None] + self.unwritten
        return sum(OBJECT_BYTES + len(value) for value in unanswered + results)

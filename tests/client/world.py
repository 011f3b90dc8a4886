"""A world in fake time: a lender, its sessions, and volunteers at the far end of wires that delay, freeze and break.

No clock, no socket: everything that will happen is in a heap, by its time. Channels are ordered and reliable as long
as they live, so what a bad network does to a session is delay, silence, and the end.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from lender_model import result_of

from pando_client.credit import FixedCredit
from pando_client.instructions import Finish, Instruction, Lend, Policy, Read, SetAside, Withdraw, Write
from pando_client.lender import Lender
from pando_client.session import (
    Answered,
    Ended,
    Event,
    Joined,
    Recovered,
    Returned,
    Session,
    SessionLimits,
    Suspected,
    Wants,
)
from pando_shared.framing import Joiner, split
from pando_shared.messages import (
    ClientGoodbye,
    Hello,
    HelloInfo,
    Ping,
    Pong,
    Ready,
    ReadyInfo,
    Results,
    Return,
    VolunteerGoodbye,
    encode,
    from_client,
)
from pando_shared.messages import (
    Lend as LendMessage,
)
from pando_shared.messages import (
    Withdraw as WithdrawMessage,
)

HELLO = encode(Hello(HelloInfo(job="test"), b"bundle"))


@dataclass(eq=False)
class Wire:
    """One channel. `delay` seconds each way; while frozen nothing arrives at the volunteer's end."""

    delay: float
    cut: bool = False


@dataclass(eq=False)
class Far:
    """The volunteer's end: computes each item in `pace` seconds, one lease at a time and slot."""

    name: str
    wire: Wire
    slots: int
    pace: float
    frozen_until: float = 0.0
    joiner: Joiner = field(default_factory=lambda: Joiner(1 << 30))
    queue: list[LendMessage] = field(default_factory=list)
    busy: int = 0
    withdrawn: set[int] = field(default_factory=set)


class World:
    """Runs one job to its end."""

    def __init__(self, items: int, seed: int, batch: int = 2, window: int = 50) -> None:
        self.random = Random(seed)
        self.now = 0.0
        self.items = [b"%d" % i for i in range(items)]
        self.lender = Lender(Policy(window=window))
        self.limits = SessionLimits(heartbeat=2.5)
        self.batch = batch
        self.sessions: dict[str, Session] = {}
        self.fars: dict[str, Far] = {}
        self.output: list[bytes] = []
        self.finish: Finish | None = None
        self.log: list[tuple[float, str, Event]] = []
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._arrival: dict[tuple[Wire, str], float] = {}

    # Time

    def at(self, delay: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (self.now + delay, next(self._order), action))

    def run(self, until: float = 10_000.0) -> None:
        while self._heap and not self.finish:
            time, _, action = heapq.heappop(self._heap)
            assert time < until, f"the job does not end: {self.lender!r}"
            self.now = time
            action()

    # Wires: ordered, whatever their delay does in the meantime

    def carry(self, wire: Wire, direction: str, action: Callable[[], None]) -> None:
        arrival = max(self.now + wire.delay * self.random.uniform(0.5, 1.5), self._arrival.get((wire, direction), 0))
        self._arrival[wire, direction] = arrival
        self.at(arrival - self.now, lambda: None if wire.cut else action())

    # The client's end, as the job does it

    def join(self, name: str, slots: int = 2, pace: float = 0.1, delay: float = 0.05) -> Far:
        wire = Wire(delay)
        far = Far(name, wire, slots, pace)
        self.fars[name] = far
        self.sessions[name] = Session(HELLO, FixedCredit(self.batch), self.limits, self.now)
        self.drain(name)
        self.watch(name)
        return far

    def watch(self, name: str) -> None:
        session = self.sessions[name]
        if session.deadline == float("inf"):
            return

        def look() -> None:
            self.report(name, session.tick(self.now))
            self.watch(name)

        self.at(max(0.01, session.deadline - self.now), look)

    def report(self, name: str, events: list[Event]) -> None:
        self.lender.now = self.now
        for event in events:
            self.log.append((self.now, name, event))
            self.carry_out(self.stimulate(name, event))
        self.drain(name)

    def stimulate(self, name: str, event: Event) -> list[Instruction]:
        lender = self.lender
        match event:
            case Joined():
                return lender.join(name)
            case Wants(leases, items):
                return lender.want(name, leases, items)
            case Answered(r):
                return lender.answer(name, r.lease, r.offset, r.values, r.kinds)
            case Returned(leases):
                return lender.hand_back(name, leases)
            case Suspected():
                return lender.suspect(name)
            case Recovered():
                return lender.recover(name)
            case Ended():
                return lender.leave(name)

    def carry_out(self, instructions: list[Instruction]) -> None:
        for instruction in instructions:
            match instruction:
                case Lend(name, lease, items):
                    self.sessions[name].lend(lease, items)
                    self.drain(name)
                case Withdraw(name, lease):
                    self.report(name, self.sessions[name].withdraw(lease, self.now))
                case Read(count):
                    self.at(0, lambda count=count: self.read(count))
                case Write(results):
                    self.output += results
                    count = len(results)
                    self.at(0, lambda count=count: self.carry_out(self.lender.wrote(count)))
                case SetAside(name):
                    self.sessions[name].goodbye(ClientGoodbye("full", "set aside"))
                    self.drain(name)
                    self.carry_out(self.lender.leave(name))
                case Finish():
                    self.finish = instruction

    def read(self, count: int) -> None:
        start = self.lender.read_count
        items = self.items[start : start + count]
        self.carry_out(self.lender.read(items) if items else self.lender.input_ended())

    def drain(self, name: str) -> None:
        session, far = self.sessions[name], self.fars[name]
        while (frame := session.next_frame()) is not None:
            self.carry(far.wire, "out", lambda frame=frame: self.arrive(far, frame))

    # The volunteer's end

    def arrive(self, far: Far, frame: bytes) -> None:
        if self.now < far.frozen_until:
            # A stopped process: its socket takes the bytes, and it sees them when it goes on.
            self.at(far.frozen_until - self.now, lambda: self.arrive(far, frame))
            return
        message = far.joiner.receive(frame)
        if message is None:
            return
        match from_client(message):
            case Hello():
                self.say(far, Ready(ReadyInfo(slots=far.slots)))
            case LendMessage() as lend:
                far.queue.append(lend)
                self.work(far)
            case Ping(token):
                self.say(far, Pong(token))
            case WithdrawMessage(leases):
                far.withdrawn |= set(leases)
            case ClientGoodbye():
                far.wire.cut = True

    def say(self, far: Far, message: object) -> None:
        session = self.sessions[far.name]
        for frame in split(encode(message)):
            self.carry(far.wire, "in", lambda frame=frame: self.report(far.name, session.receive(frame, self.now)))

    def work(self, far: Far) -> None:
        while far.busy < far.slots and far.queue:
            far.busy += 1
            self.item(far, far.queue.pop(0), 0)

    def item(self, far: Far, lend: LendMessage, place: int) -> None:
        def done() -> None:
            if self.now < far.frozen_until:
                self.at(far.frozen_until - self.now, done)
                return
            if lend.lease not in far.withdrawn:
                self.say(far, Results(lend.lease, place, 1000, [result_of(lend.items[place])]))
            if place + 1 < len(lend.items):
                self.item(far, lend, place + 1)
            else:
                far.busy -= 1
                self.work(far)

        self.at(far.pace * self.random.uniform(0.2, 2.0), done)

    # What may happen to a volunteer

    def cut(self, name: str) -> None:
        """The connection breaks, and the client's end of the channel says so."""
        self.fars[name].wire.cut = True
        self.report(name, self.sessions[name].closed())

    def vanish(self, name: str) -> None:
        """The connection goes nowhere, and nobody says so."""
        self.fars[name].wire.cut = True

    def freeze(self, name: str, seconds: float) -> None:
        self.fars[name].frozen_until = self.now + seconds

    def leave(self, name: str) -> None:
        """The volunteer hands back what it has not begun, and says goodbye."""
        far = self.fars[name]
        self.say(far, Return(tuple(lend.lease for lend in far.queue)))
        far.queue.clear()
        self.say(far, VolunteerGoodbye("left"))

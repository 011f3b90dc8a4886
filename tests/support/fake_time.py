"""A world in fake time: a lender, its sessions, and volunteers at the far end of wires that delay, freeze and break.

No clock, no socket: everything that will happen is in a heap, by its time. Channels are ordered and reliable as long
as they live, so what a bad network does to a session is delay, silence, and the end.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from pando_client.lending.instructions import Finish, Instruction, Lend, Policy, Read, SetAside, Withdraw, Write
from pando_client.lending.lender import Lender
from pando_client.session.flow_control import Credit, FixedCredit
from pando_client.session.session import (
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
from pando_shared.wire.codec import encode, from_client
from pando_shared.wire.framing import Joiner, split
from pando_shared.wire.messages import (
    DECLINED,
    ERROR,
    RESULT,
    ClientGoodbye,
    ClientMessage,
    Hello,
    HelloInfo,
    Ping,
    Pong,
    Ready,
    ReadyInfo,
    Results,
    Return,
    VolunteerGoodbye,
)
from pando_shared.wire.messages import (
    Lend as LendMessage,
)
from pando_shared.wire.messages import (
    Withdraw as WithdrawMessage,
)
from tests.support.lender_model import result_of

NEVER = float("inf")
"""The pace of one that takes work and does none."""
NO = b'{"message": "no", "stack": ""}'
HELLO = encode(Hello(HelloInfo(job="test"), b"bundle"))


OUT, IN = "out", "in"
"""Directions: to the volunteer, and to the client."""


@dataclass(eq=False)
class Wire:
    """One channel: ordered, and reliable as long as it lives.

    `delay` seconds each way. What is sent in a direction that is `mute` is held, and comes out when it is mute no more.
    """

    delay: float
    cut: bool = False
    mute: dict[str, deque[Callable[[], None]]] = field(default_factory=dict)
    arrivals: dict[str, float] = field(default_factory=dict)


@dataclass(eq=False)
class Far:
    """The volunteer's end: computes each item in `pace` seconds, one lease at a time and slot.

    It may be `deaf` to withdrawals, and what it does with an item is `mood`'s affair: the kind of its answer.
    """

    name: str
    wire: Wire
    slots: int
    pace: float
    deaf: bool = False
    mood: Callable[[], int] = lambda: RESULT
    frozen_until: float = 0.0
    joiner: Joiner = field(default_factory=lambda: Joiner(1 << 30))
    inbox: deque[bytes] = field(default_factory=deque)
    queue: list[LendMessage] = field(default_factory=list)
    busy: int = 0
    withdrawn: set[int] = field(default_factory=set)
    heard: list[object] = field(default_factory=list)
    """What the client has said, but for pings."""


class World:
    """Runs one job to its end."""

    def __init__(
        self,
        items: int,
        seed: int,
        batch: int = 2,
        window: int = 50,
        policy: Policy | None = None,
        new_credit: Callable[[], Credit] | None = None,
    ) -> None:
        self.random = Random(seed)
        self.now = 0.0
        self.items = [b"%d" % i for i in range(items)]
        self.lender = Lender(policy or Policy(window=window))
        self.limits = SessionLimits(heartbeat=2.5)
        self.new_credit = new_credit or (lambda: FixedCredit(batch))
        self.sessions: dict[str, Session] = {}
        self.fars: dict[str, Far] = {}
        self.output: list[bytes] = []
        self.finish: Finish | None = None
        self.log: list[tuple[float, str, Event]] = []
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._instructions: deque[Instruction] = deque()
        self._carrying_out = False

    # Time

    def at(self, delay: float, action: Callable[[], None]) -> None:
        self.at_time(self.now + delay, action)

    def at_time(self, time: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (time, next(self._order), action))

    def run(self, until: float = 10_000.0) -> None:
        while self._heap and not self.finish:
            assert self._heap[0][0] < until, f"the job does not end: {self.lender!r}"
            self.step()

    def advance(self, seconds: float) -> None:
        """Lets time pass, also when the job is over."""
        until = self.now + seconds
        while self._heap and self._heap[0][0] <= until:
            self.step()
        self.now = until

    def step(self) -> None:
        """The next thing happens."""
        self.now, _, action = heapq.heappop(self._heap)
        action()

    def tick_often(self) -> None:
        """As the job does, lets the lender know the time."""
        if not self.finish:
            self.carry_out(self.lender.tick(self.now))
            self.at(0.5, self.tick_often)

    # Wires: ordered, whatever their delay does in the meantime

    def carry(self, wire: Wire, direction: str, action: Callable[[], None]) -> None:
        def arrive() -> None:
            if wire.cut:
                return
            if direction in wire.mute:
                wire.mute[direction].append(action)
            else:
                action()

        arrival = max(self.now + wire.delay * self.random.uniform(0.5, 1.5), wire.arrivals.get(direction, 0))
        wire.arrivals[direction] = arrival
        self.at_time(arrival, arrive)

    # The client's end, as the job does it

    def join(
        self,
        name: str,
        slots: int = 2,
        pace: float = 0.1,
        delay: float = 0.05,
        deaf: bool = False,
        mood: Callable[[], int] = lambda: RESULT,
    ) -> Far:
        far = Far(name, Wire(delay), slots, pace, deaf, mood)
        self.fars[name] = far
        self.sessions[name] = Session(HELLO, self.new_credit(), self.limits, self.now)
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
            case Wants():
                return lender.want(name, *self.sessions[name].wanted)
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
        # What leads to more queues up behind, so that the order stays the lender's.
        self._instructions.extend(instructions)
        if self._carrying_out:
            return
        self._carrying_out = True
        try:
            while self._instructions:
                self._carry_out(self._instructions.popleft())
        finally:
            self._carrying_out = False

    def _carry_out(self, instruction: Instruction) -> None:
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
                self.dismiss(name)
            case Finish():
                self.finish = instruction

    def dismiss(self, name: str) -> None:
        """The client parts with a volunteer."""
        self.sessions[name].goodbye(ClientGoodbye("full", "set aside"))
        self.drain(name)
        self.carry_out(self.lender.leave(name))

    def read(self, count: int) -> None:
        start = self.lender.read_count
        items = self.items[start : start + count]
        self.carry_out(self.lender.read(items) if items else self.lender.input_ended())

    def drain(self, name: str) -> None:
        session, far = self.sessions[name], self.fars[name]
        while (frame := session.next_frame()) is not None:
            self.carry(far.wire, OUT, lambda frame=frame: self.arrive(far, frame))

    # The volunteer's end

    def arrive(self, far: Far, frame: bytes) -> None:
        # A stopped process: its socket takes the bytes, and it sees them when it goes on.
        far.inbox.append(frame)
        self.read_inbox(far)

    def read_inbox(self, far: Far) -> None:
        if self.now < far.frozen_until:
            self.at_time(far.frozen_until, lambda: self.read_inbox(far))
            return
        while far.inbox:
            message = far.joiner.receive(far.inbox.popleft())
            if message is not None:
                self.hear(far, from_client(message))

    def hear(self, far: Far, message: ClientMessage) -> None:
        if isinstance(message, Ping):
            self.say(far, Pong(message.token))
            return
        far.heard.append(message)
        match message:
            case Hello():
                self.say(far, Ready(ReadyInfo(slots=far.slots)))
            case LendMessage() as lend:
                far.queue.append(lend)
                self.work(far)
            case WithdrawMessage(leases) if not far.deaf:
                far.withdrawn |= set(leases)
            case ClientGoodbye():
                far.wire.cut = True

    def say(self, far: Far, message: object) -> None:
        session = self.sessions[far.name]
        for frame in split(encode(message)):
            self.carry(far.wire, IN, lambda frame=frame: self.report(far.name, session.receive(frame, self.now)))

    def work(self, far: Far) -> None:
        while far.busy < far.slots and far.queue:
            far.busy += 1
            self.item(far, far.queue.pop(0), 0)

    def item(self, far: Far, lend: LendMessage, place: int) -> None:
        def done() -> None:
            if self.now < far.frozen_until:
                self.at_time(far.frozen_until, done)
                return
            if lend.lease not in far.withdrawn:
                kind = far.mood()
                value = {ERROR: NO, DECLINED: b""}.get(kind, result_of(lend.items[place]))
                self.say(far, Results(lend.lease, place, 1000, [value], None if kind == RESULT else bytes([kind])))
            if place + 1 < len(lend.items):
                self.item(far, lend, place + 1)
            else:
                far.busy -= 1
                self.work(far)

        if far.pace != NEVER:
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

    def mute(self, name: str, direction: str) -> None:
        """What is sent in this direction does not arrive, until `unmute`."""
        self.fars[name].wire.mute.setdefault(direction, deque())

    def unmute(self, name: str) -> None:
        """All that was held arrives, in its order."""
        mute = self.fars[name].wire.mute
        for direction in list(mute):
            for action in mute.pop(direction):
                action()

    def hand_back(self, name: str) -> None:
        """The volunteer hands back what it has not begun."""
        far = self.fars[name]
        self.say(far, Return(tuple(lend.lease for lend in far.queue)))
        far.queue.clear()

    def lend_slots(self, name: str, slots: int) -> None:
        """The volunteer lends more slots from now on, or fewer; with none it pauses."""
        far = self.fars[name]
        far.slots = slots
        self.say(far, Ready(ReadyInfo(slots=slots)))
        self.work(far)

    def leave(self, name: str) -> None:
        """The volunteer hands back what it has not begun, and says goodbye."""
        self.hand_back(name)
        self.say(self.fars[name], VolunteerGoodbye("left"))

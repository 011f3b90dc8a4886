"""A world in fake time: a coordinator, and volunteers at the far end of wires that delay, freeze and break.

No clock, no socket: everything that will happen is in a heap, by its time. Channels are ordered and reliable as long
as they live, so what a bad network does to a session is delay, silence, and the end. What the coordinator promises is
looked at after each stimulus.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

from pando_client.coordination.coordinator import Coordinator
from pando_client.coordination.instructions import Finish, HangUp, Instruction, Notice, Read, Wake, Write
from pando_client.lending.instructions import Policy
from pando_client.lending.lender import Lender
from pando_client.session.flow_control import Credit, FixedCredit
from pando_client.session.session import SessionLimits
from pando_shared.wire.messages import (
    DECLINED,
    ERROR,
    RESULT,
    ClientGoodbye,
    ClientMessage,
    Hello,
    Ping,
    Pong,
    Ready,
    ReadyInfo,
    Results,
    Return,
    VolunteerGoodbye,
    VolunteerMessage,
)
from pando_shared.wire.messages import Lend as LendMessage
from pando_shared.wire.messages import Withdraw as WithdrawMessage
from tests.support.lender_model import result_of
from tests.support.volunteers import Peer, hello_of

NEVER = float("inf")
"""The pace of one that takes work and does none."""
NO = b'{"message": "no", "stack": ""}'
HELLO = hello_of("test")


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
    device: str = ""
    frozen_until: float = 0.0
    end: Peer = field(default_factory=Peer)
    inbox: deque[bytes] = field(default_factory=deque)
    queue: list[LendMessage] = field(default_factory=list)
    busy: int = 0
    withdrawn: set[int] = field(default_factory=set)
    heard: list[object] = field(default_factory=list)
    """What the client has said, but for pings."""


@dataclass(frozen=True)
class Moment:
    """What has become of a volunteer's session: `ready`, `suspect` or `ended`, and then why."""

    time: float
    name: str
    state: str
    reason: str = ""


class World:
    """Runs one job to its end: the real coordinator, a shell round it, and the wires to the volunteers."""

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
        credit = new_credit or (lambda: FixedCredit(batch))
        self.limits = SessionLimits(heartbeat=2.5)
        self.coordinator = Coordinator(HELLO, policy or Policy(window=window), self.limits, credit, bytes)
        self.fars: dict[str, Far] = {}
        self.output: list[bytes] = []
        self.finish: Finish | None = None
        self.log: list[Moment] = []
        self.notices: list[Notice] = []
        self._states: dict[str, str] = {}
        self._heap: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._next_look = NEVER

    @property
    def lender(self) -> Lender:
        return self.coordinator.lender

    @property
    def present(self) -> list[str]:
        """Those whose session goes on."""
        return [name for name in self.fars if name in self.coordinator.volunteers]

    # Time

    def at(self, delay: float, action: Callable[[], object]) -> None:
        self.at_time(self.now + delay, action)

    def at_time(self, time: float, action: Callable[[], object]) -> None:
        heapq.heappush(self._heap, (time, next(self._order), action))

    def run(self, until: float = 10_000.0) -> None:
        while self._heap and not self.finish:
            assert self._heap[0][0] < until, f"the job does not end: {self.coordinator!r}"
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

    def _look_in_time(self) -> None:
        """Looks at the clock when the coordinator wants it."""
        deadline = max(self.now + 0.01, self.coordinator.deadline)
        if deadline >= self._next_look:
            return

        def look() -> None:
            if self.now == self._next_look:
                self._next_look = NEVER
                self.carry_out(self.coordinator.tick(self.now))

        self._next_look = deadline
        self.at_time(deadline, look)

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

    # The client's end: the shell round the coordinator

    def join(
        self,
        name: str,
        slots: int = 2,
        pace: float = 0.1,
        delay: float = 0.05,
        deaf: bool = False,
        mood: Callable[[], int] = lambda: RESULT,
        peer: str | None = None,
        device: str = "",
    ) -> Far:
        """A volunteer comes; it may bear the identifier of one that is gone."""
        if name in self.fars:
            self.fars[name].wire.cut = True
            self._states.pop(name, None)
        far = Far(name, Wire(delay), slots, pace, deaf, mood, device)
        self.fars[name] = far
        self.carry_out(self.coordinator.connected(name, peer or name, "fake", self.now))
        return far

    def receive(self, name: str, frame: bytes) -> None:
        """A frame arrives at the client; of a channel that is closed, nothing does."""
        if name in self.coordinator.volunteers:
            self.carry_out(self.coordinator.received(name, frame, self.now))

    def carry_out(self, instructions: Sequence[Instruction]) -> None:
        over: list[str] = []
        for instruction in instructions:
            match instruction:
                case Wake(name):
                    self.drain(name)
                case HangUp(name):
                    self.drain(name)
                    over.append(name)
                case Read(count):
                    self.at(0, partial(self.read, count))
                case Write(results):
                    self.output += results
                    self.at(0, partial(self.wrote, len(results)))
                case Notice():
                    self.notices.append(instruction)
                case Finish():
                    assert self.finish is None
                    self.finish = instruction
        self._note_states()
        self.coordinator.check()
        for name in over:
            self.coordinator.disconnected(name)
        self._look_in_time()

    def read(self, count: int) -> None:
        start = self.lender.read_count
        items = self.items[start : start + count]
        coordinator = self.coordinator
        self.carry_out(coordinator.items(items, self.now) if items else coordinator.input_ended(self.now))

    def wrote(self, count: int) -> None:
        self.carry_out(self.coordinator.written(count, self.now))

    def drain(self, name: str) -> None:
        far = self.fars[name]
        while (frame := self.coordinator.next_frame(name, self.now)) is not None:
            self.carry(far.wire, OUT, partial(self.arrive, far, frame))

    def goodbye(self) -> None:
        """The client takes leave of all."""
        self.carry_out(self.coordinator.finish(ClientGoodbye("done")))

    def _note_states(self) -> None:
        for name, volunteer in self.coordinator.volunteers.items():
            session = volunteer.session
            state = "ended" if session.ended else "suspect" if session.suspect else "ready" if session.info else ""
            if state != self._states.get(name, ""):
                self._states[name] = state
                self.log.append(Moment(self.now, name, state, session.ended.reason if session.ended else ""))

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
            message = far.end.hear(far.inbox.popleft())
            for owed in far.end.owes():
                self.say_raw(far, owed)
            if message is not None:
                self.hear(far, message)

    def hear(self, far: Far, message: ClientMessage) -> None:
        if isinstance(message, Ping):
            self.say(far, Pong(message.token))
            return
        far.heard.append(message)
        match message:
            case Hello():
                self.say(far, Ready(ReadyInfo(slots=far.slots, device=far.device)))
            case LendMessage() as lend:
                far.queue.append(lend)
                self.work(far)
            case WithdrawMessage(leases) if not far.deaf:
                far.withdrawn |= set(leases)
            case ClientGoodbye():
                far.wire.cut = True

    def say(self, far: Far, message: VolunteerMessage) -> None:
        for frame in far.end.frames(message):
            self.say_raw(far, frame)

    def say_raw(self, far: Far, frame: bytes) -> None:
        """Sends what need not be a frame of the protocol."""
        self.carry(far.wire, IN, lambda: self.receive(far.name, frame))

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
        self.carry_out(self.coordinator.closed(name, self.now))

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

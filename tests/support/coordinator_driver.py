"""A coordinator that is driven by hand: what happens at its volunteers' channels is said, what it says is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pando_client.coordination.coordinator import Coordinator
from pando_client.coordination.instructions import HangUp, Instruction, Level, Notice, Read, Wake, Write
from pando_client.lending.instructions import Policy
from pando_client.session.flow_control import FixedCredit
from pando_client.session.session import SessionLimits
from pando_shared.wire.codec import encode, from_client
from pando_shared.wire.framing import Joiner, split
from pando_shared.wire.messages import (
    ClientGoodbye,
    ClientMessage,
    Lend,
    Ready,
    ReadyInfo,
    Results,
    VolunteerMessage,
)
from tests.support.lender_model import result_of
from tests.support.volunteers import hello_of

HELLO = hello_of("test")


class Driver:
    """Each stimulus is followed by `check`; the instructions of all are in `said`, in order."""

    def __init__(
        self,
        *items: bytes,
        policy: Policy | None = None,
        batch: int = 1,
        limits: SessionLimits | None = None,
        binary: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self.now = 0.0
        self.said: list[Instruction] = []
        self.checks = True
        self.items = list(items)
        self.coordinator = Coordinator(
            HELLO, policy or Policy(), limits or SessionLimits(), lambda: FixedCredit(batch), binary
        )
        self._joiners: dict[str, Joiner] = {}

    # What happens

    def connect(self, name: str, peer: str | None = None, kind: str = "fake") -> list[Instruction]:
        self._joiners[name] = Joiner(1 << 30)
        return self._heard(self.coordinator.connected(name, peer or name, kind, self.now))

    def join(
        self,
        name: str,
        slots: int = 1,
        device: str = "",
        peer: str | None = None,
        kind: str = "fake",
        life: str = "",
    ) -> list[Instruction]:
        """Connects it, and lets it say that it is ready; its sender drains what there is before."""
        self.connect(name, peer, kind)
        self.heard(name)
        return self.say(name, Ready(ReadyInfo(slots=slots, device=device, life=life)))

    def say(self, name: str, message: VolunteerMessage) -> list[Instruction]:
        said: list[Instruction] = []
        for frame in split(encode(message)):
            said += self.say_raw(name, frame)
        return said

    def say_raw(self, name: str, frame: bytes) -> list[Instruction]:
        return self._heard(self.coordinator.received(name, frame, self.now))

    def answer(self, name: str, lease: Lend) -> list[Instruction]:
        """Answers the whole of a lease."""
        return self.say(name, Results(lease.lease, 0, 10, [result_of(item) for item in lease.items]))

    def close(self, name: str) -> list[Instruction]:
        return self._heard(self.coordinator.closed(name, self.now))

    def disconnect(self, name: str) -> None:
        self.coordinator.disconnected(name)
        self.coordinator.check()

    def leave(self, name: str) -> None:
        """Its channel closes, and it is forgotten."""
        self.close(name)
        self.disconnect(name)

    def read(self) -> list[Instruction]:
        """Answers the last `Read`: with the next items, or with the end when there is none."""
        count = [instruction.count for instruction in self.said if isinstance(instruction, Read)][-1]
        items, self.items = self.items[:count], self.items[count:]
        coordinator = self.coordinator
        return self._heard(coordinator.items(items, self.now) if items else coordinator.input_ended(self.now))

    def write(self, count: int) -> list[Instruction]:
        return self._heard(self.coordinator.written(count, self.now))

    def tick(self, now: float) -> list[Instruction]:
        self.now = now
        return self._heard(self.coordinator.tick(now))

    def finish(self, goodbye: ClientGoodbye | None = None) -> list[Instruction]:
        return self._heard(self.coordinator.finish(goodbye or ClientGoodbye("done")))

    # What it says

    def heard(self, name: str) -> list[ClientMessage]:
        """Drains what there is for a volunteer."""
        joined = [
            self._joiners[name].receive(frame)
            for frame in iter(lambda: self.coordinator.next_frame(name, self.now), None)
        ]
        return [from_client(message) for message in joined if message is not None]

    def leases(self, name: str) -> list[Lend]:
        """Drains what there is for a volunteer, and returns the leases among it."""
        return [message for message in self.heard(name) if isinstance(message, Lend)]

    def lease(self, name: str) -> Lend:
        [lease] = self.leases(name)
        return lease

    @property
    def output(self) -> list[bytes]:
        return [result for instruction in self.said if isinstance(instruction, Write) for result in instruction.results]

    @property
    def complaints(self) -> list[str]:
        return notices(self.said, Level.COMPLAINT)

    def _heard(self, instructions: list[Instruction]) -> list[Instruction]:
        self.said += instructions
        if self.checks:
            self.coordinator.check()
        return instructions


def notices(instructions: Sequence[Instruction], level: Level) -> list[str]:
    """Returns the texts of the notices of this level."""
    return [said.text for said in instructions if isinstance(said, Notice) and said.level is level]


def hung_up(instructions: Sequence[Instruction]) -> list[str]:
    """Returns the volunteers whose senders are told to hang up."""
    return [said.volunteer for said in instructions if isinstance(said, HangUp)]


def woken(instructions: Sequence[Instruction]) -> list[str]:
    """Returns the volunteers whose senders are told that there is something to send."""
    return [said.volunteer for said in instructions if isinstance(said, Wake)]

"""The session: what the client and one volunteer say to each other on a channel.

Theory of operation. Frames of the volunteer and the passing of time go in; events for the job come out; frames for the
volunteer are drained with `next_frame`, control before bulk, whenever the channel has room. Bulk (leases, and blobs
that the volunteer has asked for) goes by a window: what it says to have received makes room for more. A session goes
from *greeting* (hello is on its way) to *ready* (it has slots) and ends once, for one reason. Meanwhile it may be a
*suspect*: silent for two heartbeats. Then its items are lent again, but the channel stays for a while, since most
silences end.

What lives here: liveness, credit, flow, what a volunteer may say and when. What may not: who computes what (the
lender), how bytes travel (the channels), the clock (time is a parameter, in seconds), logging.

The invariant: `in_flight` is the number of leases that were lent here and are neither answered, returned nor withdrawn.

Its twin is `session.ts` on the volunteer page. The form is that of websockets' sans-I/O protocol: feed, then drain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from pando_client.session.events import Answered, Ended, Event, Joined, Recovered, Returned, Suspected, Textless, Wants
from pando_client.session.flow_control import Credit
from pando_client.session.liveness import Liveness
from pando_client.session.outbox import Outbox
from pando_client.session.reports import Reports
from pando_shared import PROTOCOL
from pando_shared.errors import ProtocolViolation
from pando_shared.limits import DEFAULT_RESULT_BYTES, RESULT_OVERHEAD_BYTES
from pando_shared.wire.codec import encode, from_volunteer
from pando_shared.wire.framing import CONTROL, Joiner
from pando_shared.wire.messages import (
    DECLINED,
    Broken,
    ClientGoodbye,
    ClientMessage,
    Lend,
    Ping,
    Pong,
    Ready,
    ReadyInfo,
    Received,
    Report,
    ReportInfo,
    Results,
    Return,
    VolunteerGoodbye,
    VolunteerMessage,
    Withdraw,
)

NO_BLOBS: Mapping[str, bytes] = MappingProxyType({})
MAX_STRAY_BYTES = 1024 * 1024
"""Bytes of results for leases that a volunteer does not hold, and that were not taken from it while they were on
their way: more than this is no accident."""
STRAY_COST_BYTES = 1024
"""Bytes that such a message counts besides its values."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Times in seconds, sizes in bytes."""

    heartbeat: float = 2.5
    ready_timeout: float = 60.0
    max_result: int = DEFAULT_RESULT_BYTES
    item_timeout: float | None = None


@dataclass(slots=True)
class _OpenLease:
    size: int
    done: int = 0


@dataclass(slots=True)
class Tally:
    """What a volunteer has done so far."""

    items: int = 0
    busy_us: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    @property
    def item_seconds(self) -> float:
        """What an item took it, on average; 0 while that is not known."""
        return self.busy_us / 1e6 / self.items if self.items else 0.0


class Session:
    """One volunteer's session. See the module's docstring.

    Args:
        hello: the encoded `hello`.
        credit: how much it is lent at a time.
        limits: what it may do, and how long it may be silent.
        now: the time, in seconds of a clock that never jumps.
        blobs: what the volunteer may ask for, by digest; the same object for all sessions.
    """

    def __init__(
        self,
        hello: bytes,
        credit: Credit,
        limits: SessionLimits,
        now: float,
        blobs: Mapping[str, bytes] = NO_BLOBS,
    ) -> None:
        self.info: ReadyInfo | None = None
        """What the volunteer said of itself last; None while greeting."""
        self.most_slots = 0
        """Slots that it has lent, at most: as many leases may have begun."""
        self.suspect = False
        self.ended: Ended | None = None
        self.tally = Tally()
        self.reports = Reports(now)
        """What the function says of its own work there."""
        self.round_trip: float | None = None
        """Seconds of the last ping and its pong."""
        self._limits = limits
        self._credit = credit
        self._joiner = Joiner(limits.max_result + RESULT_OVERHEAD_BYTES)
        self._outbox = Outbox(blobs)
        self._outbox.put_control(hello)
        self._leases: dict[int, _OpenLease] = {}
        self._started = now
        self._liveness = Liveness(limits.heartbeat, now)
        self._wanted = (0, 0)
        self._withdrawn_unheard = False
        self._late = 0  # items that were withdrawn or handed back, and whose answers may still come
        self._strays = 0

    def __repr__(self) -> str:
        state = "ended" if self.ended else "suspect" if self.suspect else "ready" if self.info else "greeting"
        return f"<Session {state}, {self.slots} slots, {self.in_flight} leases in flight>"

    @property
    def slots(self) -> int:
        """Slots that the volunteer lends now."""
        return self.info.slots if self.info else 0

    @property
    def wanted(self) -> tuple[int, int]:
        """How many more leases it would take now, and of how many items each."""
        return self._wanted

    @property
    def in_flight(self) -> int:
        """Leases that it holds."""
        return len(self._leases)

    @property
    def open_leases(self) -> dict[int, int]:
        """The numbers of the leases that it holds, and how many items of each are not answered."""
        return {number: lease.size - lease.done for number, lease in self._leases.items()}

    def silence(self, now: float) -> float:
        """Returns for how many seconds nothing was heard."""
        return self._liveness.silence(now)

    # From the volunteer

    def receive(self, frame: bytes, now: float) -> list[Event]:
        """Takes a frame; whatever is wrong with it ends this session and nothing else."""
        if self.ended:
            return []
        self._liveness.heard(now)
        self._withdrawn_unheard = False
        self.tally.bytes_in += len(frame)
        events: list[Event] = []
        if self.suspect:
            self.suspect = False
            events.append(Recovered())
        try:
            message = self._joiner.receive(frame)
            if message is not None:
                events += self._handle(from_volunteer(message), now)
        except ProtocolViolation as violation:
            events += self._break_off("protocol", str(violation))
        return events

    def _handle(self, message: VolunteerMessage, now: float) -> list[Event]:
        match message:
            case Results():
                return self._results(message)
            case Pong():
                return self._pong(message, now)
            case Ready():
                return self._ready(message.info, now)
            case Return():
                returned = tuple(lease for lease in message.leases if self._close(lease))
                return [Returned(returned), *self._wants()] if returned else []
            case VolunteerGoodbye():
                return self._end(Ended(message.reason, message.text))
            case Broken():
                return self._end(Ended("broken", "", message.error))
            case Report():
                return self._report(message.info, now)
            case Received():
                return self._received(message.size, now)
            case _:
                for wanted in message.blobs:
                    self._outbox.uploads.ask(wanted)
                return []

    def _received(self, size: int, now: float) -> list[Event]:
        self._outbox.window.received(size, now)
        if self.info is None:
            self._started = now  # while what it asked for is on its way, it cannot be ready
        return []

    def _report(self, info: ReportInfo, now: float) -> list[Event]:
        self.reports.add(info, now)
        return [] if info.no_text is None else [Textless(info.no_text)]

    def _ready(self, info: ReadyInfo, now: float) -> list[Event]:
        if info.protocol != PROTOCOL:
            return self._part_from_another_version(info.protocol)
        first = self.info is None
        self.info = info
        self.most_slots = max(self.most_slots, info.slots)
        if not first:
            return self._wants()
        self._ping(now)  # the first leases depend on the round trip
        return [Joined(info), *self._wants()]

    def _results(self, results: Results) -> list[Event]:
        lease = self._leases.get(results.lease)
        if lease is None:
            return self._stray(results)
        if results.offset != lease.done or results.offset + len(results.values) > lease.size:
            raise ProtocolViolation(
                f"{len(results.values)} results from {results.offset} on; {lease.done} of {lease.size} are answered"
            )
        lease.done += len(results.values)
        if lease.done == lease.size:
            del self._leases[results.lease]
        self.tally.items += len(results.values)
        self.tally.busy_us += results.busy_us
        # To decline takes no time, and says nothing of what an item takes.
        worked = len(results.values) - (results.kinds.count(DECLINED) if results.kinds else 0)
        if worked:
            self._credit.answered(worked, results.busy_us)
        return [Answered(results), *self._wants()]

    def _stray(self, results: Results) -> list[Event]:
        """Results for a lease that it does not hold: withdrawn or handed back in the meantime, or made up."""
        self._late -= len(results.values)
        if self._late < 0:
            self._late = 0
            self._strays += sum(map(len, results.values)) + STRAY_COST_BYTES
            if self._strays > MAX_STRAY_BYTES:
                raise ProtocolViolation("too many results for leases that it does not hold")
        return self._wants()

    def _close(self, number: int) -> bool:
        """A lease ends before it is answered; returns whether there was one."""
        lease = self._leases.pop(number, None)
        if lease is None:
            return False
        self._late += lease.size - lease.done
        return True

    def _pong(self, pong: Pong, now: float) -> list[Event]:
        seconds = self._liveness.pong(pong.token, now)
        if seconds is None:
            return []
        self.round_trip = seconds
        self._credit.round_trip(seconds)
        return self._wants()

    # From the job

    def lend(self, lease: int, items: Sequence[bytes]) -> None:
        """Queues a lease for the volunteer; of one whose session has just ended, it will be taken back."""
        if self.ended:
            return
        leases, batch = self._wanted
        self._wanted = (max(0, leases - 1), batch)
        self._leases[lease] = _OpenLease(len(items))
        self._credit.lent(len(items), sum(map(len, items)))
        self._send(Lend(lease, items))

    def withdraw(self, lease: int, now: float) -> list[Event]:
        """Tells the volunteer that a lease is no longer wanted.

        That is because somebody else was faster, and so it may be gone, with nobody knowing yet: it is pinged, and lent
        nothing more until it is heard.
        """
        if self.ended or not self._close(lease):
            return []
        self._send(Withdraw((lease,)))
        if not self._withdrawn_unheard:
            self._withdrawn_unheard = True
            self._ping(now)
        return self._wants()

    def goodbye(self, message: ClientGoodbye) -> None:
        """Ends the session from this side: the message is the last one."""
        if not self.ended:
            self._end(Ended(message.reason, message.text), message)

    def closed(self) -> list[Event]:
        """The channel is closed under the session."""
        return self._end(Ended("lost", "the connection was lost"))

    # Time

    @property
    def deadline(self) -> float:
        """When `tick` wants to be called next, unless frames come before."""
        if self.ended:
            return float("inf")
        deadline = self._liveness.deadline(suspect=self.suspect)
        return deadline if self.info else min(deadline, self._started + self._limits.ready_timeout)

    def tick(self, now: float) -> list[Event]:
        """Time has passed: pings, suspects, gives up."""
        late = now - self.deadline
        if self.ended or late < 0:
            return []
        if late > self._limits.heartbeat:
            # It was this program that stood still (a suspended laptop, SIGSTOP).
            self._liveness.stood_still(late, now)
            self._started += late
        if self.info is None and now >= self._started + self._limits.ready_timeout:
            return self._break_off("silent", "it was not ready in time")
        if self._liveness.is_ping_due(now):
            self._ping(now)
        if self._liveness.is_lost(now):
            silence = self._liveness.silence(now)
            return self._break_off("silent", f"nothing was heard from it for {silence:.0f} s")
        if self._liveness.is_suspect(now) and not self.suspect:
            self.suspect = True
            return [Suspected()]
        return []

    # To the volunteer

    @property
    def has_frames(self) -> bool:
        """Whether there is a frame to send."""
        return bool(self._outbox)

    def next_frame(self, now: float) -> bytes | None:
        """Returns the next frame to send, or None; call it only when the channel has room."""
        frame = self._outbox.next_frame(now)
        if frame is not None:
            self.tally.bytes_out += len(frame)
        return frame

    def _send(self, message: ClientMessage) -> None:
        put = self._outbox.put_control if message.TYPE in CONTROL else self._outbox.put_bulk
        put(encode(message))

    def _ping(self, now: float) -> None:
        self._send(Ping(self._liveness.ping(now)))

    def _wants(self) -> list[Event]:
        if self.info is None:
            return []  # nothing comes before `Joined`
        leases, items = self._credit.want(self.slots, len(self._leases))
        wanted = (0 if self._withdrawn_unheard else leases, items)
        if wanted == self._wanted:
            return []
        self._wanted = wanted
        return [Wants(*wanted)]

    def _part_from_another_version(self, version: int) -> list[Event]:
        text = f"this volunteer speaks version {version} of the protocol, the client version {PROTOCOL}"
        way_out = "reload the page, or update Pando" if version < PROTOCOL else "the client has to be updated"
        return self._end(Ended("outdated", text), ClientGoodbye("protocol", f"{text}: {way_out}"))

    def _break_off(self, reason: Literal["protocol", "silent"], text: str) -> list[Event]:
        return self._end(Ended(reason, text), ClientGoodbye(reason, text))

    def _end(self, ended: Ended, goodbye: ClientGoodbye | None = None) -> list[Event]:
        if self.ended:
            return []
        self.ended = ended
        self._leases.clear()
        # What arrived of a message that is not complete may be large, and nothing more of it is taken.
        self._joiner = Joiner(0)
        # Nothing but a goodbye is worth sending now. It is control, and so may come inside a message that was begun.
        self._outbox.clear()
        if goodbye:
            self._send(goodbye)
        return [ended]

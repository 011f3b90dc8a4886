"""The coordinator: sessions and lender joined.

Theory of operation. What happens to channels, to the input, to the output and to time goes in; a list of instructions
comes out, which the shell carries out at once and in order. A session turns a volunteer's frames into events; the
coordinator tells the lender of them; what the lender wants of a volunteer goes to its session. To carry out one of the
lender's instructions may lead to more: these come after all that it had given before. Frames for a volunteer are
drained with `next_frame`, after a `Wake`.

What lives here: who is connected, who may come in, who is quarantined, what is said to people about volunteers. What
may not: who computes what (the lender), what may be said on a channel (the session), how bytes travel, the clock (time
is a parameter, in seconds of a clock that never jumps), printing.

The promises (docs/architecture.md): C1 one end, C2 isolation, C3 order, C4 agreement, C5 nothing forgotten, C6
quarantine, C7 time, C8 a clean end, C9 few words. No stimulus costs more because there are more volunteers.

The invariant, after every stimulus: what the lender believes of a volunteer (its leases, what it would take, whether it
is a suspect) is what its session says.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from pando_client.coordination.connected_volunteer import ConnectedVolunteer
from pando_client.coordination.instructions import HangUp, Instruction, Wake
from pando_client.coordination.lives import Lives
from pando_client.coordination.notices import Notices
from pando_client.coordination.patience import FIRST_SECONDS, Patience
from pando_client.coordination.reputation import Reputation
from pando_client.lending.instructions import Instruction as LenderInstruction
from pando_client.lending.instructions import Lend, Policy, Quarantine, VolunteerId, Withdraw
from pando_client.lending.lender import Lender
from pando_client.session.events import Answered, Ended, Event, Joined, Recovered, Returned, Suspected, Textless, Wants
from pando_client.session.flow_control import Credit
from pando_client.session.session import NO_BLOBS, Session, SessionLimits
from pando_shared.wire.codec import encode
from pando_shared.wire.messages import BINARY, ClientGoodbye, Hello, HelloInfo, JobProof, Results

LENDER_TICK_SECONDS = 0.5
"""Between two looks of the lender at the clock, while anything is lent."""
NEVER = float("inf")


class Coordinator:
    """One run of a client. See the module's docstring.

    Args:
        hello: what every volunteer must know.
        policy: how the lender lends.
        limits: what a volunteer may do.
        new_credit: makes the rule for what one volunteer is lent at a time.
        binary: what is written of a result that is binary.
        blobs: what volunteers may ask for, by digest.
        prove: proves whose job it is, on the channel that a binding tells (PROTOCOL.md, 2.5); None if it is not told.
    """

    def __init__(
        self,
        hello: HelloInfo,
        policy: Policy,
        limits: SessionLimits,
        new_credit: Callable[[], Credit],
        binary: Callable[[bytes], bytes],
        blobs: Mapping[str, bytes] = NO_BLOBS,
        prove: Callable[[str], JobProof] | None = None,
    ) -> None:
        self.lender = Lender(policy)
        """To be looked at only."""
        self.volunteers: dict[VolunteerId, ConnectedVolunteer] = {}
        """Those whose channels are open; to be looked at only."""
        self.left = 0
        """Volunteers that had joined and are gone."""
        self.closing: ClientGoodbye | None = None
        """The goodbye of a run that is over."""
        self._hello = hello
        self._encoded_hello = encode(Hello(hello))
        self._blobs = blobs
        self._prove = prove
        self._limits = limits
        self._new_credit = new_credit
        self._binary = binary
        self._out: list[Instruction] = []
        self._touched: dict[VolunteerId, ConnectedVolunteer] = {}
        self._queue: deque[LenderInstruction] = deque()
        # When each session is to be looked at, at the latest: for each one entry, which may be earlier than need be.
        # The numbers say who comes first of those that fall together.
        self._deadlines: list[tuple[float, int, ConnectedVolunteer]] = []
        self._numbers = itertools.count()
        self._lender_tick = 0.0
        self._ready: set[VolunteerId] = set()
        self._reputation = Reputation()
        self._notices = Notices()
        self._lives = Lives()
        self._patience = Patience(limits.item_timeout)

    def __repr__(self) -> str:
        return f"<Coordinator {len(self.volunteers)} connected, {self.ready} ready, {self.lender!r}>"

    # What can be seen

    @property
    def ready(self) -> int:
        """Volunteers that can be lent to now."""
        return len(self._ready)

    @property
    def deadline(self) -> float:
        """When `tick` wants to be called next, unless something else happens before."""
        lender = self._lender_tick if self._lender_is_timed else NEVER
        return min(lender, self._deadlines[0][0]) if self._deadlines else lender

    def name_of(self, volunteer: VolunteerId) -> str | None:
        """Returns what the owner of a volunteer calls it, also when it has left; None for one on this machine."""
        return self._notices.name_of(volunteer)

    # What happens to channels

    def connected(
        self, volunteer: VolunteerId, peer: str, kind: str, now: float, binding: str | None = None
    ) -> list[Instruction]:
        """A channel is open.

        Args:
            volunteer: its identifier, which no other connected volunteer has.
            peer: where it is, for a person.
            kind: the channel's kind.
            now: seconds.
            binding: what tells this channel from others; None if nothing does.
        """
        session = Session(self._hello_on(binding), self._new_credit(), self._limits, now, self._blobs)
        found = ConnectedVolunteer(volunteer, peer, kind, session, now)
        self.volunteers[volunteer] = found
        self._touched[volunteer] = found
        if self.closing is not None:
            session.goodbye(self.closing)
        elif (refusal := self._reputation.refuse_address(peer, now)) is not None:
            session.goodbye(ClientGoodbye("full", refusal))
        else:
            self._look_in_time(found)
        return self._instructions()

    def _hello_on(self, binding: str | None) -> bytes:
        if self._prove is None or binding is None:
            return self._encoded_hello
        return encode(Hello(self._hello.model_copy(update={"client": self._prove(binding)})))

    def received(self, volunteer: VolunteerId, frame: bytes, now: float) -> list[Instruction]:
        """A frame came from a volunteer that is connected."""
        found = self.volunteers[volunteer]
        self._report(found, found.session.receive(frame, now), now)
        return self._instructions()

    def closed(self, volunteer: VolunteerId, now: float) -> list[Instruction]:
        """The channel of a volunteer that is connected is closed, or is of no use any more."""
        found = self.volunteers[volunteer]
        self._report(found, found.session.closed(), now)
        return self._instructions()

    def disconnected(self, volunteer: VolunteerId) -> None:
        """Nothing more can be sent to a volunteer whose session has ended: it is forgotten."""
        found = self.volunteers.pop(volunteer)
        assert found.session.ended is not None, found
        self._reputation.disconnected(found)

    def next_frame(self, volunteer: VolunteerId, now: float) -> bytes | None:
        """Returns the next frame for a volunteer that is connected, or None; call it when the channel has room."""
        found = self.volunteers[volunteer]
        frame = found.session.next_frame(now)
        if frame is None:
            found.awake = False
        return frame

    # What happens to the input and the output; when the run is over, the lender hears of it no more and lends nothing

    def items(self, items: Sequence[bytes], now: float) -> list[Instruction]:
        """Here are the items asked for by `Read`: at least one, at most its count."""
        if self.closing is None:
            self._carry_out(self.lender.read(items, now), now)
        return self._instructions()

    def input_ended(self, now: float, error: Exception | None = None) -> list[Instruction]:
        """The input has no more items; with `error`, because it could not be read any further."""
        if self.closing is None:
            self._carry_out(self.lender.input_ended(now, error), now)
        return self._instructions()

    def written(self, count: int, now: float) -> list[Instruction]:
        """The output has taken `count` more results of those that were given to it by `Write`."""
        if self.closing is None:
            self._carry_out(self.lender.wrote(count, now), now)
        return self._instructions()

    # Time, and the end

    def tick(self, now: float) -> list[Instruction]:
        """It is `now`: whatever is due happens, such as pings and suspicions."""
        due: list[ConnectedVolunteer] = []
        while self._deadlines and self._deadlines[0][0] <= now:
            due.append(heapq.heappop(self._deadlines)[2])
        for found in due:
            if found.session.ended is None:
                self._report(found, found.session.tick(now), now)
                self._look_in_time(found)
        if now >= self._lender_tick and self._lender_is_timed:
            self._lender_tick = now + LENDER_TICK_SECONDS
            self._carry_out(self.lender.tick(now), now)
            if self._patience.is_due(now):
                self._look_at_awaited(now)
        return self._instructions()

    def finish(self, goodbye: ClientGoodbye) -> list[Instruction]:
        """The run is over: every volunteer is told so, also those that come later, and nothing else happens."""
        self.closing = goodbye
        self._deadlines.clear()
        for found in self.volunteers.values():
            found.session.goodbye(goodbye)
            self._touched[found.id] = found
        return self._instructions()

    def check(self) -> None:
        """Asserts what holds between two stimuli, for tests."""
        assert not self._queue
        assert not self._out
        assert not self._touched
        self.lender.check()
        due = {found for _, _, found in self._deadlines}
        assert len(due) == len(self._deadlines), "each is looked at once"
        for name, found in self.volunteers.items():
            session = found.session
            assert found.hung_up == (session.ended is not None), found
            assert found.awake or found.hung_up or not session.has_frames, f"{found} has something to send"
            assert (name in self._ready) == found.is_ready, found
            assert session.ended is not None or found in due, f"{found} is never looked at"
            if self.closing is None:
                self._check_agreement(found)
        for when, _, found in self._deadlines:
            assert when <= found.session.deadline, f"{found} is looked at too late"
        if self.closing is None:
            assert set(self.lender.volunteers) <= self.volunteers.keys()

    def _check_agreement(self, found: ConnectedVolunteer) -> None:
        session, lender = found.session, self.lender
        here = found.joined and session.ended is None
        assert here == (found.id in lender.volunteers), found
        if here:
            assert session.wanted == lender.wants(found.id)
            assert session.suspect == (found.id in lender.suspects)
        assert session.open_leases == {lease.id: len(lease.items) - lease.done for lease in lender.leases.of(found.id)}

    # Who is looked at, and when

    @property
    def _lender_is_timed(self) -> bool:
        """Whether time changes anything for the lender."""
        return self.closing is None and len(self.lender.leases) > 0

    def _look_in_time(self, found: ConnectedVolunteer) -> None:
        if found.session.ended is None:
            heapq.heappush(self._deadlines, (found.session.deadline, next(self._numbers), found))

    def _look_at_awaited(self, now: float) -> None:
        lease = self.lender.awaited(FIRST_SECONDS, now)
        if lease is None:
            return
        seconds, found = now - lease.answered_at, self.volunteers[lease.volunteer]
        if self._patience.is_over(lease.next, seconds, self.lender.leases.typical):
            timed = self._limits.item_timeout is not None
            self._out += self._notices.awaited(found, lease.next, seconds, alone=self.ready == 1, timed=timed)

    # From sessions to the lender

    def _report(self, found: ConnectedVolunteer, events: Iterable[Event], now: float) -> None:
        for event in events:
            self._carry_out(self._tell_lender(found, event, now), now)
        self._touched[found.id] = found

    def _tell_lender(self, found: ConnectedVolunteer, event: Event, now: float) -> list[LenderInstruction]:
        lender, name = self.lender, found.id
        match event:
            case Wants():
                # The results that came with it may have led to a lease already: what it would take now counts.
                return lender.want(name, *found.session.wanted, now)
            case Answered(results):
                self._reputation.productive(found)
                return lender.results(name, results.lease, results.offset, self._values(results), results.kinds, now)
            case Returned(leases):
                return lender.hand_back(name, leases, now)
            case Joined(info):
                found.device, found.life, found.tab = info.device, info.life, info.tab
                if (refusal := self._reputation.refuse_name(found, now)) is not None:
                    found.session.goodbye(ClientGoodbye("full", refusal))
                    return []
                found.joined = True
                self._out += self._notices.joined(found)
                return [*self._came_back(found, now), *lender.join(name)]
            case Textless(text):
                self._out += self._notices.textless(text)
                return []
            case Suspected():
                self._out += self._notices.suspected(found)
                return lender.suspect(name, now, found.at_work(now))
            case Recovered():
                self._out += self._notices.recovered(found)
                return lender.recover(name, now)
            case _:
                return self._ended(found, event, now)

    def _ended(self, found: ConnectedVolunteer, ended: Ended, now: float) -> list[LenderInstruction]:
        """A session ended by itself."""
        self.left += found.joined
        if ended.reason == "protocol":
            self._reputation.breach(found, now)
        if not ended.is_death:
            self._out += self._notices.ended(found, ended)
            if ended.reason == "protocol" and self._reputation.refuse_address(found.peer, now) is not None:
                self._out += self._notices.address_quarantined(found.peer)
            return self.lender.leave(found.id, now)
        at_work = found.at_work(now)
        indexes = sorted(index for begun in self.lender.begun(found.id, at_work) for index in begun.indexes)
        found.died_at_work = bool(indexes)
        self._out += self._notices.died(found, ended, indexes)
        return self.lender.died(found.id, now, at_work)

    def _came_back(self, found: ConnectedVolunteer, now: float) -> list[LenderInstruction]:
        """A page or process may have been here before, over a connection that it knows to be lost."""
        before = self._lives.begin(found)
        if before is None:
            return []
        other = self.volunteers.get(before)
        if other is None or other.session.ended is not None:
            self.lender.came_back(before)
            return []
        other.session.goodbye(ClientGoodbye("silent", "it is connected again"))
        self._touched[before] = other
        self.left += 1
        return self.lender.leave(before, now)

    def _values(self, results: Results) -> Sequence[bytes]:
        """The values as they will be written: so that the lender counts what they take."""
        kinds = results.kinds
        if kinds is None or BINARY not in kinds:
            return results.values
        return [
            self._binary(value) if kind == BINARY else value for kind, value in zip(kinds, results.values, strict=True)
        ]

    # From the lender to sessions and to the shell

    def _carry_out(self, instructions: Iterable[LenderInstruction], now: float) -> None:
        assert self.closing is None, "the volunteers are being parted with: the lender hears of nothing any more"
        self._queue.extend(instructions)
        while self._queue:
            instruction = self._queue.popleft()
            match instruction:
                case Lend(name, lease, items, _):
                    found = self.volunteers[name]
                    found.session.lend(lease, items)
                    self._touched[name] = found
                case Withdraw(name, lease):
                    found = self.volunteers[name]
                    for event in found.session.withdraw(lease, now):
                        self._queue.extend(self._tell_lender(found, event, now))
                    self._touched[name] = found
                case Quarantine(name, why):
                    self._queue.extend(self._quarantine(self.volunteers[name], why, now))
                case _:
                    self._out.append(instruction)

    def _quarantine(self, found: ConnectedVolunteer, why: str, now: float) -> list[LenderInstruction]:
        if found.is_own:
            return []
        text = f"set aside for {self._reputation.quarantine(found, now):.0f} s: {why}"
        self._out += self._notices.quarantined(found, text)
        found.session.goodbye(ClientGoodbye("full", text))
        self._touched[found.id] = found
        self.left += 1
        return self.lender.leave(found.id, now)

    def _instructions(self) -> list[Instruction]:
        """Returns what is to be carried out, the senders of all whom it concerned last."""
        for name, found in self._touched.items():
            if found.is_ready:
                self._ready.add(name)
            else:
                self._ready.discard(name)
            if found.session.ended is not None:
                if not found.hung_up:
                    found.hung_up = True
                    self._out.append(HangUp(name))
            elif not found.awake and found.session.has_frames:
                found.awake = True
                self._out.append(Wake(name))
        self._touched.clear()
        instructions, self._out = self._out, []
        return instructions

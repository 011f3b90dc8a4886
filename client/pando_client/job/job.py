"""A job: the shell round the lender and the sessions.

It carries out the lender's instructions and tells it what the sessions report; nothing is decided here. Each volunteer
has one coroutine, `attend`, from its open channel to its end: whatever goes wrong in it ends that volunteer and nothing
else.
"""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from pando_client import console
from pando_client.channels.channel import Channel
from pando_client.coordination.quarantine import Reputation
from pando_client.lending.instructions import Finish, Instruction, Lend, Policy, Read, SetAside, Withdraw, Write
from pando_client.lending.lender import Lender
from pando_client.session.flow_control import Credit
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
from pando_client.stdio.input import Source
from pando_client.stdio.output import Output, OutputFailed, ResultWriter, Wrote
from pando_shared.errors import InputError
from pando_shared.text import printable
from pando_shared.wire import messages
from pando_shared.wire.messages import ClientGoodbye

LONGEST_SLEEP = 0.5
"""Seconds between two looks at the clock of all sessions, at most."""
LAST_WORDS = 2.0
"""Seconds in which a volunteer may take our goodbye."""
FAREWELL = 3.0
"""Seconds for all goodbyes at the end of a run."""
BREACHES_FORGIVEN = 3
"""Breaches of the protocol from one address, under whatever names, before the address itself is set aside."""
LONGEST_FOR_ADDRESS = 60.0
"""Seconds that an address is set aside at most: many may share it."""
NAMES_REMEMBERED = 10_000
"""Volunteers whose names can still be said after they have left."""
SAID_AT_MOST = 100
"""Different complaints about volunteers that one run prints."""


@dataclass(slots=True, eq=False)
class Volunteer:
    """A volunteer and what belongs to it."""

    id: str
    channel: Channel
    session: Session
    since: float
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """There may be something to send."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """The session has ended."""
    joined: bool = False
    device: str = ""
    """What its owner called it when it joined: no other name counts after that."""

    @property
    def name(self) -> str:
        """What its owner calls it, made safe to show."""
        return printable(self.device or f"the volunteer at {self.channel.peer}", 64)

    @property
    def known_as(self) -> str:
        """What it can be recognised by when it comes again."""
        return f"{self.channel.peer} {self.name}"


class Job:
    """One run of a client.

    Args:
        hello: the encoded `hello` that every volunteer gets.
        source: where the items come from.
        policy: how the lender lends.
        limits: what a volunteer may do.
        new_credit: makes the rule for what one volunteer is lent at a time.
        new_id: draws a volunteer's identifier.
        open_output: begins to write; gets what `ResultWriter` gets.
        clock: seconds that never jump.
        binary: what is written of a result that is binary.
    """

    def __init__(
        self,
        hello: bytes,
        source: Source,
        policy: Policy,
        limits: SessionLimits,
        new_credit: Callable[[], Credit],
        new_id: Callable[[], str],
        open_output: Callable[[Wrote, OutputFailed], Output] = ResultWriter,
        clock: Callable[[], float] = time.monotonic,
        binary: Callable[[bytes], bytes] = b64encode,
    ) -> None:
        self.lender = Lender(policy)
        self.outcome: asyncio.Future[Finish] = asyncio.get_running_loop().create_future()
        """Done when the run is over: all results are written, or an item failed; an exception if the output failed."""
        self.volunteers: dict[str, Volunteer] = {}
        self.left = 0
        """Volunteers that were ready once and are gone."""
        self._hello = hello
        self._source = source
        self._limits = limits
        self._new_credit = new_credit
        self._new_id = new_id
        self._clock = clock
        self._binary = binary
        self._results = open_output(self._wrote, self._fail)
        self._reading: asyncio.Task[None] | None = None
        self._instructions: deque[Instruction] = deque()
        self._said: set[str] = set()
        self._reputation = Reputation()
        self._addresses = Reputation(BREACHES_FORGIVEN, LONGEST_FOR_ADDRESS)
        self._names: dict[str, str] = {}
        self.closing = False
        """Whether the volunteers are taken leave of."""
        self._look_again = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Job {self.lender!r}>"

    @property
    def ready(self) -> int:
        """Volunteers that can be lent to now."""
        return sum(
            v.joined and v.session.slots > 0 and not v.session.suspect and not v.session.ended
            for v in self.volunteers.values()
        )

    def name_of(self, volunteer: str) -> str | None:
        """Returns what the owner of a volunteer calls it, also when it has left; None for one on this machine."""
        return self._names.get(volunteer)

    def stop(self, error: InputError | None = None) -> None:
        """Whoever takes the results takes no more of them: the run is over, and well if there is no `error`."""
        if not self.outcome.done():
            self.outcome.set_result(Finish(input_error=error))

    # A volunteer's life

    async def attend(self, channel: Channel) -> None:
        """Serves one volunteer until its end; closes the channel. Never raises but when cancelled."""
        volunteer = self._welcome(channel)
        receiving = asyncio.create_task(self._receive(volunteer))
        sending = asyncio.create_task(self._send(volunteer))
        try:
            await volunteer.over.wait()
        finally:
            try:
                self._report(volunteer, volunteer.session.closed())
                # The goodbye is on its way. One that has stopped reading or does not hang up does not keep us.
                await asyncio.wait({sending}, timeout=LAST_WORDS)
                sending.cancel()
                await channel.close()
            finally:
                # Also when it is cancelled a second time, by whoever does not wait for its goodbye.
                sending.cancel()
                receiving.cancel()
                del self.volunteers[volunteer.id]
                await asyncio.gather(sending, receiving, return_exceptions=True)

    def _welcome(self, channel: Channel) -> Volunteer:
        now = self._clock()
        session = Session(self._hello, self._new_credit(), self._limits, now)
        volunteer = Volunteer(self._new_id(), channel, session, now)
        self.volunteers[volunteer.id] = volunteer
        self._look_again.set()
        if self.closing:
            self._dismiss(volunteer, ClientGoodbye("done"))
        elif (seconds := self._address_aside(channel)) > 0:
            self._dismiss(volunteer, ClientGoodbye("full", f"its address is set aside for another {seconds:.0f} s"))
        return volunteer

    def _address_aside(self, channel: Channel) -> float:
        """For how many seconds nobody new may come from there: not while somebody from there works well."""
        if any(v.channel.peer == channel.peer and v.session.tally.items for v in self.volunteers.values()):
            return 0.0
        return self._addresses.left(channel.peer, self._clock())

    def _dismiss(self, volunteer: Volunteer, goodbye: ClientGoodbye) -> None:
        volunteer.session.goodbye(goodbye)
        volunteer.over.set()
        volunteer.wake.set()

    async def _receive(self, volunteer: Volunteer) -> None:
        """Takes the volunteer's frames, until its session ends."""
        session = volunteer.session
        try:
            while not session.ended:
                frame = await volunteer.channel.receive()
                self._report(volunteer, session.closed() if frame is None else session.receive(frame, self._clock()))
        except Exception as error:  # noqa: BLE001 - nothing from the network may raise past its own peer
            console.debug(f"{volunteer.name}: {type(error).__name__}: {error}")
            self._report(volunteer, session.closed())

    async def _send(self, volunteer: Volunteer) -> None:
        """Drains the session's frames whenever the channel has room, the last one included."""
        session, channel = volunteer.session, volunteer.channel
        try:
            while True:
                while (frame := session.next_frame()) is not None:
                    await channel.send(frame)
                if session.ended:
                    return
                volunteer.wake.clear()
                await volunteer.wake.wait()
        except Exception as error:  # noqa: BLE001 - as in `_receive`
            console.debug(f"{volunteer.name}: {type(error).__name__}: {error}")
            self._report(volunteer, session.closed())

    # From sessions to the lender

    def _report(self, volunteer: Volunteer, events: Iterable[Event]) -> None:
        self.lender.now = self._clock()
        for event in events:
            self._carry_out(self._stimulate(volunteer, event))
        volunteer.wake.set()
        if volunteer.session.ended:
            volunteer.over.set()

    def _stimulate(self, volunteer: Volunteer, event: Event) -> list[Instruction]:
        lender, name = self.lender, volunteer.id
        match event:
            case Joined(info):
                volunteer.device = info.device
                if (seconds := self._reputation.left(volunteer.known_as, self._clock())) > 0:
                    self._dismiss(volunteer, ClientGoodbye("full", f"set aside for another {seconds:.0f} s"))
                    return []
                volunteer.joined = True
                if volunteer.channel.kind != "pipe":
                    self._names[name] = volunteer.name
                if len(self._names) > NAMES_REMEMBERED:
                    del self._names[next(iter(self._names))]
                console.note(f"{volunteer.name} joined with {info.slots} slots ({volunteer.channel.kind})")
                return lender.join(name)
            case Wants():
                # What came with it may have led to a lease already: what counts is what it wants now.
                return lender.want(name, *volunteer.session.wanted)
            case Answered(results):
                return lender.answer(name, results.lease, results.offset, self._values(results), results.kinds)
            case Returned(leases):
                return lender.hand_back(name, leases)
            case Suspected():
                console.note(f"nothing is heard from {volunteer.name}; its items are lent again")
                return lender.suspect(name)
            case Recovered():
                console.note(f"{volunteer.name} is heard again")
                return lender.recover(name)
            case Ended():
                self._say_why(volunteer, event)
                self.left += volunteer.joined
                return lender.leave(name)

    def _values(self, results: messages.Results) -> Sequence[bytes]:
        """The values as they will be written: so that the lender counts what they take."""
        kinds = results.kinds
        if kinds is None or messages.BINARY not in kinds:
            return results.values
        return [
            self._binary(value) if kind == messages.BINARY else value
            for kind, value in zip(kinds, results.values, strict=True)
        ]

    def _say_why(self, volunteer: Volunteer, ended: Ended) -> None:
        if ended.reason == "protocol":
            self._reputation.set_aside(volunteer.known_as, self._clock())
            self._complain(f"dropped {volunteer.name}, which broke the protocol: {printable(ended.text)}")
            if volunteer.channel.kind != "pipe":
                self._addresses.set_aside(volunteer.channel.peer, self._clock())
            if self._address_aside(volunteer.channel) > 0:
                peer = printable(volunteer.channel.peer, 64)
                self._complain(f"too many breaches of the protocol from {peer}: who comes from there has to wait")
        elif ended.reason == "broken":
            why = ended.error.message if ended.error else ""
            self._complain(f"{volunteer.name} cannot load the function: {printable(why)}")
        elif ended.reason == "declined":
            self._complain(f"{volunteer.name} does not take this job: {printable(ended.text)}")
        elif volunteer.joined:
            console.note(f"{volunteer.name} left ({printable(ended.text or ended.reason)})")

    def _set_aside(self, volunteer: Volunteer, why: str) -> list[Instruction]:
        if volunteer.channel.kind == "pipe":
            return []  # a volunteer on this machine is its owner's affair
        seconds = self._reputation.set_aside(volunteer.known_as, self._clock())
        text = f"set aside for {seconds:.0f} s: {why}"
        self._complain(f"{volunteer.name} is {text}")
        self._dismiss(volunteer, ClientGoodbye("full", text))
        self.left += 1
        return self.lender.leave(volunteer.id)

    def _complain(self, text: str) -> None:
        """Says something about a volunteer, once, and not endlessly many such things."""
        if text not in self._said and len(self._said) < SAID_AT_MOST:
            self._said.add(text)
            console.say(f"pando: {text}")

    # From the lender to the world

    def _carry_out(self, instructions: Iterable[Instruction]) -> None:
        if self.closing:
            return  # the volunteers are being parted with, whatever the lender still wants of them
        # Carrying one out may lead to more: they queue up behind, so that the order stays the lender's.
        self._instructions.extend(instructions)
        while self._instructions:
            match self._instructions.popleft():
                case Lend(name, lease, items, _):
                    self.volunteers[name].session.lend(lease, items)
                    self.volunteers[name].wake.set()
                case Withdraw(name, lease):
                    volunteer = self.volunteers[name]
                    for event in volunteer.session.withdraw(lease, self._clock()):
                        self._instructions.extend(self._stimulate(volunteer, event))
                    volunteer.wake.set()
                case SetAside(name, why):
                    self._instructions.extend(self._set_aside(self.volunteers[name], why))
                case Read(count):
                    self._reading = asyncio.create_task(self._read(count))
                case Write(results):
                    self._results.write(results)
                case Finish() as finish if not self.outcome.done():
                    self.outcome.set_result(finish)

    async def _read(self, count: int) -> None:
        try:
            try:
                items = await self._source.next(count)
            except InputError as error:
                self._carry_out(self.lender.input_ended(error))
            else:
                self.lender.now = self._clock()
                self._carry_out(self.lender.read(items) if items else self.lender.input_ended())
        except Exception as error:  # noqa: BLE001 - nobody awaits this task: the run has to hear of it
            self._fail(error)

    def _wrote(self, count: int) -> None:
        try:
            self._carry_out(self.lender.wrote(count))
        except Exception as error:  # noqa: BLE001 - the event loop called: without this the run would never end
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)

    # Time

    async def watch(self) -> None:
        """Lets the sessions know the time, until cancelled."""
        while True:
            now = self._clock()
            for volunteer in list(self.volunteers.values()):
                self._report(volunteer, volunteer.session.tick(now))
            self._carry_out(self.lender.tick(now))
            deadline = min((v.session.deadline for v in self.volunteers.values()), default=now + LONGEST_SLEEP)
            self._look_again.clear()
            try:
                async with asyncio.timeout(min(LONGEST_SLEEP, max(0.01, deadline - now))):
                    await self._look_again.wait()
            except TimeoutError:
                continue

    async def close(self, goodbye: ClientGoodbye) -> None:
        """Takes leave of every volunteer, and waits for the goodbyes to be delivered, a while."""
        self.closing = True
        if self._reading is not None:
            self._reading.cancel()
        for volunteer in self.volunteers.values():
            self._dismiss(volunteer, goodbye)
        deadline = self._clock() + FAREWELL
        while self.volunteers and self._clock() < deadline:  # noqa: ASYNC110 - for each of many, at the very end
            await asyncio.sleep(0.01)

"""Who is here, who waits, who may talk to whom: the core of the server.

Theory of operation. A *socket* is one connection to the server, known by an id that the shell draws. It is admitted
(`opened`), logs in as the client of a job or as a volunteer, and at some moment is gone (`closed`). A job is open from
the moment its client has read that it is in. A volunteer is in one of two states: it waits, or it is assigned to one
job; only the client of that job ever hears of it. Whenever a job opens or goes, the volunteers concerned are told where
they stand. An offer goes to the client of the volunteer's job and opens a *handshake*, which ends with exactly one
`Deliver` or `Reject`, whoever leaves first. The core does no input and no output, reads no clock and draws no random
number: a stimulus goes in, with the time in seconds where it matters, and a list of instructions comes out. What was
parsed is trusted to have its shape and nothing else: whether a peer may do what it asks for is decided here.

Invariant: a volunteer that has joined either waits, and then no open job would take it, or is in the list of one job;
every handshake is between a volunteer and the client it is assigned to; all counts match what they count.
"""

from __future__ import annotations

import hmac

from pando_server.relay.admission import Door
from pando_server.relay.instructions import (
    Assign,
    Deliver,
    Drop,
    Forward,
    Ignore,
    Instruction,
    Refuse,
    Reject,
    Wait,
)
from pando_server.relay.limits import Limits
from pando_server.relay.state import Job, Volunteer
from pando_shared import PROTOCOL
from pando_shared.limits import MAX_ATTEMPTS
from pando_shared.signaling import (
    Assigned,
    ClientAnswer,
    ClientLogin,
    Code,
    ErrorBody,
    ForwardedOffer,
    IceServers,
    Offer,
    VolunteerLogin,
)


class Relay:
    """The state of one server: stimuli in, instructions out."""

    def __init__(self, secret: str, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._door = Door(secret, self.limits)
        self._roles: dict[str, Job | Volunteer] = {}
        self._jobs: dict[str, Job] = {}
        self._waiting: dict[str, Volunteer] = {}

    def __repr__(self) -> str:
        here = f"{self.volunteers} volunteers, {len(self._waiting)} waiting, {len(self._door)} sockets"
        return f"<Relay [{self.jobs} jobs, {here}]>"

    @property
    def jobs(self) -> int:
        """How many jobs have a client here."""
        return len(self._jobs)

    @property
    def volunteers(self) -> int:
        """How many volunteers there are: those here, and those that the clients say they have."""
        return len(self._waiting) + sum(job.load for job in self._jobs.values())

    # Any socket.

    def opened(self, socket: str, address: str, now: float, *, loopback: bool = False) -> list[Instruction]:
        """A peer at `address` asks for a connection. It is admitted unless there is a `Refuse`."""
        refusal = self._door.admit(socket, address, loopback, now)
        return [refusal] if refusal else []

    def heard(self, socket: str, now: float) -> list[Instruction]:
        """`socket` sent an event. To be acted upon unless there are instructions."""
        if socket not in self._door:
            return [Ignore(socket, "it has left")]
        if self._door[socket].events.take(now):
            return []
        return [Ignore(socket, "too many messages"), *self.broke(socket)]

    def broke(self, socket: str) -> list[Instruction]:
        """`socket` sent what the protocol forbids: a strike."""
        if socket not in self._door or not self._door.strike(socket):
            return []
        return [*self.closed(socket), Drop(socket, "too many broken messages")]

    def closed(self, socket: str) -> list[Instruction]:
        """`socket` is gone, for whatever reason. Saying so twice is harmless."""
        self._door.forget(socket)
        match self._roles.pop(socket, None):
            case Job() as job:
                return self._client_left(job)
            case Volunteer() as volunteer:
                self._volunteer_left(socket, volunteer)
        return []

    # Clients.

    def nonce(self, address: str, random: str, now: float) -> str | None:
        """Notes `random` (64 hexadecimal digits) as good for one login within 30 s.

        Returns it, or None when the address has asked for too many.
        """
        return self._door.nonce(address, random, now)

    def login_client(self, socket: str, login: ClientLogin, now: float) -> list[Instruction]:
        """A client asks to be let in. It is, unless the first instruction is a `Refuse`."""
        if socket not in self._door or socket in self._roles:
            return [Refuse(socket, Code.INVALID, "this connection cannot log in")]
        refusal = self._door.recognise(socket, login, now)
        if refusal:
            return [refusal]
        job = self._jobs.get(login.job)
        if job is not None:
            if hmac.compare_digest(login.key, job.key):
                return self._replace(job, socket, login.ice_servers)
            return [Refuse(socket, Code.TAKEN, f"another client uses the job name {job.name}: choose another")]
        if len(self._jobs) >= self.limits.jobs:
            return [Refuse(socket, Code.FULL, "this server has no room for another job: try later")]
        job = Job(login.job, login.key, socket, login.ice_servers)
        self._jobs[job.name] = self._roles[socket] = job
        return []

    def client_joined(self, socket: str) -> list[Instruction]:
        """The client has read that it is in: volunteers may be sent to it."""
        job = self._roles.get(socket)
        if not isinstance(job, Job):
            return []
        job.open = True
        takers = [(sid, one) for sid, one in self._waiting.items() if job.would_take(one)]
        return [self._assign(sid, one, job) for sid, one in takers]

    def counted(self, socket: str, count: int) -> list[Instruction]:
        """A client reports how many volunteers its job has now."""
        job = self._roles.get(socket)
        if not isinstance(job, Job):
            return self.broke(socket)
        job.reported, job.unreported = count, 0
        return []

    def answered(
        self, client: str, volunteer: str, attempt: int, answer: ClientAnswer | ErrorBody
    ) -> list[Instruction]:
        """`client` acknowledged an offer that was forwarded to it."""
        job = self._roles.get(client)
        if isinstance(job, Job):
            job.unanswered = 0
        there = self._handshake(client, volunteer, attempt)
        if there is None:
            return []
        if isinstance(answer, ErrorBody):
            rejected = self._end(volunteer, there, answer.code, answer.text)
            # Being busy is not the volunteer's failure: the attempt does not count.
            there.attempt -= answer.code is Code.BUSY
            return rejected
        self._settle(there)
        there.answered = True
        return [Deliver(volunteer, attempt, answer.sdp)]

    def unanswered(self, client: str, volunteer: str, attempt: int) -> list[Instruction]:
        """`client` left an offer without an answer for `Limits.answer_seconds`."""
        there = self._handshake(client, volunteer, attempt)
        if there is None or there.job is None:
            return []
        job = there.job
        rejected = self._end(volunteer, there, Code.FAILED, "the client did not answer in time")
        job.unanswered += 1
        if job.unanswered < self.limits.strikes:
            return rejected
        # It may hang, or hoard offers. If it is well, it logs in again by itself.
        return [*rejected, *self.closed(client), Drop(client, "it does not answer offers")]

    # Volunteers.

    def login_volunteer(self, socket: str, login: VolunteerLogin) -> list[Instruction]:
        """A volunteer asks to be let in. It is, unless there is a `Refuse`."""
        if socket not in self._door or socket in self._roles:
            return [Refuse(socket, Code.INVALID, "this connection cannot log in")]
        if login.protocol != PROTOCOL:
            return [Refuse(socket, Code.PROTOCOL, f"this server speaks version {PROTOCOL}: reload the page")]
        self._roles[socket] = Volunteer(login.job)
        return []

    def volunteer_joined(self, socket: str) -> list[Instruction]:
        """The volunteer has read that it is in: it can be told where it stands."""
        volunteer = self._roles.get(socket)
        if not isinstance(volunteer, Volunteer) or volunteer.joined:
            return []
        volunteer.joined = True
        return [self._place(socket, volunteer)]

    def offered(self, socket: str, offer: Offer, now: float) -> list[Instruction]:
        """A volunteer offers. The outcome is a `Forward`, or a `Reject` at once."""
        volunteer = self._roles.get(socket)
        if not isinstance(volunteer, Volunteer):
            return self.broke(socket)

        def reject(code: Code, text: str) -> list[Instruction]:
            return [Reject(socket, offer.attempt, code, text)]

        job = volunteer.job
        if volunteer.handshake:
            return reject(Code.INVALID, "one offer at a time: the last one has no answer yet")
        # Not simply the next number: an offer that was refused as busy may come again under either.
        if offer.attempt <= volunteer.attempt:
            return reject(Code.INVALID, "attempts count up from 1")
        if job is None:
            return reject(Code.GONE, "there is no job now: wait for one")
        if not job.open or job.handshakes >= self.limits.handshakes_per_client:
            return reject(Code.BUSY, "the client has too many handshakes under way: try later")
        if not self._door.may_offer(socket, now):
            return reject(Code.THROTTLED, "too many offers from your address: try later")
        volunteer.attempt, volunteer.handshake = offer.attempt, True
        job.handshakes += 1
        loopback = self._door[socket].loopback
        message = ForwardedOffer(volunteer=socket, attempt=offer.attempt, sdp=offer.sdp, loopback=loopback)
        return [Forward(job.client, message)]

    # What the stimuli have in common.

    def _handshake(self, client: str, volunteer: str, attempt: int) -> Volunteer | None:
        there = self._roles.get(volunteer)
        if not isinstance(there, Volunteer) or there.job is None or not there.handshake:
            return None
        # Another attempt, or another client since: an answer that comes too late concerns nobody.
        return there if there.attempt == attempt and there.job.client == client else None

    def _settle(self, volunteer: Volunteer) -> None:
        if volunteer.job is not None and volunteer.handshake:
            volunteer.job.handshakes -= 1
        volunteer.handshake = False

    def _end(self, socket: str, volunteer: Volunteer, code: Code, text: str) -> list[Instruction]:
        if not volunteer.handshake:
            return []
        self._settle(volunteer)
        return [Reject(socket, volunteer.attempt, code, text)]

    def _assign(self, socket: str, volunteer: Volunteer, job: Job) -> Instruction:
        self._waiting.pop(socket, None)
        volunteer.job, volunteer.answered = job, False
        job.volunteers[socket] = volunteer
        return Assign(socket, Assigned(job=job.name, ice_servers=job.ice_servers))

    def _place(self, socket: str, volunteer: Volunteer) -> Instruction:
        """Gives a volunteer the job that it named, or the one with the fewest volunteers, or has it wait."""
        jobs = (job for job in self._jobs.values() if job.would_take(volunteer))
        job = min(jobs, key=lambda one: one.load, default=None)
        if job is not None:
            return self._assign(socket, volunteer, job)
        self._waiting[socket] = volunteer
        return Wait(socket)

    def _volunteer_left(self, socket: str, volunteer: Volunteer) -> None:
        self._waiting.pop(socket, None)
        self._settle(volunteer)
        if volunteer.job is not None:
            del volunteer.job.volunteers[socket]
            # It leaves as soon as its channel is open; until the client's next report only we know of it.
            volunteer.job.unreported += volunteer.answered

    def _client_left(self, job: Job) -> list[Instruction]:
        del self._jobs[job.name]
        instructions: list[Instruction] = []
        for socket, volunteer in job.volunteers.items():
            instructions += self._end(socket, volunteer, Code.GONE, "the client has left")
            volunteer.job = None
            if volunteer.attempt < MAX_ATTEMPTS:
                instructions.append(self._place(socket, volunteer))
            else:
                # It can make no further offer on this socket: connecting again is all that is left to it.
                instructions += [*self.closed(socket), Drop(socket, "its client has left and its attempts are used")]
        return instructions

    def _replace(self, job: Job, socket: str, ice_servers: IceServers) -> list[Instruction]:
        """The same run logs in again: its old connection is lost, whether it knows or not."""
        old = job.client
        del self._roles[old]
        self._roles[socket] = job
        job.client, job.ice_servers, job.open, job.unanswered = socket, ice_servers, False, 0
        # A client that has just logged in reports anew, unless it has no volunteers.
        job.reported = job.unreported = 0
        instructions: list[Instruction] = []
        for sid, volunteer in job.volunteers.items():
            instructions += self._end(sid, volunteer, Code.FAILED, "the client lost its connection: try again")
        return [*instructions, *self.closed(old), Drop(old, "the same client has logged in again")]

    def check(self) -> None:
        """Raises AssertionError if the invariant at the top of this module does not hold."""
        self._door.check()
        assigned: list[str] = []
        for name, job in self._jobs.items():
            assert (job.name, self._roles[job.client]) == (name, job)
            assert job.handshakes == sum(one.handshake for one in job.volunteers.values())
            assert 0 <= job.handshakes <= self.limits.handshakes_per_client
            assert all(one.job is job and one.wanted in (None, name) for one in job.volunteers.values())
            assigned += job.volunteers
        joined = {sid for sid, one in self._roles.items() if isinstance(one, Volunteer) and one.joined}
        assert sorted([*assigned, *self._waiting]) == sorted(joined)
        for volunteer in self._waiting.values():
            assert (volunteer.job, volunteer.handshake) == (None, False)
            assert not any(job.would_take(volunteer) for job in self._jobs.values())
        assert all(socket in self._door for socket in self._roles)
        assert len(self._jobs) == sum(isinstance(one, Job) for one in self._roles.values()) <= self.limits.jobs

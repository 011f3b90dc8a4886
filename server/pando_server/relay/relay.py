"""The core of the server: which clients and volunteers are connected, which volunteers wait, who may talk to whom.

Theory of operation. A *socket* is one connection to the server, known by an id that the shell draws. It is admitted
(`opened`), logs in as the client of a job or as a volunteer, and in the end is `closed`. A job is open once its client
has been told that it is logged in. A volunteer waits, or is assigned to one job; only the client of that job ever hears
of it. When a job opens or ends, each volunteer that this concerns is told whether it waits or which job it has. An
offer goes to the client of the volunteer's job. It is *pending* until exactly one `Deliver` or `Reject` ends it,
whichever of the two leaves first.

The core does no input and no output, reads no clock and draws no random number: a stimulus goes in, with the time in
seconds where it matters. A request, which may be refused, returns a `Decision`; every other stimulus returns a list of
instructions. Messages have been parsed before, so their form is right; whether a peer may do what it asks for is
decided here.

Invariant: a volunteer that has joined either waits, and then no open job would take it, or is in the list of one job;
every pending offer is between a volunteer and the client of its job; all counts match what they count.
"""

from __future__ import annotations

import hashlib
import hmac

from pando_server.relay.admission import Admission
from pando_server.relay.instructions import (
    GRANTED,
    Assign,
    Decision,
    Deliver,
    Drop,
    Forward,
    Instruction,
    Notify,
    Refused,
    Reject,
    Wait,
)
from pando_server.relay.limits import Limits
from pando_server.relay.state import Job, Volunteer
from pando_shared import PROTOCOL
from pando_shared.limits import MAX_OFFERS
from pando_shared.signaling import (
    Assigned,
    ClientAnswer,
    ClientLogin,
    Code,
    ErrorBody,
    ForwardedOffer,
    JobInfo,
    Login,
    Notice,
    Offer,
    Outcome,
    VolunteerCount,
    VolunteerLogin,
)


class Relay:
    """The state of one server: stimuli in, instructions out."""

    def __init__(self, secret: str, limits: Limits | None = None, *, salt: bytes = b"") -> None:
        """`salt` is random and known to nobody else: with it an address becomes what no client can turn back."""
        self._salt = salt
        self.limits = limits or Limits()
        self._admission = Admission(secret, self.limits)
        self._roles: dict[str, Job | Volunteer] = {}
        self._jobs: dict[str, Job] = {}
        self._waiting: dict[str, Volunteer] = {}

    def __repr__(self) -> str:
        peers = f"{self.volunteers} volunteers, {len(self._waiting)} waiting, {len(self._admission)} sockets"
        return f"<Relay [{self.jobs} jobs, {peers}]>"

    @property
    def jobs(self) -> int:
        """How many jobs have a client that is logged in."""
        return len(self._jobs)

    @property
    def volunteers(self) -> int:
        """How many volunteers there are: those connected to the server, and those that the clients report."""
        return len(self._waiting) + sum(job.load for job in self._jobs.values())

    # Any socket.

    def opened(self, socket: str, address: str, now: float, *, loopback: bool = False) -> Decision:
        """Request: a peer at `address` asks for a connection."""
        return Decision(self._admission.admit(socket, address, loopback, now))

    def room(self, address: str) -> Refused | None:
        """Returns why a connection from `address` would be refused now, or None. Nothing is reserved."""
        return self._admission.room(address)

    def heard(self, socket: str, now: float) -> Decision:
        """Request: `socket` sent an event, and asks that the server acts on it."""
        if socket not in self._admission:
            return Decision(Refused(Code.GONE, "it has left"))
        if self._admission[socket].events.take(now):
            return GRANTED
        return Decision(Refused(Code.THROTTLED, "too many messages"), tuple(self.broke(socket)))

    def broke(self, socket: str) -> list[Instruction]:
        """`socket` sent what the protocol forbids: a strike."""
        if socket not in self._admission or not self._admission.strike(socket):
            return []
        return [*self.closed(socket), Drop(socket, "too many broken messages")]

    def closed(self, socket: str) -> list[Instruction]:
        """`socket` is closed, for whatever reason. To say so twice is harmless."""
        self._admission.forget(socket)
        match self._roles.pop(socket, None):
            case Job() as job:
                return self._client_left(job)
            case Volunteer() as volunteer:
                self._volunteer_left(socket, volunteer)
        return []

    # Clients.

    def nonce(self, address: str, random: str, now: float) -> Decision:
        """Request: a peer at `address` asks for a nonce. Granted, `random` is good for one login within 30 s.

        `random` is 64 hexadecimal digits.
        """
        return Decision(self._admission.nonce(address, random, now))

    def login_client(self, socket: str, login: ClientLogin, now: float, host: str | None = None) -> Decision:
        """Request: a client asks to be logged in. `host` is the one at which it arrived, if that is known."""
        if socket not in self._admission or socket in self._roles:
            return Decision(Refused(Code.INVALID, "this connection cannot log in"))
        refused = self._admission.check_login(socket, login, now, host)
        if refused is not None:
            return Decision(refused)
        said = login.says
        job = self._jobs.get(said.job)
        if job is not None:
            if hmac.compare_digest(said.key, job.key):
                return Decision(instructions=tuple(self._replace(job, socket, said)))
            return Decision(Refused(Code.TAKEN, f"another client uses the job name {job.name}: choose another"))
        if len(self._jobs) >= self.limits.jobs:
            return Decision(Refused(Code.FULL, "this server has no room for another job: try later"))
        job = Job.of(said, socket)
        self._jobs[job.name] = self._roles[socket] = job
        return GRANTED

    def client_joined(self, socket: str) -> list[Instruction]:
        """The client has been told that it is logged in: volunteers may be assigned to it."""
        job = self._roles.get(socket)
        if not isinstance(job, Job):
            return []
        job.open = True
        waiting = [(sid, volunteer) for sid, volunteer in self._waiting.items() if job.would_take(volunteer)]
        return [self._assign(sid, volunteer, job) for sid, volunteer in waiting]

    def counted(self, socket: str, report: VolunteerCount) -> list[Instruction]:
        """A client reports how many volunteers its job has now."""
        job = self._roles.get(socket)
        if not isinstance(job, Job):
            return self.broke(socket)
        job.reported, job.unreported, job.cores_wanted = report.count, 0, report.cores_wanted or 0
        return []

    def ended(self, socket: str, outcome: Outcome) -> list[Instruction]:
        """A client reports how an offer ended that it had answered."""
        job = self._roles.get(socket)
        if not isinstance(job, Job):
            return self.broke(socket)
        job.opened += outcome.opened
        job.failed += not outcome.opened
        return []

    def answered(
        self, client: str, volunteer: str, attempt: int, answer: ClientAnswer | ErrorBody
    ) -> list[Instruction]:
        """`client` acknowledged an offer that was forwarded to it."""
        job = self._roles.get(client)
        if isinstance(job, Job):
            job.unanswered = 0
        offerer = self._offerer(client, volunteer, attempt)
        if offerer is None:
            return []
        if isinstance(answer, ErrorBody):
            rejected = self._reject(volunteer, offerer, answer.code, answer.text)
            # That the client is busy is no failure of the volunteer: the attempt does not count.
            offerer.attempt -= answer.code is Code.BUSY
            return rejected
        self._settle(offerer)
        offerer.answered = True
        return [Deliver(volunteer, attempt, answer.sdp)]

    def unanswered(self, client: str, volunteer: str, attempt: int) -> list[Instruction]:
        """`client` left an offer without an answer for `Limits.answer_seconds`."""
        offerer = self._offerer(client, volunteer, attempt)
        if offerer is None or offerer.job is None:
            return []
        job = offerer.job
        rejected = self._reject(volunteer, offerer, Code.FAILED, "the client did not answer in time")
        job.unanswered += 1
        if job.unanswered < self.limits.strikes:
            return rejected
        # It may hang, or keep offers from other clients. One that still works logs in again by itself.
        return [*rejected, *self.closed(client), Drop(client, "it does not answer offers")]

    # Volunteers.

    def job(self, name: str | None) -> JobInfo | None:
        """Returns the job that a volunteer would get now that names this one, or none; None if there is none."""
        job = self._best(name)
        return job.info if job is not None else None

    def outdated(self, address: str, name: str | None) -> list[Instruction]:
        """A volunteer from `address` came for the job `name`, or any, and speaks another version."""
        job = self._best(name)
        if job is None or address in job.outdated or len(job.outdated) >= self.limits.remembered_addresses:
            return []
        job.outdated.add(address)
        return [Notify(job.client, Notice(outdated=len(job.outdated)))]

    def login_volunteer(self, socket: str, login: VolunteerLogin) -> Decision:
        """Request: a volunteer asks to be logged in."""
        if socket not in self._admission or socket in self._roles:
            return Decision(Refused(Code.INVALID, "this connection cannot log in"))
        if login.protocol != PROTOCOL:
            return Decision(Refused(Code.PROTOCOL, f"this server speaks version {PROTOCOL}: reload the page"))
        self._roles[socket] = Volunteer(login.job)
        return GRANTED

    def volunteer_joined(self, socket: str) -> list[Instruction]:
        """The volunteer has been told that it is logged in: it can be assigned, or told to wait."""
        volunteer = self._roles.get(socket)
        if not isinstance(volunteer, Volunteer) or volunteer.joined:
            return []
        volunteer.joined = True
        return [self._place(socket, volunteer)]

    def offered(self, socket: str, offer: Offer, now: float) -> Decision:
        """Request: a volunteer makes an offer. Granted, it is pending, and a `Forward` sends it to the client."""
        volunteer = self._roles.get(socket)
        if not isinstance(volunteer, Volunteer):
            return Decision(Refused(Code.INVALID, "this connection makes no offers"), tuple(self.broke(socket)))
        refused = self._check_offer(socket, volunteer, offer, now)
        if refused is not None:
            return Decision(refused)
        job = volunteer.job
        assert job is not None  # Without one the offer is refused.
        volunteer.attempt, volunteer.pending_offer = offer.attempt, True
        job.pending_offers += 1
        sender = self._admission[socket]
        message = ForwardedOffer(
            volunteer=socket,
            attempt=offer.attempt,
            sdp=offer.sdp,
            loopback=sender.loopback,
            from_=self._digest(sender.address, job),
        )
        return Decision(instructions=(Forward(job.client, message),))

    def _check_offer(self, socket: str, volunteer: Volunteer, offer: Offer, now: float) -> Refused | None:
        job = volunteer.job
        if volunteer.pending_offer:
            return Refused(Code.INVALID, "one offer at a time: the last one has no answer yet")
        # An attempt that was refused as busy did not count, so the next may have the same number or the one after it.
        if offer.attempt <= volunteer.attempt:
            return Refused(Code.INVALID, "attempts count up from 1")
        if job is None:
            return Refused(Code.GONE, "there is no job now: wait for one")
        if not job.open or job.pending_offers >= self.limits.pending_offers_per_client:
            return Refused(Code.BUSY, "the client has too many offers to answer: try later")
        if not self._admission.may_offer(socket, now):
            return Refused(Code.THROTTLED, "too many offers from your address: try later")
        return None

    # What several stimuli need.

    def _best(self, name: str | None) -> Job | None:
        """Returns the job that a volunteer would get that names `name`, or none."""
        jobs = (job for job in self._jobs.values() if job.would_take(Volunteer(name)))
        return min(jobs, key=lambda job: job.load, default=None)

    def _digest(self, address: str, job: Job) -> str:
        """Returns what a client may know of an address. The salt is needed: there are few addresses to try."""
        return hmac.new(self._salt + job.key.encode(), address.encode(), hashlib.sha256).hexdigest()[:16]

    def _offerer(self, client: str, volunteer: str, attempt: int) -> Volunteer | None:
        """Returns the volunteer whose offer `attempt` is pending with `client`, or None."""
        offerer = self._roles.get(volunteer)
        if not isinstance(offerer, Volunteer) or offerer.job is None or not offerer.pending_offer:
            return None
        # An answer to an earlier attempt, or of an earlier client, comes too late.
        return offerer if offerer.attempt == attempt and offerer.job.client == client else None

    def _settle(self, volunteer: Volunteer) -> None:
        """The offer of `volunteer` is no longer pending, if it was."""
        if volunteer.job is not None and volunteer.pending_offer:
            volunteer.job.pending_offers -= 1
        volunteer.pending_offer = False

    def _reject(self, socket: str, volunteer: Volunteer, code: Code, text: str) -> list[Instruction]:
        """Rejects the pending offer of `volunteer`, if there is one."""
        if not volunteer.pending_offer:
            return []
        self._settle(volunteer)
        return [Reject(socket, volunteer.attempt, code, text)]

    def _assign(self, socket: str, volunteer: Volunteer, job: Job) -> Instruction:
        self._waiting.pop(socket, None)
        volunteer.job, volunteer.answered = job, False
        job.volunteers[socket] = volunteer
        return Assign(socket, Assigned(job=job.name, ice_servers=job.ice_servers))

    def _place(self, socket: str, volunteer: Volunteer) -> Instruction:
        """Gives a volunteer the job that it named, or the one with the fewest volunteers, or lets it wait."""
        job = self._best(volunteer.wanted)
        if job is not None:
            return self._assign(socket, volunteer, job)
        self._waiting[socket] = volunteer
        return Wait(socket)

    def _volunteer_left(self, socket: str, volunteer: Volunteer) -> None:
        self._waiting.pop(socket, None)
        self._settle(volunteer)
        if volunteer.job is not None:
            del volunteer.job.volunteers[socket]
            # A volunteer leaves the server when its channel is open. Until the client reports again, it counts here.
            volunteer.job.unreported += volunteer.answered

    def _client_left(self, job: Job) -> list[Instruction]:
        del self._jobs[job.name]
        instructions: list[Instruction] = []
        for socket, volunteer in job.volunteers.items():
            instructions += self._reject(socket, volunteer, Code.GONE, "the client has left")
            volunteer.job = None
            if volunteer.attempt < MAX_OFFERS:
                instructions.append(self._place(socket, volunteer))
            else:
                # It may make no further offer on this socket, so it has to connect again.
                instructions += [*self.closed(socket), Drop(socket, "its client has left and its attempts are used")]
        return instructions

    def _replace(self, job: Job, socket: str, login: Login) -> list[Instruction]:
        """The same run logs in again: its old connection is lost, even if the server has not noticed."""
        old = job.client
        del self._roles[old]
        self._roles[socket] = job
        job.client, job.open, job.unanswered = socket, False, 0
        job.renew(login)
        # A client that has volunteers reports them after each login.
        job.reported = job.unreported = 0
        instructions: list[Instruction] = []
        for sid, volunteer in job.volunteers.items():
            instructions += self._reject(sid, volunteer, Code.FAILED, "the client lost its connection: try again")
        return [*instructions, *self.closed(old), Drop(old, "the same client has logged in again")]

    def check(self) -> None:
        """Raises AssertionError if the invariant at the top of this module does not hold."""
        self._admission.check()
        assigned: list[str] = []
        for name, job in self._jobs.items():
            assert (job.name, self._roles[job.client]) == (name, job)
            assert job.pending_offers == sum(volunteer.pending_offer for volunteer in job.volunteers.values())
            assert 0 <= job.pending_offers <= self.limits.pending_offers_per_client
            for volunteer in job.volunteers.values():
                assert volunteer.job is job
                assert volunteer.wanted in (None, name)
            assigned += job.volunteers
        joined = {sid for sid, role in self._roles.items() if isinstance(role, Volunteer) and role.joined}
        assert sorted([*assigned, *self._waiting]) == sorted(joined)
        for volunteer in self._waiting.values():
            assert (volunteer.job, volunteer.pending_offer) == (None, False)
            assert not any(job.would_take(volunteer) for job in self._jobs.values())
        assert all(socket in self._admission for socket in self._roles)
        assert len(self._jobs) == sum(isinstance(role, Job) for role in self._roles.values()) <= self.limits.jobs

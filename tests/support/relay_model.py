"""A hypothesis state machine that plays every peer of a relay at once, and believes nothing that it is not told.

It keeps what a peer would know: which volunteers were told to wait or which job, which offers are open. After each
step the relay's own invariant is checked, and that what peers were told is still true.
"""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from pando_server.relay.instructions import (
    Assign,
    Deliver,
    Drop,
    Forward,
    Instruction,
    Notify,
    Reject,
    Wait,
)
from pando_server.relay.limits import Limits
from pando_server.relay.relay import Relay
from pando_shared.signaling import (
    ClientAnswer,
    ClientLogin,
    Code,
    ErrorBody,
    Login,
    Offer,
    Outcome,
    VolunteerCount,
    VolunteerLogin,
)

SECRET = "a secret that is long enough"
JOBS = ("one", "two", "three")
LIMITS = Limits(
    sockets=8,
    sockets_per_address=4,
    jobs=2,
    pending_offers_per_client=2,
    event_burst=6,
    login_failure_burst=3,
    nonce_burst=1_000,
    nonces=4,
)


class RelayMachine(RuleBasedStateMachine):
    """Peers come, log in rightly or wrongly, offer, answer, hang, lie and go, in any order."""

    sockets = Bundle("sockets")
    nonces = Bundle("nonces")

    def __init__(self) -> None:
        super().__init__()
        self.relay = Relay(SECRET, LIMITS)
        self.now = 0.0
        self.drawn = 0
        self.here: set[str] = set()
        self.told: dict[str, str | None] = {}  # volunteer → its job, or None: it waits
        self.offers: dict[str, tuple[str, int]] = {}  # volunteer → client that has its offer, attempt
        self.clients: dict[str, str] = {}  # client → job
        self.spent: set[str] = set()

    def act(self, instructions: Iterable[Instruction]) -> None:
        for one in instructions:
            match one:
                case Wait(volunteer):
                    assert volunteer in self.here
                    self.told[volunteer] = None
                case Assign(volunteer, message):
                    assert volunteer in self.here
                    assert message.job in self.clients.values()
                    self.told[volunteer] = message.job
                case Forward(client, message):
                    assert message.volunteer not in self.offers
                    assert self.clients[client] == self.told[message.volunteer]
                    self.offers[message.volunteer] = (client, message.attempt)
                case Deliver(volunteer, attempt, _) | Reject(volunteer, attempt, _, _):
                    assert self.offers.pop(volunteer)[1] == attempt
                case Drop(socket, _):
                    self.leave(socket)

    def leave(self, socket: str) -> None:
        self.here.discard(socket)
        self.told.pop(socket, None)
        self.offers.pop(socket, None)
        self.clients.pop(socket, None)

    @rule(target=sockets, address=st.sampled_from("ABC"))
    def open(self, address: str) -> object:
        self.drawn += 1
        socket = f"s{self.drawn}"
        decision = self.relay.opened(socket, address, self.now)
        assert decision.instructions == ()
        if decision.refused is not None:
            assert decision.refused.code is Code.FULL
            return multiple()
        self.here.add(socket)
        return socket

    @rule(target=nonces)
    def fetch_nonce(self) -> object:
        self.drawn += 1
        nonce = f"{self.drawn:064x}"
        decision = self.relay.nonce("Z", nonce, self.now)
        assert decision.instructions == ()
        return nonce if decision.refused is None else multiple()

    @rule(
        socket=sockets,
        nonce=nonces,
        job=st.sampled_from(JOBS),
        key=st.sampled_from("ab"),
        secret=st.sampled_from([SECRET, SECRET, SECRET, "wrong"]),
    )
    def login_client(self, socket: str, nonce: str, job: str, key: str, secret: str) -> None:
        login = ClientLogin.signed(Login(nonce=nonce, host="h", job=job, key=key * 32), secret)
        decision = self.relay.login_client(socket, login, self.now)
        if decision.refused is not None:
            assert decision.instructions == ()
            assert SECRET not in decision.refused.text
            assert decision.refused.code is not Code.SECRET or secret != SECRET
            if decision.refused.code not in (Code.INVALID, Code.THROTTLED):
                self.spent.add(nonce)
            return
        assert socket in self.here
        assert secret == SECRET
        assert nonce not in self.spent
        self.clients[socket] = job
        self.act(decision.instructions)
        self.spent.add(nonce)
        assert list(self.clients.values()).count(job) == 1

    @rule(socket=sockets)
    def client_joined(self, socket: str) -> None:
        self.act(self.relay.client_joined(socket))

    @rule(socket=sockets, job=st.sampled_from([None, None, *JOBS]))
    def login_volunteer(self, socket: str, job: str | None) -> None:
        decision = self.relay.login_volunteer(socket, VolunteerLogin(job=job))
        assert decision.instructions == ()
        if decision.refused is not None:
            assert decision.refused.code is Code.INVALID
            return
        told = self.relay.volunteer_joined(socket)
        assert len(told) == 1
        self.act(told)
        assert job is None or self.told[socket] in (None, job)

    @rule(socket=sockets, attempt=st.integers(1, 3))
    def offer(self, socket: str, attempt: int) -> None:
        pending = socket in self.offers
        decision = self.relay.offered(socket, Offer(attempt=attempt, sdp="v=0"), 0)
        self.act(decision.instructions)
        if decision.refused is None:
            assert not pending
            assert self.offers[socket][1] == attempt

    @rule(client=sockets, data=st.data(), answer=st.sampled_from([None, Code.BUSY, Code.FAILED]))
    def answer(self, client: str, data: st.DataObject, answer: Code | None) -> None:
        volunteer = data.draw(st.sampled_from(sorted(self.offers) or ["nobody"]))
        asked, attempt = self.offers.get(volunteer, ("", 1))
        message = ErrorBody(code=answer, text="no") if answer else ClientAnswer(sdp="v=0")
        instructions = self.relay.answered(client, volunteer, attempt, message)
        # Only the client that was asked can answer.
        assert bool(instructions) == (asked == client)
        self.act(instructions)

    @rule(data=st.data())
    def answer_rightly(self, data: st.DataObject) -> None:
        if self.offers:
            volunteer = data.draw(st.sampled_from(sorted(self.offers)))
            client, attempt = self.offers[volunteer]
            self.act(self.relay.answered(client, volunteer, attempt, ClientAnswer(sdp="v=0")))
            assert volunteer not in self.offers

    @rule(data=st.data())
    def leave_unanswered(self, data: st.DataObject) -> None:
        if self.offers:
            volunteer = data.draw(st.sampled_from(sorted(self.offers)))
            client, attempt = self.offers[volunteer]
            self.act(self.relay.unanswered(client, volunteer, attempt))
            assert volunteer not in self.offers

    @rule(socket=sockets, count=st.integers(0, 5))
    def count(self, socket: str, count: int) -> None:
        self.act(self.relay.counted(socket, VolunteerCount(count=count)))

    @rule(socket=sockets, opened=st.booleans())
    def say_how_an_offer_ended(self, socket: str, opened: bool) -> None:
        self.act(self.relay.ended(socket, Outcome(volunteer="v", attempt=1, opened=opened, ms=5)))

    @rule(address=st.sampled_from("ABC"), job=st.sampled_from([None, *JOBS]))
    def come_with_another_version(self, address: str, job: str | None) -> None:
        told = self.relay.outdated(address, job)
        assert len(told) <= 1
        for one in told:
            assert isinstance(one, Notify)
            assert self.clients[one.client] == job or job is None
            assert 1 <= (one.message.outdated or 0) <= 3

    @rule(address=st.sampled_from("ABC"))
    def look_for_room(self, address: str) -> None:
        before = repr(self.relay)
        self.relay.room(address)
        assert repr(self.relay) == before

    @rule(socket=sockets)
    def say_something(self, socket: str) -> None:
        decision = self.relay.heard(socket, self.now)
        if decision.refused is None:
            assert socket in self.here
            assert decision.instructions == ()
        self.act(decision.instructions)

    @rule(socket=sockets)
    def say_nonsense(self, socket: str) -> None:
        self.act(self.relay.broke(socket))

    @rule(socket=consumes(sockets))
    def close(self, socket: str) -> None:
        self.leave(socket)
        self.act(self.relay.closed(socket))

    @rule(seconds=st.sampled_from([0.1, 1.0, 31.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def what_peers_were_told_is_true(self) -> None:
        self.relay.check()
        assert self.relay.jobs == len(self.clients)
        assert set(self.told.values()) - {None} <= set(self.clients.values())
        assert all(client in self.clients for client, _ in self.offers.values())
        assert SECRET not in repr(self.relay)

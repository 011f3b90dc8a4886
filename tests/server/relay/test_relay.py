"""The relay's rules, one by one. `World` plays the shell: it carries out nothing and shows what was decided."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from pando_server.relay.instructions import Assign, Decision, Deliver, Drop, Forward, Instruction, Refused, Reject, Wait
from pando_server.relay.limits import Limits
from pando_server.relay.relay import Relay
from pando_shared.signaling import (
    Assigned,
    ClientAnswer,
    ClientLogin,
    Code,
    ErrorBody,
    ForwardedOffer,
    IceServer,
    Offer,
    VolunteerLogin,
    proof,
)

SECRET = "a secret that is long enough"
ANSWER = ClientAnswer(sdp="answer")
KEY = "a" * 32


class World:
    def __init__(self, limits: Limits | None = None) -> None:
        self.relay = Relay(SECRET, limits or Limits(sockets_per_address=1_000))
        self.nonces = 0

    def client(
        self, socket: str, job: str = "job", key: str = KEY, ice: tuple[IceServer, ...] = ()
    ) -> list[Instruction]:
        """Opens a socket and logs a client in. Returns what that orders."""
        assert self.relay.opened(socket, "192.0.2.1", 0).refused is None
        decision = self.relay.login_client(socket, self.login(job, key, ice), 0)
        assert decision.refused is None
        return [*decision.instructions, *self.relay.client_joined(socket)]

    def refused_client(self, socket: str, job: str = "job", key: str = KEY) -> Code | None:
        """Opens a socket and tries to log a client in. Returns why it is refused."""
        assert self.relay.opened(socket, "192.0.2.1", 0).refused is None
        decision = self.relay.login_client(socket, self.login(job, key), 0)
        assert decision.instructions == ()
        return code_of(decision)

    def login(self, job: str = "job", key: str = KEY, ice: tuple[IceServer, ...] = ()) -> ClientLogin:
        self.nonces += 1
        nonce = f"{self.nonces:064x}"
        assert self.relay.nonce(f"address {self.nonces}", nonce, 0).refused is None
        return ClientLogin(nonce=nonce, proof=proof(SECRET, nonce, job), job=job, key=key, ice_servers=ice)

    def volunteer(self, socket: str, job: str | None = None, *, loopback: bool = False) -> list[Instruction]:
        """Opens a socket and logs a volunteer in. Returns what that orders."""
        assert self.relay.opened(socket, "192.0.2.2", 0, loopback=loopback).refused is None
        assert self.relay.login_volunteer(socket, VolunteerLogin(job=job)) == Decision()
        return self.relay.volunteer_joined(socket)

    def offer(self, volunteer: str, attempt: int = 1, now: float = 0) -> Decision:
        return self.relay.offered(volunteer, Offer(attempt=attempt, sdp="offer"), now)


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.relay.check()


def code_of(decision: Decision) -> Code | None:
    """Returns why a request is refused, or None."""
    return decision.refused.code if decision.refused else None


def forwarded(decision: Decision) -> Forward:
    """Returns the one instruction of an offer that is granted."""
    assert decision.refused is None
    [instruction] = decision.instructions
    assert isinstance(instruction, Forward)
    return instruction


def assign(volunteer: str, job: str = "job", ice: tuple[IceServer, ...] = ()) -> Assign:
    return Assign(volunteer, Assigned(job=job, ice_servers=ice))


# Who gets which job.


def test_a_volunteer_waits_while_there_is_no_job(world: World) -> None:
    assert world.volunteer("v") == [Wait("v")]
    assert repr(world.relay) == "<Relay [0 jobs, 1 volunteers, 1 waiting, 1 sockets]>"


def test_a_job_that_opens_gets_everybody_who_waits(world: World) -> None:
    world.volunteer("v1")
    world.volunteer("v2")
    assert world.client("c") == [assign("v1"), assign("v2")]


def test_a_volunteer_that_comes_later_is_assigned_at_once(world: World) -> None:
    ice = (IceServer(urls="stun:stun.example"),)
    world.client("c", ice=ice)
    assert world.volunteer("v") == [assign("v", ice=ice)]


def test_a_volunteer_that_named_a_job_waits_for_that_job_only(world: World) -> None:
    world.client("c1", "other")
    assert world.volunteer("v", "mine") == [Wait("v")]
    assert world.client("c2", "mine") == [assign("v", "mine")]


def test_a_volunteer_without_a_name_gets_the_job_with_the_fewest_volunteers(world: World) -> None:
    world.client("c1", "one")
    world.client("c2", "two")
    jobs = [world.volunteer(f"v{number}")[0] for number in range(4)]
    assert jobs == [assign("v0", "one"), assign("v1", "two"), assign("v2", "one"), assign("v3", "two")]


def test_what_clients_report_counts(world: World) -> None:
    world.client("c1", "one")
    world.client("c2", "two")
    assert world.relay.counted("c1", 3) == []
    assert world.volunteer("v") == [assign("v", "two")]
    assert world.relay.volunteers == 4


def test_a_volunteer_on_its_way_to_the_client_counts_until_the_next_report(world: World) -> None:
    world.client("c1", "one")
    world.client("c2", "two")
    world.volunteer("v1")
    world.offer("v1")
    world.relay.answered("c1", "v1", 1, ANSWER)
    world.relay.closed("v1")
    assert world.volunteer("v2") == [assign("v2", "two")]
    world.relay.closed("v2")  # Without an answer: it goes nowhere.
    world.relay.counted("c1", 0)
    assert world.volunteer("v3") == [assign("v3", "one")]


def test_a_job_whose_client_does_not_know_yet_that_it_is_in_gets_nobody(world: World) -> None:
    world.relay.opened("c", "192.0.2.1", 0)
    assert world.relay.login_client("c", world.login(), 0) == Decision()
    assert world.volunteer("v") == [Wait("v")]
    assert world.relay.client_joined("c") == [assign("v")]


# Clients that come, go and come again.


def test_when_the_client_leaves_its_volunteers_wait(world: World) -> None:
    world.client("c")
    world.volunteer("v1")
    world.volunteer("v2", "job")
    assert world.relay.closed("c") == [Wait("v1"), Wait("v2")]
    assert world.relay.jobs == 0


def test_when_the_client_leaves_its_volunteers_get_another_job_if_they_named_none(world: World) -> None:
    world.client("c1", "one")
    world.volunteer("v1")
    world.volunteer("v2", "one")
    world.client("c2", "two")
    assert world.relay.closed("c1") == [assign("v1", "two"), Wait("v2")]


def test_an_offer_under_way_is_rejected_when_the_client_leaves(world: World) -> None:
    world.client("c")
    world.volunteer("v")
    world.offer("v")
    assert world.relay.closed("c") == [Reject("v", 1, Code.GONE, "the client has left"), Wait("v")]


def test_a_volunteer_without_attempts_is_let_go_when_its_client_leaves(world: World) -> None:
    world.client("c")
    world.volunteer("v")
    world.offer("v", attempt=3)
    rejected, dropped = world.relay.closed("c")
    assert (rejected, type(dropped)) == (Reject("v", 3, Code.GONE, "the client has left"), Drop)
    assert world.relay.volunteers == 0


def test_the_same_run_takes_the_place_of_its_lost_connection(world: World) -> None:
    world.client("c1")
    world.volunteer("v1")
    world.volunteer("v2")
    world.offer("v1")
    ice = (IceServer(urls="stun:stun.example"),)
    rejected, dropped = world.client("c2", ice=ice)
    assert rejected == Reject("v1", 1, Code.FAILED, "the client lost its connection: try again")
    assert dropped == Drop("c1", "the same client has logged in again")
    assert world.relay.jobs == 1
    # Nobody had to move, and the next offer reaches the new connection.
    forward = Forward("c2", ForwardedOffer(volunteer="v1", attempt=2, sdp="offer"))
    assert world.offer("v1", attempt=2) == Decision(instructions=(forward,))
    assert world.volunteer("v3") == [assign("v3", ice=ice)]
    assert world.relay.closed("c1") == []


def test_who_logs_in_again_reports_anew(world: World) -> None:
    world.client("c1")
    world.relay.counted("c1", 5)
    world.client("c2")
    assert world.relay.volunteers == 0


def test_an_offer_that_comes_while_the_client_logs_in_again_is_told_to_come_later(world: World) -> None:
    world.client("c1")
    world.volunteer("v")
    world.relay.opened("c2", "192.0.2.1", 0)
    world.relay.login_client("c2", world.login(), 0)
    assert code_of(world.offer("v")) is Code.BUSY
    assert world.relay.client_joined("c2") == []
    assert forwarded(world.offer("v")).client == "c2"


def test_another_run_cannot_take_the_name_of_a_job(world: World) -> None:
    world.client("c1")
    assert world.refused_client("c2", key="b" * 32) is Code.TAKEN
    assert world.relay.jobs == 1


def test_there_is_room_for_so_many_jobs() -> None:
    world = World(Limits(jobs=1, sockets_per_address=9))
    world.client("c1", "one")
    assert world.refused_client("c2", "two") is Code.FULL
    world.relay.closed("c1")
    assert world.client("c3", "two") == []


# Offers and answers.


def test_an_offer_goes_to_the_client_of_the_volunteers_job_and_the_answer_comes_back(world: World) -> None:
    world.client("c1", "one")
    world.client("c2", "two")
    world.volunteer("v", "two", loopback=True)
    message = ForwardedOffer(volunteer="v", attempt=1, sdp="offer", loopback=True)
    assert forwarded(world.offer("v")) == Forward("c2", message)
    assert world.relay.answered("c2", "v", 1, ANSWER) == [Deliver("v", 1, "answer")]


def test_only_the_client_that_was_asked_can_answer(world: World) -> None:
    world.client("c1", "one")
    world.client("c2", "two")
    world.volunteer("v", "one")
    world.offer("v")
    assert world.relay.answered("c2", "v", 1, ANSWER) == []
    assert world.relay.answered("v", "v", 1, ANSWER) == []
    assert world.relay.answered("c1", "v", 1, ANSWER) == [Deliver("v", 1, "answer")]


def test_a_second_answer_and_an_answer_to_an_older_attempt_concern_nobody(world: World) -> None:
    world.client("c")
    world.volunteer("v")
    world.offer("v", attempt=1)
    world.relay.unanswered("c", "v", 1)
    world.offer("v", attempt=2)
    assert world.relay.answered("c", "v", 1, ANSWER) == []
    assert world.relay.answered("c", "v", 2, ANSWER) == [Deliver("v", 2, "answer")]
    assert world.relay.answered("c", "v", 2, ANSWER) == []
    assert world.relay.unanswered("c", "v", 2) == []


def test_an_answer_for_a_volunteer_that_has_left_or_never_was_concerns_nobody(world: World) -> None:
    world.client("c")
    world.volunteer("v")
    world.offer("v")
    world.relay.closed("v")
    assert world.relay.answered("c", "v", 1, ANSWER) == []
    assert world.relay.answered("c", "c", 1, ANSWER) == []
    assert world.relay.answered("c", "nobody", 1, ANSWER) == []


def test_what_the_client_says_against_an_offer_reaches_the_volunteer(world: World) -> None:
    world.client("c")
    world.volunteer("v")
    world.offer("v")
    refused = ErrorBody(code=Code.FAILED, text="no candidates")
    assert world.relay.answered("c", "v", 1, refused) == [Reject("v", 1, Code.FAILED, "no candidates")]


def test_there_is_one_offer_at_a_time(world: World) -> None:
    world.client("c")
    world.volunteer("v")
    world.offer("v", attempt=1)
    refused = Refused(Code.INVALID, "one offer at a time: the last one has no answer yet")
    assert world.offer("v", attempt=2) == Decision(refused)


def test_attempts_count_up(world: World) -> None:
    world.client("c")
    world.volunteer("v")
    world.offer("v", attempt=2)
    world.relay.answered("c", "v", 2, ANSWER)
    for attempt in (1, 2):
        assert world.offer("v", attempt) == Decision(Refused(Code.INVALID, "attempts count up from 1"))
    assert forwarded(world.offer("v", attempt=3)).message.attempt == 3


def test_without_a_job_there_is_nobody_to_make_an_offer_to(world: World) -> None:
    world.volunteer("v")
    assert world.offer("v") == Decision(Refused(Code.GONE, "there is no job now: wait for one"))


def test_a_client_has_so_many_pending_offers_and_being_refused_for_that_costs_no_attempt() -> None:
    world = World(Limits(pending_offers_per_client=1, sockets_per_address=9))
    world.client("c")
    world.volunteer("v1")
    world.volunteer("v2")
    world.offer("v1")
    busy = Refused(Code.BUSY, "the client has too many offers to answer: try later")
    assert world.offer("v2") == Decision(busy)
    world.relay.answered("c", "v1", 1, ANSWER)
    assert forwarded(world.offer("v2")).message.volunteer == "v2"
    world.relay.answered("c", "v2", 1, ErrorBody(code=Code.BUSY, text="too many"))
    assert forwarded(world.offer("v2")).message.volunteer == "v2"
    world.relay.check()


def test_the_pending_offer_of_a_volunteer_that_leaves_makes_room_for_another() -> None:
    world = World(Limits(pending_offers_per_client=1, sockets_per_address=9))
    world.client("c")
    world.volunteer("v1")
    world.volunteer("v2")
    world.offer("v1")
    world.relay.closed("v1")
    assert forwarded(world.offer("v2")).message.volunteer == "v2"
    world.relay.check()


def test_a_client_that_leaves_three_offers_in_a_row_unanswered_is_disconnected(world: World) -> None:
    world.client("c")
    for number in range(6):
        world.volunteer(f"v{number}")
        world.offer(f"v{number}")
    late = "the client did not answer in time"
    assert world.relay.unanswered("c", "v0", 1) == [Reject("v0", 1, Code.FAILED, late)]
    assert world.relay.unanswered("c", "v1", 1) == [Reject("v1", 1, Code.FAILED, late)]
    world.relay.answered("c", "v2", 1, ANSWER)  # Any answer is a sign of life.
    world.relay.unanswered("c", "v3", 1)
    world.relay.unanswered("c", "v4", 1)
    *_, dropped = world.relay.unanswered("c", "v5", 1)
    assert dropped == Drop("c", "it does not answer offers")
    assert world.relay.jobs == 0


# What peers may not do.


def test_only_clients_report_and_only_volunteers_offer(world: World) -> None:
    world.client("c")
    world.volunteer("v")
    assert world.relay.counted("v", 1) == []
    refused = Decision(Refused(Code.INVALID, "this connection makes no offers"))
    assert world.offer("c") == refused
    assert world.offer("nobody") == refused
    assert world.relay.client_joined("v") == []
    assert world.relay.volunteer_joined("c") == []
    assert world.relay.volunteer_joined("v") == []
    for _ in range(2):
        instructions = world.relay.counted("v", 1)
    assert instructions == [Drop("v", "too many broken messages")]


def test_a_connection_logs_in_once(world: World) -> None:
    world.client("c")
    world.volunteer("v")
    again = [
        world.relay.login_client("c", world.login("other"), 0),
        world.relay.login_client("v", world.login("other"), 0),
        world.relay.login_client("nobody", world.login("other"), 0),
        world.relay.login_volunteer("c", VolunteerLogin()),
        world.relay.login_volunteer("v", VolunteerLogin()),
        world.relay.login_volunteer("nobody", VolunteerLogin()),
    ]
    assert again == [Decision(Refused(Code.INVALID, "this connection cannot log in"))] * 6


def test_a_volunteer_of_another_version_is_told_to_reload(world: World) -> None:
    world.relay.opened("v", "192.0.2.2", 0)
    assert code_of(world.relay.login_volunteer("v", VolunteerLogin(protocol=99))) is Code.PROTOCOL


def test_three_broken_messages_close_a_connection(world: World) -> None:
    world.volunteer("v")
    assert [world.relay.broke("v") for _ in range(3)] == [[], [], [Drop("v", "too many broken messages")]]
    assert world.relay.broke("v") == []
    assert world.relay.volunteers == 0


def test_a_flood_of_events_is_ignored_and_then_disconnected(world: World) -> None:
    world.volunteer("v")
    assert [world.relay.heard("v", 0) for _ in range(20)] == [Decision()] * 20
    ignored = Refused(Code.THROTTLED, "too many messages")
    assert world.relay.heard("v", 0) == Decision(ignored)
    assert world.relay.heard("v", 0.5) == Decision()  # Two per second.
    assert world.relay.heard("v", 0.5) == Decision(ignored)
    assert world.relay.heard("v", 0.5) == Decision(ignored, (Drop("v", "too many broken messages"),))
    assert world.relay.heard("v", 0.5) == Decision(Refused(Code.GONE, "it has left"))


def test_leaving_twice_is_harmless(world: World) -> None:
    world.volunteer("v")
    assert world.relay.closed("v") == []
    assert world.relay.closed("v") == []


def test_a_refused_connection_is_not_there() -> None:
    relay = Relay(SECRET, Limits(sockets=1))
    assert relay.opened("a", "192.0.2.1", 0) == Decision()
    assert code_of(relay.opened("b", "192.0.2.2", 0)) is Code.FULL
    assert repr(relay) == "<Relay [0 jobs, 0 volunteers, 0 waiting, 1 sockets]>"
    assert relay.closed("b") == []
    relay.check()


def test_the_core_is_pure() -> None:
    """import-linter checks the direct imports of `relay`; this one, what the core loads altogether."""
    code = (
        "import sys; before = set(sys.modules); import pando_server.relay.relay; "
        "print([name for name in ('socketio', 'engineio', 'fastapi', 'uvicorn', 'starlette', 'logging.config') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_volunteers_of_one_address_may_make_so_many_offers_and_those_of_another_are_not_concerned() -> None:
    world = World(Limits(offer_burst=3, offers_per_second=0.5, sockets_per_address=9))
    world.client("c")
    for number in range(4):
        world.volunteer(f"v{number}")
    world.relay.opened("elsewhere", "192.0.2.3", 0)
    world.relay.login_volunteer("elsewhere", VolunteerLogin(job=None))
    world.relay.volunteer_joined("elsewhere")
    for number in range(3):
        forwarded(world.offer(f"v{number}"))
    assert world.offer("v3") == Decision(Refused(Code.THROTTLED, "too many offers from your address: try later"))
    forwarded(world.offer("elsewhere"))
    # It did not count as an attempt, and later there is room again.
    assert forwarded(world.offer("v3", now=2.0)).message.attempt == 1
    world.relay.check()


def test_fifty_volunteers_at_one_address_may_use_all_their_attempts_at_once() -> None:
    world = World(Limits(sockets_per_address=51))
    world.client("c")
    for number in range(50):
        world.volunteer(f"v{number}")
        for attempt in (1, 2, 3):
            forwarded(world.offer(f"v{number}", attempt))
            world.relay.answered("c", f"v{number}", attempt, ErrorBody(code=Code.FAILED, text="no"))

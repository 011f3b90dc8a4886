"""The relay's rules about offers and answers."""

from __future__ import annotations

from pando_server.relay.instructions import Decision, Deliver, Drop, Forward, Refused, Reject
from pando_server.relay.limits import Limits
from pando_shared.signaling import (
    Code,
    ErrorBody,
    ForwardedOffer,
    VolunteerLogin,
)
from tests.support.relay_shell import ANSWER, DIGEST, RelayShell, forwarded


def test_an_offer_goes_to_the_client_of_the_volunteers_job_and_the_answer_comes_back(shell: RelayShell) -> None:
    shell.client("c1", "one")
    shell.client("c2", "two")
    shell.volunteer("v", "two", loopback=True)
    message = ForwardedOffer(volunteer="v", attempt=1, sdp="offer", loopback=True, from_=DIGEST)
    assert forwarded(shell.offer("v")) == Forward("c2", message)
    assert shell.relay.answered("c2", "v", 1, ANSWER) == [Deliver("v", 1, "answer")]


def test_only_the_client_that_was_asked_can_answer(shell: RelayShell) -> None:
    shell.client("c1", "one")
    shell.client("c2", "two")
    shell.volunteer("v", "one")
    shell.offer("v")
    assert shell.relay.answered("c2", "v", 1, ANSWER) == []
    assert shell.relay.answered("v", "v", 1, ANSWER) == []
    assert shell.relay.answered("c1", "v", 1, ANSWER) == [Deliver("v", 1, "answer")]


def test_a_second_answer_and_an_answer_to_an_older_attempt_concern_nobody(shell: RelayShell) -> None:
    shell.client("c")
    shell.volunteer("v")
    shell.offer("v", attempt=1)
    shell.relay.unanswered("c", "v", 1)
    shell.offer("v", attempt=2)
    assert shell.relay.answered("c", "v", 1, ANSWER) == []
    assert shell.relay.answered("c", "v", 2, ANSWER) == [Deliver("v", 2, "answer")]
    assert shell.relay.answered("c", "v", 2, ANSWER) == []
    assert shell.relay.unanswered("c", "v", 2) == []


def test_an_answer_for_a_volunteer_that_has_left_or_never_was_concerns_nobody(shell: RelayShell) -> None:
    shell.client("c")
    shell.volunteer("v")
    shell.offer("v")
    shell.relay.closed("v")
    assert shell.relay.answered("c", "v", 1, ANSWER) == []
    assert shell.relay.answered("c", "c", 1, ANSWER) == []
    assert shell.relay.answered("c", "nobody", 1, ANSWER) == []


def test_what_the_client_says_against_an_offer_reaches_the_volunteer(shell: RelayShell) -> None:
    shell.client("c")
    shell.volunteer("v")
    shell.offer("v")
    refused = ErrorBody(code=Code.FAILED, text="no candidates")
    assert shell.relay.answered("c", "v", 1, refused) == [Reject("v", 1, Code.FAILED, "no candidates")]


def test_there_is_one_offer_at_a_time(shell: RelayShell) -> None:
    shell.client("c")
    shell.volunteer("v")
    shell.offer("v", attempt=1)
    refused = Refused(Code.INVALID, "one offer at a time: the last one has no answer yet")
    assert shell.offer("v", attempt=2) == Decision(refused)


def test_attempts_count_up(shell: RelayShell) -> None:
    shell.client("c")
    shell.volunteer("v")
    shell.offer("v", attempt=2)
    shell.relay.answered("c", "v", 2, ANSWER)
    for attempt in (1, 2):
        assert shell.offer("v", attempt) == Decision(Refused(Code.INVALID, "attempts count up from 1"))
    assert forwarded(shell.offer("v", attempt=3)).message.attempt == 3


def test_without_a_job_there_is_nobody_to_make_an_offer_to(shell: RelayShell) -> None:
    shell.volunteer("v")
    assert shell.offer("v") == Decision(Refused(Code.GONE, "there is no job now: wait for one"))


def test_a_client_has_so_many_pending_offers_and_being_refused_for_that_costs_no_attempt() -> None:
    shell = RelayShell(Limits(pending_offers_per_client=1, sockets_per_address=9))
    shell.client("c")
    shell.volunteer("v1")
    shell.volunteer("v2")
    shell.offer("v1")
    busy = Refused(Code.BUSY, "the client has too many offers to answer: try later")
    assert shell.offer("v2") == Decision(busy)
    shell.relay.answered("c", "v1", 1, ANSWER)
    assert forwarded(shell.offer("v2")).message.volunteer == "v2"
    shell.relay.answered("c", "v2", 1, ErrorBody(code=Code.BUSY, text="too many"))
    assert forwarded(shell.offer("v2")).message.volunteer == "v2"
    shell.relay.check()


def test_the_pending_offer_of_a_volunteer_that_leaves_makes_room_for_another() -> None:
    shell = RelayShell(Limits(pending_offers_per_client=1, sockets_per_address=9))
    shell.client("c")
    shell.volunteer("v1")
    shell.volunteer("v2")
    shell.offer("v1")
    shell.relay.closed("v1")
    assert forwarded(shell.offer("v2")).message.volunteer == "v2"
    shell.relay.check()


def test_a_client_that_leaves_three_offers_in_a_row_unanswered_is_disconnected(shell: RelayShell) -> None:
    shell.client("c")
    for number in range(6):
        shell.volunteer(f"v{number}")
        shell.offer(f"v{number}")
    late = "the client did not answer in time"
    assert shell.relay.unanswered("c", "v0", 1) == [Reject("v0", 1, Code.FAILED, late)]
    assert shell.relay.unanswered("c", "v1", 1) == [Reject("v1", 1, Code.FAILED, late)]
    shell.relay.answered("c", "v2", 1, ANSWER)  # Any answer is a sign of life.
    shell.relay.unanswered("c", "v3", 1)
    shell.relay.unanswered("c", "v4", 1)
    *_, dropped = shell.relay.unanswered("c", "v5", 1)
    assert dropped == Drop("c", "it does not answer offers")
    assert shell.relay.jobs == 0


def test_the_volunteers_of_one_address_may_make_so_many_offers_and_those_of_another_are_not_concerned() -> None:
    shell = RelayShell(Limits(offer_burst=3, offers_per_second=0.5, sockets_per_address=9))
    shell.client("c")
    for number in range(4):
        shell.volunteer(f"v{number}")
    shell.relay.opened("elsewhere", "192.0.2.3", 0)
    shell.relay.login_volunteer("elsewhere", VolunteerLogin(job=None))
    shell.relay.volunteer_joined("elsewhere")
    for number in range(3):
        forwarded(shell.offer(f"v{number}"))
    assert shell.offer("v3") == Decision(Refused(Code.THROTTLED, "too many offers from your address: try later"))
    forwarded(shell.offer("elsewhere"))
    # It did not count as an attempt, and later there is room again.
    assert forwarded(shell.offer("v3", now=2.0)).message.attempt == 1
    shell.relay.check()


def test_fifty_volunteers_at_one_address_may_use_all_their_attempts_at_once() -> None:
    shell = RelayShell(Limits(sockets_per_address=51))
    shell.client("c")
    for number in range(50):
        shell.volunteer(f"v{number}")
        for attempt in (1, 2, 3):
            assert forwarded(shell.offer(f"v{number}", attempt)).message.attempt == attempt
            shell.relay.answered("c", f"v{number}", attempt, ErrorBody(code=Code.FAILED, text="no"))

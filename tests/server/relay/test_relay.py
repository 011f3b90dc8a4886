"""The relay's rules about jobs, clients and volunteers, one by one."""

from __future__ import annotations

from pando_server.relay.instructions import Decision, Drop, Forward, Notify, Reject, Wait
from pando_server.relay.limits import Limits
from pando_shared.signaling import (
    Code,
    ForwardedOffer,
    IceServer,
    Notice,
    VolunteerCount,
)
from tests.support.relay_shell import ANSWER, DIGEST, RelayShell, assign, code_of, forwarded

# Who gets which job.


def test_a_volunteer_waits_while_there_is_no_job(shell: RelayShell) -> None:
    assert shell.volunteer("v") == [Wait("v")]
    assert repr(shell.relay) == "<Relay [0 jobs, 1 volunteers, 1 waiting, 1 sockets]>"


def test_a_job_that_opens_gets_everybody_who_waits(shell: RelayShell) -> None:
    shell.volunteer("v1")
    shell.volunteer("v2")
    assert shell.client("c") == [assign("v1"), assign("v2")]


def test_a_volunteer_that_comes_later_is_assigned_at_once(shell: RelayShell) -> None:
    ice = (IceServer(urls="stun:stun.example"),)
    shell.client("c", ice=ice)
    assert shell.volunteer("v") == [assign("v", ice=ice)]


def test_a_volunteer_that_named_a_job_waits_for_that_job_only(shell: RelayShell) -> None:
    shell.client("c1", "other")
    assert shell.volunteer("v", "mine") == [Wait("v")]
    assert shell.client("c2", "mine") == [assign("v", "mine")]


def test_a_volunteer_without_a_name_gets_the_job_with_the_fewest_volunteers(shell: RelayShell) -> None:
    shell.client("c1", "one")
    shell.client("c2", "two")
    jobs = [shell.volunteer(f"v{number}")[0] for number in range(4)]
    assert jobs == [assign("v0", "one"), assign("v1", "two"), assign("v2", "one"), assign("v3", "two")]


def test_what_clients_report_counts(shell: RelayShell) -> None:
    shell.client("c1", "one")
    shell.client("c2", "two")
    assert shell.relay.counted("c1", VolunteerCount(count=3)) == []
    assert shell.volunteer("v") == [assign("v", "two")]
    assert shell.relay.volunteers == 4


def test_a_volunteer_on_its_way_to_the_client_counts_until_the_next_report(shell: RelayShell) -> None:
    shell.client("c1", "one")
    shell.client("c2", "two")
    shell.volunteer("v1")
    shell.offer("v1")
    shell.relay.answered("c1", "v1", 1, ANSWER)
    shell.relay.closed("v1")
    assert shell.volunteer("v2") == [assign("v2", "two")]
    shell.relay.closed("v2")  # Without an answer: it goes nowhere.
    shell.relay.counted("c1", VolunteerCount(count=0))
    assert shell.volunteer("v3") == [assign("v3", "one")]


def test_a_job_whose_client_does_not_know_yet_that_it_is_in_gets_nobody(shell: RelayShell) -> None:
    shell.relay.opened("c", "192.0.2.1", 0)
    assert shell.relay.login_client("c", shell.login(), 0) == Decision()
    assert shell.volunteer("v") == [Wait("v")]
    assert shell.relay.client_joined("c") == [assign("v")]


# Clients that come, go and come again.


def test_when_the_client_leaves_its_volunteers_wait(shell: RelayShell) -> None:
    shell.client("c")
    shell.volunteer("v1")
    shell.volunteer("v2", "job")
    assert shell.relay.closed("c") == [Wait("v1"), Wait("v2")]
    assert shell.relay.jobs == 0


def test_when_the_client_leaves_its_volunteers_get_another_job_if_they_named_none(shell: RelayShell) -> None:
    shell.client("c1", "one")
    shell.volunteer("v1")
    shell.volunteer("v2", "one")
    shell.client("c2", "two")
    assert shell.relay.closed("c1") == [assign("v1", "two"), Wait("v2")]


def test_an_offer_under_way_is_rejected_when_the_client_leaves(shell: RelayShell) -> None:
    shell.client("c")
    shell.volunteer("v")
    shell.offer("v")
    assert shell.relay.closed("c") == [Reject("v", 1, Code.GONE, "the client has left"), Wait("v")]


def test_a_volunteer_without_attempts_is_let_go_when_its_client_leaves(shell: RelayShell) -> None:
    shell.client("c")
    shell.volunteer("v")
    shell.offer("v", attempt=3)
    rejected, dropped = shell.relay.closed("c")
    assert (rejected, type(dropped)) == (Reject("v", 3, Code.GONE, "the client has left"), Drop)
    assert shell.relay.volunteers == 0


def test_the_same_run_takes_the_place_of_its_lost_connection(shell: RelayShell) -> None:
    shell.client("c1")
    shell.volunteer("v1")
    shell.volunteer("v2")
    shell.offer("v1")
    ice = (IceServer(urls="stun:stun.example"),)
    rejected, dropped = shell.client("c2", ice=ice)
    assert rejected == Reject("v1", 1, Code.FAILED, "the client lost its connection: try again")
    assert dropped == Drop("c1", "the same client has logged in again")
    assert shell.relay.jobs == 1
    # Nobody had to move, and the next offer reaches the new connection.
    forward = Forward("c2", ForwardedOffer(volunteer="v1", attempt=2, sdp="offer", from_=DIGEST))
    assert shell.offer("v1", attempt=2) == Decision(instructions=(forward,))
    assert shell.volunteer("v3") == [assign("v3", ice=ice)]
    assert shell.relay.closed("c1") == []


def test_who_logs_in_again_reports_anew(shell: RelayShell) -> None:
    shell.client("c1")
    shell.relay.counted("c1", VolunteerCount(count=5))
    shell.client("c2")
    assert shell.relay.volunteers == 0


def test_an_offer_that_comes_while_the_client_logs_in_again_is_told_to_come_later(shell: RelayShell) -> None:
    shell.client("c1")
    shell.volunteer("v")
    shell.relay.opened("c2", "192.0.2.1", 0)
    shell.relay.login_client("c2", shell.login(), 0)
    assert code_of(shell.offer("v")) is Code.BUSY
    assert shell.relay.client_joined("c2") == []
    assert forwarded(shell.offer("v")).client == "c2"


def test_another_run_cannot_take_the_name_of_a_job(shell: RelayShell) -> None:
    shell.client("c1")
    assert shell.refused_client("c2", key="b" * 32) is Code.TAKEN
    assert shell.relay.jobs == 1


def test_there_is_room_for_so_many_jobs() -> None:
    shell = RelayShell(Limits(jobs=1, sockets_per_address=9))
    shell.client("c1", "one")
    assert shell.refused_client("c2", "two") is Code.FULL
    shell.relay.closed("c1")
    assert shell.client("c3", "two") == []


# What others may know.


def test_what_is_known_of_a_job_before_one_has_it(shell: RelayShell) -> None:
    assert shell.relay.job(None) is None
    shell.client("c", "mine")
    for name in (None, "mine"):
        found = shell.relay.job(name)
        assert found is not None
        assert (found.name, found.client) == ("mine", None)
    assert shell.relay.job("other") is None


def test_volunteers_of_another_version_are_counted_for_the_job_that_they_would_have_had(shell: RelayShell) -> None:
    assert shell.relay.outdated("192.0.2.1", None) == []
    shell.client("c", "mine")
    assert shell.relay.outdated("192.0.2.1", None) == [Notify("c", Notice(outdated=1))]
    assert shell.relay.outdated("192.0.2.1", "mine") == [], "the same again"
    assert shell.relay.outdated("192.0.2.2", "mine") == [Notify("c", Notice(outdated=2))]
    assert shell.relay.outdated("192.0.2.3", "other") == []

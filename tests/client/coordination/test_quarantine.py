"""Who is set aside, and for how long."""

from __future__ import annotations

from pando_client.coordination.quarantine import FIRST_PAUSE, FORGOTTEN_AFTER, LONGEST_PAUSE, MAX_REMEMBERED, Reputation


def test_it_grows_each_time_up_to_a_limit():
    reputation = Reputation()
    pauses = [reputation.set_aside("x", now=100.0 * i) for i in range(10)]
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


def test_the_first_faults_may_be_forgiven_and_the_longest_pause_chosen():
    reputation = Reputation(forgiven=2, longest=25.0)
    pauses = [reputation.set_aside("x", now=1.0 * i) for i in range(6)]
    assert pauses == [0.0, 0.0, 10.0, 20.0, 25.0, 25.0]


def test_a_volunteer_is_welcome_again_after_its_pause_and_others_always():
    reputation = Reputation()
    reputation.set_aside("x", now=0.0)
    assert reputation.left("x", now=4.0) == FIRST_PAUSE - 4.0
    assert reputation.left("x", now=FIRST_PAUSE) == 0.0
    assert reputation.left("y", now=0.0) == 0.0


def test_old_faults_are_forgotten():
    reputation = Reputation()
    reputation.set_aside("x", now=0.0)
    assert reputation.set_aside("x", now=FIRST_PAUSE + FORGOTTEN_AFTER + 1) == FIRST_PAUSE


def test_its_memory_is_bounded():
    reputation = Reputation()
    for i in range(MAX_REMEMBERED + 5):
        reputation.set_aside(str(i), now=0.0)
    assert repr(reputation) == f"<Reputation {MAX_REMEMBERED} remembered>"
    assert reputation.left("0", now=0.0) == 0.0

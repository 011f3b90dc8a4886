"""Who is set aside, and for how long."""

from __future__ import annotations

from pando_client.coordination.quarantine import (
    FIRST_SECONDS,
    FORGOTTEN_AFTER_SECONDS,
    LONGEST_SECONDS,
    MAX_REMEMBERED,
    Quarantines,
)


def test_it_grows_each_time_up_to_a_limit() -> None:
    reputation = Quarantines()
    pauses = [reputation.impose("x", now=100.0 * i) for i in range(10)]
    assert pauses[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]
    assert pauses[-1] == LONGEST_SECONDS


def test_the_first_faults_may_be_forgiven_and_the_longest_pause_chosen() -> None:
    reputation = Quarantines(forgiven=2, longest=25.0)
    pauses = [reputation.impose("x", now=1.0 * i) for i in range(6)]
    assert pauses == [0.0, 0.0, 10.0, 20.0, 25.0, 25.0]


def test_a_volunteer_is_welcome_again_after_its_pause_and_others_always() -> None:
    reputation = Quarantines()
    reputation.impose("x", now=0.0)
    assert reputation.left("x", now=4.0) == FIRST_SECONDS - 4.0
    assert reputation.left("x", now=FIRST_SECONDS) == 0.0
    assert reputation.left("y", now=0.0) == 0.0


def test_old_faults_are_forgotten() -> None:
    reputation = Quarantines()
    reputation.impose("x", now=0.0)
    assert reputation.impose("x", now=FIRST_SECONDS + FORGOTTEN_AFTER_SECONDS + 1) == FIRST_SECONDS


def test_its_memory_is_bounded() -> None:
    reputation = Quarantines()
    for i in range(MAX_REMEMBERED + 5):
        reputation.impose(str(i), now=0.0)
    assert repr(reputation) == f"<Quarantines {MAX_REMEMBERED} remembered>"
    assert reputation.left("0", now=0.0) == 0.0

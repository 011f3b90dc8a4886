"""Whether a volunteer is still there."""

from __future__ import annotations

import pytest

from pando_client.session.liveness import GIVE_UP_AFTER_HEARTBEATS, SUSPECT_AFTER_HEARTBEATS, Liveness

BEAT = 2.0


def test_a_ping_is_due_at_every_heartbeat() -> None:
    liveness = Liveness(BEAT, 10.0)
    assert not liveness.is_ping_due(11.9)
    assert liveness.is_ping_due(12.0)
    first = liveness.ping(12.5)
    assert not liveness.is_ping_due(14.4)
    assert liveness.is_ping_due(14.5)
    assert liveness.ping(14.5) != first
    assert repr(liveness) == "<Liveness, 2 of 2 pings not answered>"


def test_a_pong_says_how_long_the_round_trip_took_and_answers_those_before_it() -> None:
    liveness = Liveness(BEAT, 0.0)
    tokens = [liveness.ping(float(second)) for second in range(3)]
    assert all(len(token) == 8 for token in tokens)
    assert liveness.pong(b"not this", 3.0) is None
    assert liveness.pong(tokens[1], 3.5) == pytest.approx(2.5)
    assert liveness.pong(tokens[0], 4.0) is None, "a later one was answered"
    assert liveness.pong(tokens[1], 4.0) is None, "it was answered"
    assert liveness.pong(tokens[2], 4.0) == pytest.approx(2.0)
    assert repr(liveness) == "<Liveness, 0 of 3 pings not answered>"


def test_pings_that_nobody_answers_are_forgotten_in_the_end() -> None:
    liveness = Liveness(BEAT, 0.0)
    tokens = [liveness.ping(float(second)) for second in range(GIVE_UP_AFTER_HEARTBEATS + 1)]
    assert liveness.pong(tokens[0], 99.0) is None
    assert liveness.pong(tokens[1], 99.0) == pytest.approx(98.0)


def test_silence_leads_to_suspicion_and_then_to_the_end() -> None:
    liveness = Liveness(BEAT, 0.0)
    liveness.heard(5.0)
    suspect_at = 5.0 + BEAT * SUSPECT_AFTER_HEARTBEATS
    lost_at = 5.0 + BEAT * GIVE_UP_AFTER_HEARTBEATS
    assert [liveness.is_suspect(suspect_at - 0.1), liveness.is_suspect(suspect_at)] == [False, True]
    assert [liveness.is_lost(lost_at - 0.1), liveness.is_lost(lost_at)] == [False, True]
    assert liveness.silence(lost_at) == BEAT * GIVE_UP_AFTER_HEARTBEATS
    liveness.heard(lost_at)
    assert not liveness.is_suspect(lost_at)


def test_it_wants_to_be_looked_at_for_the_next_ping_or_the_next_judgement() -> None:
    liveness = Liveness(BEAT, 0.0)
    assert liveness.deadline(suspect=False) == BEAT
    liveness.ping(3.9)
    assert liveness.deadline(suspect=False) == BEAT * SUSPECT_AFTER_HEARTBEATS
    assert liveness.deadline(suspect=True) == 3.9 + BEAT
    liveness.ping(23.0)
    assert liveness.deadline(suspect=True) == BEAT * GIVE_UP_AFTER_HEARTBEATS


def test_when_this_program_stood_still_the_silence_of_that_time_counts_for_nothing() -> None:
    liveness = Liveness(BEAT, 0.0)
    liveness.stood_still(100.0, 101.0)
    assert liveness.silence(101.0) == 1.0
    assert liveness.is_ping_due(101.0)
    assert not liveness.is_suspect(101.0)

"""The client's session with one volunteer, fed with frames and times."""

from __future__ import annotations

import struct

import pytest

from pando_client.session.events import Answered, Ended, Event, Joined, Recovered, Returned, Suspected, Textless, Wants
from pando_client.session.flow_control import AutoCredit, FixedCredit
from pando_client.session.session import MAX_STRAY_BYTES, Session, SessionLimits
from pando_shared.limits import MAX_FRAME_BYTES
from pando_shared.wire.codec import encode, from_client
from pando_shared.wire.framing import split
from pando_shared.wire.messages import (
    DECLINED,
    Broken,
    ClientGoodbye,
    ErrorInfo,
    Lend,
    Ping,
    Pong,
    Ready,
    ReadyInfo,
    Report,
    ReportInfo,
    Results,
    Return,
    VolunteerGoodbye,
    Withdraw,
)
from tests.support.sessions import BEAT, HELLO, frames, new, ready, receive, sent


def test_hello_comes_first_and_ready_brings_credit_for_each_slot() -> None:
    session = new(batch=5)
    assert sent(session) == [HELLO]
    assert repr(session) == "<Session greeting, 0 slots, 0 leases in flight>"
    info = ReadyInfo(slots=3, device="Pixel")
    assert receive(session, Ready(info)) == [Joined(info), Wants(3, 5)]
    assert repr(session) == "<Session ready, 3 slots, 0 leases in flight>"


def test_a_lease_is_sent_and_its_results_come_back_in_parts() -> None:
    session = ready(slots=1, batch=3)
    session.lend(1, [b"a", b"b", b"c"])
    assert sent(session) == [Lend(1, [b"a", b"b", b"c"])]
    first = Results(1, 0, 10, [b"A", b"B"])
    assert receive(session, first) == [Answered(first)]
    assert session.in_flight == 1
    last = Results(1, 2, 10, [b"C"])
    assert receive(session, last) == [Answered(last), Wants(1, 3)]
    assert session.in_flight == 0
    assert (session.tally.items, session.tally.busy_us) == (3, 20)


def test_more_slots_bring_more_credit_and_a_pause_brings_none() -> None:
    session = ready(slots=1)
    assert receive(session, Ready(ReadyInfo(slots=4))) == [Wants(4, 1)]
    session.lend(1, [b"x"])
    assert receive(session, Ready(ReadyInfo(slots=0))) == [Wants(0, 1)]
    assert receive(session, Ready(ReadyInfo(slots=4))) == [Wants(3, 1)]


def test_returned_leases_are_reported_once() -> None:
    session = ready(slots=2)
    session.lend(1, [b"x"])
    session.lend(2, [b"y"])
    assert receive(session, Return((1, 77))) == [Returned((1,)), Wants(1, 1)]
    assert receive(session, Return((1,))) == []


def test_a_withdrawn_lease_is_told_and_may_still_be_answered() -> None:
    session = ready(slots=1)
    session.lend(1, [b"x"])
    sent(session)
    assert session.withdraw(1, 5.0) == []
    assert session.withdraw(1, 5.0) == []
    assert Withdraw((1,)) in sent(session)
    assert receive(session, Results(1, 0, 1, [b"X"])) == [Wants(1, 1)]


def test_after_a_withdrawal_nothing_is_lent_before_the_volunteer_is_heard() -> None:
    session = ready(slots=3)
    for lease in (1, 2, 3):
        session.lend(lease, [b"x"])
    sent(session)
    assert session.withdraw(1, 5.0) == []
    assert session.withdraw(2, 5.0) == []
    [ping] = [message for message in sent(session) if isinstance(message, Ping)]
    assert receive(session, Pong(ping.token)) == [Wants(2, 1)]


@pytest.mark.parametrize(
    "results",
    [
        Results(1, 1, 0, [b"skips"]),
        Results(1, 0, 0, [b"1", b"2", b"3", b"beyond"]),
        Results(1, 4_000_000_000, 0, [b"far"]),
    ],
)
def test_results_that_skip_or_overlap_or_reach_beyond_end_the_session(results: Results) -> None:
    session = ready(slots=1, batch=3)
    session.lend(1, [b"a", b"b", b"c"])
    sent(session)
    [ended] = receive(session, results)
    assert isinstance(ended, Ended)
    assert ended.reason == "protocol"
    [goodbye] = sent(session)
    assert goodbye.reason == "protocol"
    assert receive(session, Pong(b"12345678")) == [], "nothing is heard after the end"
    assert repr(session) == "<Session ended, 1 slots, 0 leases in flight>"


@pytest.mark.parametrize(
    "frame", [b"", b"abc", bytes(MAX_FRAME_BYTES + 1), b"\x21\0\0\0", b"\xff\0\0\0 what?", b"\x02\0\0\0x"]
)
def test_what_is_no_frame_ends_the_session(frame: bytes) -> None:
    session = ready()
    [ended] = session.receive(frame, 0.0)
    assert isinstance(ended, Ended)
    assert ended.reason == "protocol"


def test_results_beyond_the_limit_end_it_at_their_first_part() -> None:
    session = Session(encode(HELLO), FixedCredit(), SessionLimits(max_result=100_000), now=0.0)
    receive(session, Ready(ReadyInfo(slots=1)))
    first = next(split(encode(Results(1, 0, 0, [bytes(400_000)]))))
    [ended] = session.receive(first, 0.0)
    assert isinstance(ended, Ended)
    assert "limit" in ended.text


def test_another_protocol_version_ends_it() -> None:
    for version, way_out in ((1, "reload the page, or update Pando"), (3, "the client has to be updated")):
        session = new()
        [ended] = receive(session, Ready(ReadyInfo(protocol=version, slots=1)))
        text = f"this volunteer speaks version {version} of the protocol, the client version 2"
        assert ended == Ended("outdated", text)
        assert sent(session)[-1] == ClientGoodbye("protocol", f"{text}: {way_out}")


def test_a_volunteer_says_goodbye() -> None:
    assert receive(ready(), VolunteerGoodbye("left", "bye")) == [Ended("left", "bye")]


def test_a_function_that_does_not_load_ends_it_with_the_reason() -> None:
    error = ErrorInfo(message="x is not defined")
    assert receive(new(), Broken(error)) == [Ended("broken", "", error)]


def test_what_the_function_reports_is_summed() -> None:
    session = ready()
    assert receive(session, Report(ReportInfo(cpu_ms=1.5, data_transfer_ms=2, items=3, units="Gizmos"))) == []
    receive(session, Report(ReportInfo(cpu_ms=1, items=1)))
    reports = session.reports
    assert (reports.cpu_ms, reports.data_transfer_ms, reports.items, reports.units) == (2.5, 2.0, 4.0, "Gizmos")


def test_a_result_without_a_text_is_an_event() -> None:
    session = ready()
    assert receive(session, Report(ReportInfo(items=1, no_text="[object Object]"))) == [Textless("[object Object]")]
    assert receive(session, Report(ReportInfo(no_text=""))) == [Textless("")]
    assert session.reports.items == 1


def test_too_many_reports_end_it_but_not_those_that_a_stalled_connection_brings_together() -> None:
    session = ready()
    report = Report(ReportInfo(items=1))
    for second in range(1, 200):
        assert receive(session, report, now=second / 2) == []
    for _ in range(99):
        assert receive(session, report, now=200.0) == []
    events = [event for _ in range(10) for event in receive(session, report, now=200.0)]
    assert events == [Ended("protocol", "more reports than are allowed")]
    assert session.reports.items == 199 + 99 + 1


def test_silence_is_answered_with_a_ping_then_suspicion_then_the_end() -> None:
    session = ready()
    assert session.deadline == BEAT
    assert session.tick(BEAT - 0.01) == []
    assert session.tick(BEAT) == []
    assert sent(session) == [Ping(struct.pack("<Q", 2))]
    assert session.deadline == 2 * BEAT
    assert session.tick(2 * BEAT) == [Suspected()]
    assert session.suspect
    for beat in range(3, 12):
        assert session.tick(beat * BEAT) == []
        assert [type(message) for message in sent(session)][-1] is Ping, "it may hear us"
        assert session.deadline == (beat + 1) * BEAT
    [ended] = session.tick(12 * BEAT)
    assert isinstance(ended, Ended)
    assert ended.reason == "silent"
    assert sent(session)[-1].reason == "silent"
    assert session.deadline == float("inf")
    assert session.tick(99 * BEAT) == []


def test_any_frame_is_a_sign_of_life() -> None:
    session = ready(slots=1, batch=2)
    session.lend(1, [b"a", b"b"])
    session.tick(BEAT)
    assert session.tick(2 * BEAT) == [Suspected()]
    results = Results(1, 0, 0, [b"A"])
    assert receive(session, results, now=2.5 * BEAT) == [Recovered(), Answered(results)]
    assert not session.suspect
    assert session.tick(4 * BEAT) == []


def test_a_pong_measures_the_round_trip_and_only_the_right_one_counts() -> None:
    session = ready()
    session.tick(BEAT)
    [ping] = sent(session)
    receive(session, Pong(b"not this"), now=BEAT + 0.1)
    assert session.round_trip == 0.0
    receive(session, Pong(ping.token), now=BEAT + 0.2)
    assert session.round_trip == pytest.approx(0.2)
    assert receive(session, Pong(ping.token), now=9.0) == []
    assert session.round_trip == pytest.approx(0.2)


def test_a_pause_of_this_program_is_no_volunteers_fault() -> None:
    session = ready()
    assert session.tick(1000.0) == [], "the laptop was asleep"
    assert not session.suspect
    assert len(sent(session)) == 1, "asks at once who is still there"
    assert session.deadline == 1000.0 + BEAT, "as if the last sign of life had been a heartbeat ago"
    assert session.tick(1000.0 + BEAT) == [Suspected()]


def test_a_volunteer_that_is_never_ready_is_given_up() -> None:
    session = new(limits=SessionLimits(ready_timeout=10.0))
    now = 0.0
    events: list[Event] = []
    while not events and now < 20:
        now += 1.0
        receive(session, Pong(b"12345678"), now)
        events = session.tick(now)
    assert events == [Ended("silent", "it was not ready in time")]
    assert now == 10.0


def test_the_client_takes_leave_once() -> None:
    session = ready()
    session.lend(1, [bytes(200_000)])
    assert session.next_frame(0.0) is not None
    session.goodbye(ClientGoodbye("done", "thank you"))
    session.goodbye(ClientGoodbye("stopped"))
    [frame] = frames(session)
    assert from_client(frame) == ClientGoodbye("done", "thank you"), "it need not wait for the rest of the lease"
    assert session.withdraw(1, 5.0) == []
    assert session.closed() == []


def test_a_lost_connection_ends_it() -> None:
    [ended] = ready().closed()
    assert isinstance(ended, Ended)
    assert ended.reason == "lost"


def test_results_for_leases_that_it_does_not_hold_are_ignored_up_to_a_limit() -> None:
    session = ready(slots=1)
    for lease in range(100, 500):
        assert receive(session, Results(lease, 0, 1, [b"wrong"])) == []
    [ended] = receive(session, Results(1, 0, 1, [b"x" * MAX_STRAY_BYTES]))
    assert ended == Ended("protocol", "too many results for leases that it does not hold")


@pytest.mark.parametrize("how", ["withdrawn", "handed back"])
def test_what_was_on_its_way_when_its_lease_was_taken_is_no_fault(how: str) -> None:
    session = ready(slots=1, batch=4)
    session.lend(1, [b"x"] * 4)
    if how == "withdrawn":
        session.withdraw(1, 0.0)
    else:
        receive(session, Return((1,)))
    long = b"x" * MAX_STRAY_BYTES
    for offset in range(4):
        receive(session, Results(1, offset, 1, [long]))
    assert session.ended is None
    receive(session, Results(1, 4, 1, [long]))
    assert session.ended is not None


def test_to_decline_says_nothing_about_the_time_of_an_item() -> None:
    credit = AutoCredit()
    session = Session(encode(HELLO), credit, SessionLimits(), now=0.0)
    receive(session, Ready(ReadyInfo(slots=1)))
    for lease in range(1, 10):
        session.lend(lease, [b"x"])
        receive(session, Results(lease, 0, 0, [b""], bytes([DECLINED])))
    assert session.wanted == (1, 1)


def test_what_is_lent_to_one_whose_session_has_just_ended_is_not_in_flight() -> None:
    session = ready(slots=1)
    session.tick(2 * BEAT)
    # Heard again, and at once it breaks the protocol: of the first, the lender hears first.
    assert [type(event) for event in session.receive(b"", 2 * BEAT)] == [Recovered, Ended]
    session.lend(1, [b"x"])
    assert session.in_flight == 0


def test_nothing_comes_before_it_has_joined() -> None:
    session = new()
    assert receive(session, Results(1, 0, 1, [b"x"])) == []
    assert receive(session, Return((1,))) == []
    assert receive(session, Pong(bytes(8))) == []

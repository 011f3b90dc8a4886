"""The promises of the coordinator about its volunteers, one by one: C1 to C4.

Those about time and the end (C5, C7, C8) are in `test_coordinator_time`, those about people (C6, C9) in
`test_coordinator_people`; `test_session_machine` tries them all together.
"""

from __future__ import annotations

import pytest

from pando_client.coordination.instructions import Finish, Level, Read, Write
from pando_shared.wire.messages import (
    BINARY,
    RESULT,
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
    VolunteerMessage,
    Withdraw,
)
from tests.support.coordinator_driver import Driver, hung_up, notices, woken

BEAT = 2.5

ENDS: dict[str, VolunteerMessage | bytes | None] = {
    "closes": None,
    "says goodbye": VolunteerGoodbye("left"),
    "cannot load": Broken(ErrorInfo(message="no")),
    "breaks the protocol": b"",
    "speaks another version": Ready(ReadyInfo(protocol=99, slots=1)),
}


def end(driver: Driver, name: str, how: str) -> None:
    match ENDS[how]:
        case None:
            driver.close(name)
        case bytes(frame):
            driver.say_raw(name, frame)
        case message:
            driver.say(name, message)


@pytest.mark.parametrize("how", ENDS)
def test_c1_however_a_session_ends_it_ends_once_and_nothing_but_a_goodbye_is_sent(how: str) -> None:
    driver = Driver(b"1", b"2", b"3")
    driver.join("a", slots=2)
    driver.read()
    driver.heard("a")
    driver.tick(BEAT)  # a ping is on its way
    end(driver, "a", how)
    for late in (Results(1, 0, 1, [b"late"]), Ready(ReadyInfo(slots=9)), VolunteerGoodbye("again"), Return((2,))):
        assert driver.say("a", late) == []
    assert driver.say_raw("a", b"") == driver.close("a") == driver.close("a") == []
    assert driver.tick(1000.0) == []
    assert hung_up(driver.said) == ["a"]
    broke_off = how in ("breaks the protocol", "speaks another version")
    assert [type(message) for message in driver.heard("a")] == ([ClientGoodbye] if broke_off else [])
    assert driver.coordinator.left == 1
    driver.disconnect("a")
    driver.join("b", slots=3)
    both = [[b"1"], [b"2"]]
    # What may have ended one volunteer is lent by itself.
    assert [lease.items for lease in driver.leases("b")] == (both[:1] if how == "closes" else both)


def test_c1_one_that_never_was_ready_is_not_counted_among_those_that_left() -> None:
    driver = Driver()
    driver.connect("a")
    driver.close("a")
    assert (hung_up(driver.said), driver.coordinator.left) == (["a"], 0)
    assert notices(driver.said, Level.EVENT) == []


def test_c1_a_goodbye_does_not_wait_for_the_rest_of_a_lease() -> None:
    driver = Driver(bytes(100_000).replace(b"\0", b"7"))
    driver.join("a")
    driver.heard("a")
    driver.read()
    assert driver.coordinator.next_frame("a", 0.0) is not None
    driver.finish(ClientGoodbye("stopped"))
    assert driver.heard("a") == [ClientGoodbye("stopped")]


def test_c1_a_lease_for_one_that_breaks_the_protocol_with_its_sign_of_life_goes_to_another() -> None:
    driver = Driver(b"1", b"2")
    driver.join("a")
    driver.read()
    driver.heard("a")
    driver.tick(BEAT)
    driver.tick(2 * BEAT)
    driver.join("b")
    assert driver.lease("b").items == [b"1"]
    driver.read()
    # Recovered, it would take the item that waits; and in the same frame it is over.
    driver.say_raw("a", b"")
    assert hung_up(driver.said) == ["a"]
    assert driver.coordinator.lender.lent == 1
    driver.answer("b", Lend(2, [b"1"]))
    assert driver.lease("b").items == [b"2"]


@pytest.mark.parametrize("how", ENDS)
def test_c2_the_end_of_one_changes_nothing_for_others_but_that_they_get_its_items(how: str) -> None:
    driver = Driver(b"1", b"2", b"3")
    driver.join("a", peer="here")
    driver.read()
    driver.join("b", peer="here", slots=2)
    driver.read()
    assert [lease.items for lease in driver.leases("b")] == [[b"2"], [b"3"]]
    end(driver, "a", how)
    assert hung_up(driver.said) == ["a"]
    driver.answer("b", Lend(2, [b"2"]))
    if how == "closes":  # what may have ended one volunteer is lent to one that has nothing else
        assert driver.leases("b") == []
        driver.answer("b", Lend(3, [b"3"]))
    assert driver.lease("b").items == [b"1"]


def test_c2_strange_frames_of_one_end_it_alone() -> None:
    driver = Driver(b"1")
    driver.join("good")
    driver.read()
    strange = [b"", b"\xff" * 4, b"\x21\0\0\0", b"\x20\0\0\0{}", b"\x02\0\0\0x", bytes(70_000)]
    for number, frame in enumerate(strange):
        driver.connect(f"bad {number}")
        driver.say_raw(f"bad {number}", frame)
    assert hung_up(driver.said) == [f"bad {number}" for number in range(len(strange))]
    driver.answer("good", driver.lease("good"))
    assert driver.output == [b"<1>"]


def test_c2_one_that_answers_for_another_changes_nothing_for_it() -> None:
    driver = Driver(b"1")
    driver.join("good")
    driver.read()
    driver.join("forger")
    lease = driver.lease("good")
    driver.say("forger", Results(lease.lease, 0, 1, [b"forged"]))
    driver.say("forger", Return((lease.lease,)))
    driver.answer("good", lease)
    assert driver.output == [b"<1>"]


def test_c3_what_an_instruction_leads_to_is_carried_out_after_those_that_were_there_before() -> None:
    driver = Driver(b"1", b"2", b"3")
    driver.join("slow")
    driver.read()
    driver.join("fast")
    driver.read()
    driver.answer("fast", driver.lease("fast"))
    driver.tick(10.0)
    driver.say("slow", Pong(bytes(8)))
    driver.heard("slow")
    copy = driver.lease("fast")
    assert copy.items == [b"1"]
    driver.read()
    # The copy is answered first. So `slow` has its lease withdrawn, would take something else than before, of which the
    # lender hears at once, and what is left goes to `fast`.
    said = driver.answer("fast", copy)
    assert isinstance(said[0], Write)
    assert list(said[0].results) == [b"<1>", b"<2>"]
    assert sorted(woken(said)) == ["fast", "slow"]
    assert [type(message) for message in driver.heard("slow")] == [Withdraw, Ping]
    assert driver.coordinator.lender.wants("slow") == (0, 1), "nothing before it is heard"
    assert driver.lease("fast").items == [b"3"]


def test_c3_each_instruction_is_given_once_and_results_come_before_the_end() -> None:
    driver = Driver(b"1", b"2")
    driver.join("a", slots=2)
    driver.read()
    for lease in driver.leases("a"):
        driver.answer("a", lease)
    driver.read()
    driver.write(2)
    kinds = [type(said) for said in driver.said if isinstance(said, (Read, Write, Finish))]
    assert kinds == [Read, Write, Read, Write, Finish]
    assert driver.output == [b"<1>", b"<2>"]


def test_c3_binary_results_are_converted_before_they_are_counted() -> None:
    driver = Driver(b"1", b"2", batch=2, binary=lambda value: value.hex().encode())
    driver.join("a")
    driver.read()
    lease = driver.lease("a")
    driver.say("a", Results(lease.lease, 0, 1, [b"\xff\xfe", b"text"], bytes([BINARY, RESULT])))
    assert driver.output == [b"fffe", b"text"]


def test_c4_what_came_with_a_wish_may_have_led_to_a_lease_already() -> None:
    driver = Driver(b"1", b"2", b"3")
    driver.join("a", slots=1)
    driver.read()
    [first] = driver.leases("a")
    driver.read()
    # The answer brings the next lease; what it would take as of then is one more, and no longer true.
    driver.answer("a", first)
    assert len(driver.leases("a")) == 1
    assert driver.coordinator.lender.wants("a") == driver.coordinator.volunteers["a"].session.wanted == (0, 1)


def test_c4_slots_that_come_and_go_are_what_the_lender_counts() -> None:
    driver = Driver()
    driver.join("a", slots=0)
    assert driver.coordinator.ready == 0
    for slots in (3, 0, 2):
        driver.say("a", Ready(ReadyInfo(slots=slots)))
        assert driver.coordinator.lender.wants("a") == (slots, 1)
        assert driver.coordinator.ready == (slots > 0)


def test_c4_a_suspect_that_is_heard_after_the_last_result_holds_nothing() -> None:
    driver = Driver(b"1")
    driver.join("hiccup")
    driver.read()
    driver.heard("hiccup")
    for beat in (1, 2):
        driver.tick(beat * BEAT)
    driver.join("good", slots=2)
    driver.answer("good", driver.lease("good"))
    driver.read()
    driver.write(1)
    assert driver.coordinator.lender.finished
    driver.say("hiccup", Pong(bytes(8)))
    assert driver.coordinator.volunteers["hiccup"].session.open_leases == {}


def test_c4_a_suspect_that_joins_only_now_is_no_suspect() -> None:
    driver = Driver(b"1")
    driver.connect("slow to load")
    for beat in (1, 2, 3):
        driver.tick(beat * BEAT)
    driver.say("slow to load", Ready(ReadyInfo(slots=1)))
    assert driver.coordinator.lender.suspects == set()
    driver.read()
    assert driver.lease("slow to load").items == [b"1"]


def test_its_repr_says_who_is_there() -> None:
    driver = Driver()
    driver.join("a")
    driver.say("a", Report(ReportInfo(items=1)))
    assert repr(driver.coordinator).startswith("<Coordinator 1 connected, 1 ready, <Lender 0 read")

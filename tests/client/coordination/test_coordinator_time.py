"""The promises of the coordinator about time, senders and the end of a run: C5, C7 and C8."""

from __future__ import annotations

from pando_client.coordination.coordinator import LENDER_TICK_SECONDS, NEVER
from pando_client.coordination.instructions import HangUp, Level
from pando_client.lending.instructions import Policy
from pando_client.session.liveness import GIVE_UP_AFTER_HEARTBEATS
from pando_shared.wire.codec import encode
from pando_shared.wire.messages import (
    ClientGoodbye,
    Hello,
    Ping,
    Pong,
    Ready,
    ReadyInfo,
)
from tests.support.coordinator_driver import Driver, hung_up, notices, woken
from tests.support.fake_time import World

BEAT = 2.5


def test_c5_its_sender_is_told_once_until_it_has_drained_what_there_is() -> None:
    driver = Driver(b"1", b"2", b"3")
    assert woken(driver.connect("a")) == ["a"], "of hello"
    assert woken(driver.say("a", Ready(ReadyInfo(slots=1)))) == [], "it was told and has not drained yet"
    assert [type(message) for message in driver.heard("a")] == [Hello, Ping]
    assert woken(driver.read()) == ["a"]
    assert driver.coordinator.next_frame("a", 0.0) is not None
    assert woken(driver.tick(BEAT)) == [], "it goes on draining"
    driver.heard("a")
    assert woken(driver.say("a", Pong(bytes(8)))) == [], "there is nothing to send"
    assert woken(driver.tick(2 * BEAT)) == ["a"]


def test_c5_a_withdrawal_wakes_the_sender_of_the_one_that_it_concerns() -> None:
    driver = Driver(b"1")
    driver.join("slow")
    driver.read()
    driver.heard("slow")
    driver.join("fast", slots=2)
    driver.tick(10.0)
    driver.say("slow", Pong(bytes(8)))
    driver.heard("slow")
    said = driver.answer("fast", driver.lease("fast"))
    assert woken(said) == ["slow"]


def test_c5_everybody_is_looked_at_also_one_that_bears_the_name_of_one_that_left() -> None:
    driver = Driver()
    for _ in range(5):
        driver.join("again")
        driver.leave("again")
    driver.join("again")
    driver.heard("again")
    driver.tick(BEAT)
    assert [type(message) for message in driver.heard("again")] == [Ping]
    driver.tick(2 * BEAT)
    assert driver.coordinator.lender.suspects == {"again"}


def test_c7_a_thousand_that_are_due_together_are_all_looked_at_and_each_once() -> None:
    driver = Driver()
    driver.checks = False
    for number in range(1000):
        driver.join(f"v{number}", peer="the same")
        driver.heard(f"v{number}")
    assert driver.coordinator.deadline == BEAT
    assert sorted(woken(driver.tick(BEAT))) == sorted(f"v{number}" for number in range(1000))
    assert all(len(driver.heard(f"v{number}")) == 1 for number in range(1000))
    assert driver.coordinator.deadline == 2 * BEAT
    assert len(notices(driver.tick(2 * BEAT), Level.EVENT)) == 1000
    assert driver.coordinator.ready == 0
    for number in range(1000):
        driver.say_raw(f"v{number}", encode(Pong(bytes(8))))
    assert driver.coordinator.ready == 1000
    driver.coordinator.check()


def test_c7_when_this_program_stood_still_for_an_hour_nobody_is_to_blame() -> None:
    driver = Driver(b"1", b"2")
    driver.join("a")
    driver.read()
    driver.connect("greeting")
    driver.heard("a")
    driver.heard("greeting")
    said = driver.tick(3600.0)
    assert sorted(woken(said)) == ["a", "greeting"], "each is asked at once whether it is there"
    assert driver.coordinator.lender.suspects == set()
    assert driver.coordinator.deadline <= 3600.0 + BEAT
    assert driver.heard("greeting") == [Ping((1).to_bytes(8, "little"))]
    driver.say("greeting", Ready(ReadyInfo(slots=1)))
    assert driver.coordinator.ready == 2, "the time that it has to be ready goes on where it stopped"


def test_c7_the_lender_is_looked_at_twice_a_second_while_anything_is_lent() -> None:
    driver = Driver(b"1")
    driver.join("a")
    assert driver.coordinator.deadline == BEAT
    driver.read()
    assert driver.coordinator.deadline <= LENDER_TICK_SECONDS
    driver.tick(0.4)
    assert driver.coordinator.deadline == 0.4 + LENDER_TICK_SECONDS
    driver.answer("a", driver.lease("a"))
    assert driver.coordinator.deadline == BEAT


def test_c7_with_nobody_there_is_nothing_to_look_at() -> None:
    driver = Driver()
    assert driver.coordinator.deadline == NEVER
    driver.join("a")
    driver.leave("a")
    driver.tick(1000.0)
    assert driver.coordinator.deadline == NEVER


def test_c7_one_that_is_silent_is_given_up_in_time() -> None:
    driver = Driver()
    driver.join("a")
    while not hung_up(driver.said):
        driver.tick(driver.coordinator.deadline)
    assert driver.now == GIVE_UP_AFTER_HEARTBEATS * BEAT
    assert driver.coordinator.volunteers["a"].session.silence(driver.now) == driver.now


def test_c8_after_the_end_everybody_is_told_goodbye_also_those_that_come_later() -> None:
    driver = Driver(b"1", b"2", b"3")
    driver.join("a", slots=2)
    driver.read()
    driver.connect("greeting")
    driver.join("suspect")
    for name in ("a", "greeting", "suspect"):
        driver.heard(name)
    goodbye = ClientGoodbye("stopped", "that is all")
    assert sorted(hung_up(driver.finish(goodbye))) == ["a", "greeting", "suspect"]
    assert hung_up(driver.connect("late")) == ["late"]
    for name in ("a", "greeting", "suspect", "late"):
        assert driver.heard(name) == [goodbye]
    assert (driver.coordinator.ready, driver.coordinator.deadline) == (0, NEVER)


def test_c8_after_the_end_nothing_is_lent_read_or_written_whatever_happens() -> None:
    driver = Driver(b"1", b"2", b"3", policy=Policy(window=1))
    driver.join("a", slots=2)
    driver.read()
    [lease] = driver.leases("a")
    driver.answer("a", lease)
    driver.finish()
    before = len(driver.said)
    driver.write(1)
    driver.answer("a", lease)
    driver.read()
    driver.tick(1000.0)
    driver.close("a")
    driver.disconnect("a")
    driver.join("late", slots=9)
    assert [type(said) for said in driver.said[before:]] == [HangUp]
    assert driver.finish(ClientGoodbye("stopped")) == []


def test_c8_what_is_read_or_written_while_the_run_ends_changes_nothing() -> None:
    for items, answered in ((8, False), (8, True), (0, False)):
        driver = Driver(*(b"%d" % number for number in range(items)), policy=Policy(window=4))
        driver.join("a", slots=4)
        if answered:
            driver.read()
            driver.answer("a", driver.leases("a")[0])
        driver.finish()
        lender = driver.coordinator.lender
        before = repr((lender, lender.leases, lender.finished))
        assert (driver.write(1) if answered else driver.read()) == []
        assert repr((lender, lender.leases, lender.finished)) == before


def test_c8_a_run_in_fake_time_ends_in_the_middle_of_its_leases() -> None:
    world = World(items=100, seed=1)
    for name in ("a", "b", "c"):
        world.join(name)
    world.advance(2.0)
    assert world.lender.lent
    world.goodbye()
    output = list(world.output)
    world.join("late")
    world.advance(100.0)
    assert (world.present, world.output, world.finish) == ([], output, None)
    assert all(isinstance(far.heard[-1], ClientGoodbye) for far in world.fars.values())

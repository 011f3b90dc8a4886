"""Volunteers that go without a goodbye, and items that everything waits for: what is said, and what follows."""

from __future__ import annotations

import pytest

from pando_client.coordination.instructions import GaveUp, Level
from pando_client.lending.instructions import OnError, Policy
from pando_client.session.session import SessionLimits
from pando_shared.wire.messages import Broken, ClientGoodbye, ErrorInfo, VolunteerGoodbye
from tests.support.coordinator_driver import Driver, notices

BEAT = 2.5
SKIP = Policy(on_error=OnError.SKIP)


def killed(driver: Driver, name: str) -> None:
    """It dies of whatever it holds."""
    assert driver.coordinator.volunteers[name].session.in_flight
    driver.leave(name)


def gave_up(driver: Driver) -> list[tuple[int, tuple[str, ...]]]:
    return [(said.failure.index, said.failure.volunteers) for said in driver.said if isinstance(said, GaveUp)]


def test_an_item_that_ends_three_volunteers_fails() -> None:
    driver = Driver(b"1", b"2", policy=SKIP)
    for name in ("a", "b", "c"):
        driver.join(name, device=f"phone {name}")
        driver.read() if name == "a" else None
        killed(driver, name)
    assert gave_up(driver) == [(0, ("a", "b", "c"))]
    assert [driver.coordinator.name_of(name) for name in ("a", "b", "c")] == ["phone a", "phone b", "phone c"]
    said = "phone a left (the connection was lost) while it was working on item 1"
    assert notices(driver.said, Level.EVENT)[1] == said


@pytest.mark.parametrize("way", ["left", "closed", "cannot load"])
def test_whoever_says_goodbye_was_not_ended_by_an_item(way: str) -> None:
    driver = Driver(b"1", b"2", policy=SKIP)
    for name in "abcdef":
        driver.join(name)
        driver.read() if name == "a" else None
        driver.say(name, Broken(ErrorInfo(message="no")) if way == "cannot load" else VolunteerGoodbye(way))
        driver.disconnect(name)
    assert gave_up(driver) == []
    assert "working on" not in str(notices(driver.said, Level.EVENT))


def test_a_silence_that_does_not_end_is_a_death() -> None:
    driver = Driver(b"1", policy=SKIP)
    driver.join("a")
    driver.read()
    for beat in range(1, 13):
        driver.tick(beat * BEAT)
    said = "the volunteer at a left (nothing was heard from it for 30 s) while it was working on item 1"
    assert said in notices(driver.said, Level.EVENT)


def test_the_volunteer_on_this_machine_is_complained_about() -> None:
    driver = Driver(*[b"%d" % number for number in range(9)], batch=3, policy=SKIP)
    driver.join("own", slots=2, kind="pipe")
    driver.read()
    driver.close("own")
    assert driver.coordinator.volunteers["own"].died_at_work
    assert driver.complaints == [
        "the volunteer on this machine ended while it was working on one of 6 items, from 1 on",
    ]


def test_one_that_was_idle_did_not_die_at_work() -> None:
    driver = Driver(b"1")
    driver.join("own", kind="pipe")
    driver.close("own")
    assert not driver.coordinator.volunteers["own"].died_at_work
    assert driver.complaints == []


def test_the_numbers_of_a_few_items_are_said() -> None:
    driver = Driver(b"1", b"2", b"3")
    driver.join("own", slots=3, kind="pipe")
    driver.read()
    driver.close("own")
    assert driver.complaints == ["the volunteer on this machine ended while it was working on item 1, 2 or 3"]


def test_a_page_that_comes_back_after_its_connection_was_lost_did_not_die() -> None:
    driver = Driver(b"1", b"2", policy=SKIP)
    for number in range(9):
        driver.join(f"phone {number}", life="a page")
        driver.read() if number == 0 else None
        killed(driver, f"phone {number}")
    assert gave_up(driver) == []
    driver.join("phone", life="a page")
    driver.answer("phone", driver.lease("phone"))
    assert driver.output == [b"<1>"]


def test_but_not_for_ever() -> None:
    driver = Driver(b"1", b"2", policy=SKIP)
    for number in range(10):
        driver.join(f"phone {number}", life="a page")
        driver.read() if number == 0 else None
        killed(driver, f"phone {number}")
    assert [index for index, _ in gave_up(driver)] == [0]


def test_a_page_that_comes_back_before_its_old_connection_is_given_up_takes_its_place() -> None:
    driver = Driver(b"1")
    driver.join("old", life="a page")
    driver.read()
    driver.join("new", life="a page")
    assert driver.heard("old")[-1] == ClientGoodbye("silent", "it is connected again")
    assert driver.coordinator.left == 1
    assert driver.lease("new").items == [b"1"]
    driver.disconnect("old")
    assert len(driver.coordinator.lender.outcomes.risks) == 0


def awaited(driver: Driver, until: float) -> list[str]:
    """Lets time pass in which all answer pings and nothing else."""
    while driver.now < until:
        driver.tick(driver.now + 1.0)
        for name, found in driver.coordinator.volunteers.items():
            found.session.receive(b"\x26\0\0\0{}", driver.now)
            driver.heard(name)
    return driver.complaints


HINT = "; --timeout=SECONDS limits the time of an item"


def test_what_everything_waits_for_is_said_after_a_minute() -> None:
    driver = Driver(b"1", b"2", policy=Policy(copies=False))
    driver.join("a", device="alice")
    driver.read()
    alone = ", and no other volunteer is here to try it"
    said = [f"item 1 has been at alice for {words} without a result" for words in ("60 s", "2 min", "4 min")]
    assert awaited(driver, 59.0) == []
    assert awaited(driver, 66.0) == [said[0] + alone + HINT]
    driver.join("b", device="bob")
    assert awaited(driver, 260.0) == [said[0] + alone + HINT, said[1] + HINT, said[2] + HINT]


def test_with_a_time_limit_it_is_said_when_that_is_long_over() -> None:
    driver = Driver(b"1", limits=SessionLimits(item_timeout=100.0))
    driver.join("own", kind="pipe")
    driver.read()
    assert awaited(driver, 159.0) == []
    assert awaited(driver, 170.0) == [
        "item 1 has been on this machine for 2 min without a result, and no other volunteer is here to try it"
    ]


@pytest.mark.parametrize("ordered", [True, False])
def test_without_an_order_nothing_waits_while_others_are_answered(ordered: bool) -> None:
    driver = Driver(*[b"%d" % number for number in range(900)], policy=Policy(ordered=ordered, copies=False))
    driver.join("a", device="alice")
    driver.read()
    driver.heard("a")
    driver.join("b", device="bob")
    driver.read()
    while driver.now < 130.0:
        driver.tick(driver.now + 1.0)
        for lease in driver.leases("b"):
            driver.answer("b", lease)
        driver.coordinator.volunteers["a"].session.receive(b"\x26\0\0\0{}", driver.now)
        driver.coordinator.volunteers["b"].session.receive(b"\x26\0\0\0{}", driver.now)
        driver.read() if driver.coordinator.lender.waiting == 0 and driver.items else None
    assert bool([said for said in driver.complaints if "item 1 has been at alice" in said]) == ordered

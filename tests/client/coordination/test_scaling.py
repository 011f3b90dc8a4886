"""What a stimulus costs the coordinator: the same with ten volunteers and with a thousand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pando_shared.wire.messages import Pong, Ready, ReadyInfo, Results, Return, VolunteerGoodbye
from tests.support.calls import count_calls
from tests.support.coordinator_driver import Driver

BEAT = 2.5


def crowd(count: int, silent: int) -> Driver:
    """Returns a client whose volunteers hold a lease each; `silent` of them are suspects, and others hold theirs too.

    The volunteer `last` came a little later than all others, so that it is looked at alone.
    """
    driver = Driver(*[b"%d" % number for number in range(2 * count + 10)])
    driver.checks = False
    for number in range(silent):
        join(driver, f"silent {number}")
    for beat in (1, 2):
        driver.tick(beat * BEAT)
    for number in range(count):
        join(driver, f"v{number}")
    driver.now += 0.1
    join(driver, "last")
    driver.tick(driver.now)  # so that the lender is not due
    return driver


def join(driver: Driver, name: str) -> None:
    driver.join(name)
    if driver.coordinator.volunteers[name].session.in_flight == 0:
        driver.read()
    driver.heard(name)


def held(driver: Driver) -> int:
    [lease] = driver.coordinator.volunteers["last"].session.open_leases
    return lease


STIMULI: dict[str, Callable[[Driver], object]] = {
    "results": lambda driver: driver.say("last", Results(held(driver), 0, 1, [b"<>"])),
    "a pong": lambda driver: driver.say("last", Pong((1).to_bytes(8, "little"))),
    "more slots": lambda driver: driver.say("last", Ready(ReadyInfo(slots=5))),
    "a lease back": lambda driver: driver.say("last", Return((held(driver),))),
    "goodbye": lambda driver: driver.say("last", VolunteerGoodbye("left")),
    "a breach": lambda driver: driver.say_raw("last", b""),
    "its channel closes": lambda driver: driver.close("last"),
    "one connects": lambda driver: driver.connect("next"),
    "a look at the clock": lambda driver: driver.tick(driver.now),
    "a look when something is lent": lambda driver: driver.tick(driver.now + 0.6),
}


@pytest.mark.parametrize("silent", [0, 1])
@pytest.mark.parametrize("stimulus", STIMULI)
def test_a_stimulus_costs_the_same_with_ten_volunteers_and_with_a_thousand(stimulus: str, silent: int) -> None:
    few, many = crowd(10, silent), crowd(1000, silent)
    few.coordinator.check()
    act = STIMULI[stimulus]
    assert count_calls(lambda: act(few)) == count_calls(lambda: act(many))
    few.coordinator.check()


def test_to_look_at_one_that_is_due_costs_the_same_with_ten_others_and_with_a_thousand() -> None:
    counts = []
    for others in (10, 1000):
        driver = Driver()
        driver.checks = False
        driver.join("first")
        driver.now = 1.0
        for number in range(others):
            driver.join(f"v{number}")
        counts.append(count_calls(lambda: driver.tick(BEAT)))  # noqa: B023 - called at once
        assert [driver.coordinator.deadline, len(driver.coordinator.volunteers)] == [1.0 + BEAT, others + 1]
    assert counts[0] == counts[1]

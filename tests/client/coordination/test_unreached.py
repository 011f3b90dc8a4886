"""Volunteers that could not be reached: how many, and when that is said."""

from __future__ import annotations

from pando_client.coordination.unreached import AGAIN_SECONDS, MAX_REMEMBERED, Unreached, who_offers

WHY = " could not be reached directly: "


def test_the_first_is_said_at_once_and_more_after_a_while() -> None:
    unreached = Unreached()
    assert unreached.due(0.0) is None
    unreached.failed("a")
    assert unreached.deadline == 0.0
    assert (unreached.due(5.0) or "").startswith(f"1 volunteer{WHY}")
    assert unreached.due(500.0) is None
    for who in "bab":
        unreached.failed(who)
    assert unreached.deadline == 5.0 + AGAIN_SECONDS
    unreached.failed("c")
    assert unreached.due(4.9 + AGAIN_SECONDS) is None
    said = unreached.due(5.0 + AGAIN_SECONDS) or ""
    assert said.startswith(f"3 volunteers{WHY}")
    assert "--ice-servers=turn:" in said
    assert repr(unreached) == "<Unreached 3, said 3>"


def test_one_that_is_reached_after_all_does_not_count() -> None:
    unreached = Unreached()
    unreached.failed("a")
    unreached.reached("a")
    unreached.reached("b")
    assert unreached.due(0.0) is None
    unreached.failed("a")
    assert unreached.due(0.0) is not None
    unreached.reached("a")
    unreached.failed("a")
    assert (unreached.due(1.0), unreached.deadline) == (None, AGAIN_SECONDS)
    assert (unreached.due(AGAIN_SECONDS) or "").startswith("1 volunteer ")


def test_what_is_remembered_is_bounded() -> None:
    unreached = Unreached()
    for number in range(2 * MAX_REMEMBERED):
        unreached.failed(str(number))
    assert (unreached.due(0.0) or "").startswith(f"1,000 volunteers{WHY}")


def test_a_volunteer_is_known_by_its_addresses() -> None:
    def offer(*addresses: str) -> str:
        lines = [f"a=candidate:1 1 udp 1 {address} {port} typ host" for port, address in enumerate(addresses)]
        return "\r\n".join(["v=0", *lines, "a=candidate:broken", ""])

    assert who_offers(offer("x.local", "192.0.2.1"), "id") == "192.0.2.1 x.local"
    assert who_offers(offer("192.0.2.1", "x.local", "x.local"), "other") == "192.0.2.1 x.local"
    assert who_offers(offer(), "id") == "id"

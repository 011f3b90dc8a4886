"""What speaks against items that may have ended a volunteer, and what does not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pando_client.lending.at_work import Begun
from pando_client.lending.leases import Leases
from pando_client.lending.risks import (
    DEATHS_REMEMBERED,
    EACH_ALONE,
    MAX_DEATHS,
    MAX_DEATHS_IN_ALL,
    MAX_DEATHS_UNPROVEN,
    Risks,
)


def begun(*indexes: int, alone: bool = False, lent_at: float = 0.0) -> Sequence[Begun]:
    """Items of one lease."""
    items = [b"x"] * (indexes[-1] + 1 - indexes[0])
    return [Begun(Leases().lend("v", indexes[0], items, lent_at, alone=alone), indexes)]


def test_an_item_fails_when_it_was_there_at_three_deaths_at_the_last_alone() -> None:
    risks = Risks()
    risks.died("a", begun(3, 4), 1.0)
    assert (3 in risks, 5 in risks, len(risks)) == (True, False, 2)
    risks.died("b", begun(3, 4), 1.0)
    risks.died("c", begun(3, 4), 1.0)
    assert not risks.is_fatal(3), "it was never alone"
    assert list(risks[3].deaths) == ["a", "b"]
    risks.died("d", begun(3, alone=True), 1.0)
    assert list(risks[3].deaths) == ["a", "b", "d"]
    assert (risks.is_fatal(3), risks.is_fatal(4)) == (True, False)
    assert repr(risks) == "<Risks, 2 items, 1 deaths by chance>"


def test_a_death_does_not_count_when_another_volunteer_has_died_by_chance_since_the_last_one() -> None:
    risks = Risks()
    risks.died("a", begun(3), 1.0)
    for number in range(MAX_DEATHS_IN_ALL - 1):
        assert not risks.is_fatal(3)
        risks.died(f"idle {number}", [], 1.0)
        risks.died(f"b{number}", begun(3, alone=True), 1.0)
    assert list(risks[3].deaths) == ["a"]
    assert risks.is_fatal(3), "nothing is lent for ever"


def test_deaths_of_other_items_at_risk_are_no_chance() -> None:
    risks = Risks()
    risks.died("a", begun(3, 4), 1.0)
    for name in "bcd":
        risks.died(f"{name}3", begun(3, alone=True), 1.0)
        risks.died(f"{name}4", begun(4, alone=True), 1.0)
    assert (len(risks[3].deaths), len(risks[4].deaths)) == (4, 4)


def test_what_died_alone_with_an_item_that_is_answered_died_by_chance() -> None:
    risks = Risks()
    risks.died("a", begun(3, 4), 1.0)
    risks.died("b", begun(3, alone=True), 1.0)
    risks.settled(3)
    risks.settled(3)
    risks.died("c", begun(4, alone=True), 1.0)
    assert list(risks[4].deaths) == ["a"]
    risks.died("d", begun(4, alone=True), 1.0)
    assert list(risks[4].deaths) == ["a", "d"]
    risks.forget(4)
    assert len(risks) == 0


def test_where_volunteers_die_by_themselves_more_deaths_are_needed() -> None:
    risks = Risks()
    assert risks.deaths_needed == MAX_DEATHS
    needed = []
    for number, deaths in enumerate([0] * 99 + [1] * 9 + [3] * 90):
        for death in range(deaths + 1):
            risks.died(f"{number} {death}", begun(number, alone=death > 0), 1.0)
        risks.settled(number)
        needed.append(risks.deaths_needed)
    assert (needed[98], needed[99], needed[107], needed[-1]) == (MAX_DEATHS, MAX_DEATHS, 4, MAX_DEATHS_IN_ALL)
    for death in range(MAX_DEATHS_IN_ALL):
        assert not risks.is_fatal(7) if death else 7 not in risks
        risks.died(f"{death}", begun(7, alone=True), 1.0)
    assert risks.is_fatal(7)


def test_who_comes_back_did_not_die_of_it() -> None:
    risks = Risks()
    for name in "abc":
        risks.died(name, begun(3, alone=True), 1.0)
    assert risks.is_fatal(3)
    risks.came_back("b")
    risks.came_back("b")
    risks.came_back("nobody")
    assert (risks[3].deaths, risks[3].times, risks.is_fatal(3)) == (("a", "c"), 3, False)
    risks.settled(3)
    risks.came_back("a")
    assert 3 not in risks


def test_only_so_many_that_died_can_come_back() -> None:
    risks = Risks()
    for number in range(DEATHS_REMEMBERED + 1):
        risks.died(f"{number}", begun(number), 1.0)
    risks.came_back("0")
    risks.came_back("1")
    assert [risks[number].deaths for number in (0, 1)] == [("0",), ()]


def test_what_silent_volunteers_hold_is_not_lent_if_it_could_fail_when_they_are_dead() -> None:
    risks = Risks()
    for name in ("a", "b"):
        risks.silent(name, begun(3), 5.0)
        assert risks[3].is_lendable
    risks.silent("c", begun(3), 5.0)
    assert not risks[3].is_lendable
    assert risks.heard("b") == []
    assert risks[3].is_lendable
    risks.silent("b", begun(3), 5.0)
    assert risks.heard("c") == []
    risks.died("c", begun(3), 1.0)
    assert (risks[3].deaths, risks[3].silent, risks[3].is_lendable) == (("c",), ("a", "b"), False)
    assert risks.heard("a") == risks.heard("b") == risks.heard("b") == []
    assert risks[3].is_lendable, "a death is not forgotten"


def test_nothing_speaks_against_what_a_silent_volunteer_held_when_it_is_heard() -> None:
    risks = Risks()
    risks.silent("a", begun(3, 4, 5), 5.0)
    risks.settled(4)
    risks.died("b", begun(4), 5.0)
    assert risks.heard("a") == [3, 5]
    assert (3 in risks, 4 in risks) == (False, True)


def test_the_longest_time_to_a_death_is_kept() -> None:
    risks = Risks()
    risks.silent("a", begun(3), 5.0)
    risks.heard("a")
    risks.died("a", begun(3, lent_at=1.0), 9.0)
    risks.died("b", begun(3, alone=True), 2.0)
    assert risks[3].seconds == 8.0


@pytest.mark.parametrize(("count", "together"), [(1, 1), (EACH_ALONE, 1), (EACH_ALONE + 1, 8), (10_000, 100)])
def test_many_that_come_to_be_at_risk_at_once_are_lent_in_groups_first(count: int, together: int) -> None:
    risks = Risks()
    risks.died("a", begun(*range(count)), 1.0)
    assert {risks[index].together for index in range(count)} == {together}
    risks.died("b", begun(*range(together), alone=True), 1.0)
    assert risks[0].together == 1
    risks.died("c", begun(0, alone=True), 1.0)
    assert len(risks[0].deaths) == MAX_DEATHS


def test_those_that_only_come_and_go_speak_against_nothing_after_the_first_death() -> None:
    risks = Risks()
    risks.died("new", begun(3), 1.0, unproven=True)
    assert risks[3].times == 1
    for number in range(MAX_DEATHS_UNPROVEN - 1):
        risks.died(f"new {number}", begun(3, alone=True), 1.0, unproven=True)
    assert (risks[3].times, risks.is_fatal(3)) == (1, False)
    risks.died("last", begun(3, alone=True), 1.0, unproven=True)
    assert risks.is_fatal(3), "it is not lent for ever"

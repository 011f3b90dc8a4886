"""What the lender does when volunteers go without a goodbye (P12). The rules are in `test_risks`."""

from __future__ import annotations

import random
from itertools import count

import pytest

from pando_client.lending.at_work import AtWork
from pando_client.lending.instructions import OnError, Policy
from pando_client.lending.lender import Lender
from pando_client.lending.risks import MAX_DEATHS, MAX_DEATHS_IN_ALL
from tests.support.lender_model import Shell


def shell(deadly: tuple[int, ...] = (), **policy: object) -> Shell:
    return Shell(Policy(**policy), {b"%d" % index for index in deadly})  # type: ignore[arg-type]


def read(s: Shell, total: int) -> None:
    """The input gives what it is asked for, so many items in all."""
    while s.asked:
        left = total - len(s.given)
        if left:
            s.read(left)
        else:
            s.end()


def work(s: Shell, names: list[str], leases: int = 2, items: int = 3, steps: int = 1000) -> int:
    """Lets these volunteers work; whoever dies comes again. Returns how many have died."""
    died = 0
    for step in range(steps):
        if s.finish:
            return died
        s.tick(s.now + 0.1)
        for name in names:
            if name not in s.here:
                died += step > 0
                s.join(name)
            s.want(name, max(0, leases - len(s.of(name))), items)
            read(s, 50)
        for name in names:
            for lease in s.of(name)[:1]:
                s.answer(lease, count=1)
            s.write()
    raise AssertionError(s.lender)


@pytest.mark.parametrize("names", [["only"], ["a", "b"], ["a", "b", "c", "d", "e"]])
def test_p12_an_item_that_ends_volunteers_fails_after_three_of_them(names: list[str]) -> None:
    s = shell(deadly=(7,), on_error=OnError.SKIP)
    assert work(s, names) == MAX_DEATHS
    assert [failure.index for failure in s.gave_up] == [7]
    assert s.gave_up[0].deaths == MAX_DEATHS
    assert len(s.output) == 49
    assert len(s.lender.outcomes.risks) == 0


def test_p12_with_stop_it_ends_the_run_after_what_comes_before_it() -> None:
    s = shell(deadly=(7, 20))
    assert work(s, ["a", "b", "c"]) <= 2 * MAX_DEATHS
    assert s.finish is not None
    assert s.finish.failure is not None
    assert (s.finish.failure.index, s.finish.failure.item, s.finish.failure.error) == (7, b"7", b"")
    assert s.output == [b"<%d>" % index for index in range(7)]


def test_p12_several_of_them_fail_one_by_one_and_all_others_are_answered() -> None:
    s = shell(deadly=(0, 1, 2, 30, 49), on_error=OnError.SKIP)
    work(s, ["a", "b", "c"])
    assert sorted(failure.index for failure in s.gave_up) == [0, 1, 2, 30, 49]
    assert len(s.output) == 45


def test_p12_an_item_at_risk_is_with_a_volunteer_that_holds_nothing_else() -> None:
    s = shell()
    s.join("a", leases=1, items=2)
    s.read(2)
    s.join("b", leases=2, items=1)
    s.read(2)
    s.die("a")
    assert len(s.of("b")) == 2
    s.want("b", 1, 5)
    assert len(s.of("b")) == 2, "it finishes what it holds"
    s.join("c", leases=1, items=5)
    assert [list(s.leases[lease].items) for lease in s.of("c")] == [[b"0"]]
    for lease in s.of("b"):
        s.answer(lease)
    s.want("b", 2, 5)
    assert [list(s.leases[lease].items) for lease in s.of("b")] == [[b"1"]]
    s.answer(s.of("b")[0])
    assert s.lender.wants("b") == (2, 5)
    assert "b" in s.lender.demand


def test_p12_one_that_holds_nothing_does_not_wait_for_those_that_finish_what_they_hold() -> None:
    s = shell()
    s.join("a", leases=1, items=1)
    s.read(1)
    s.join("b", leases=2, items=1)
    s.read(2)
    s.die("a")
    s.want("b", 1, 1)
    assert "b" not in s.lender.demand
    s.join("c", leases=1, items=1)
    assert [list(s.leases[lease].items) for lease in s.of("c")] == [[b"0"]]
    assert "b" in s.lender.demand


def test_p12_what_had_not_begun_is_lent_as_ever() -> None:
    s = shell()
    s.join("a", leases=4, items=2)
    s.read(8)
    s.leases.clear()
    s.carry_out(s.lender.died("a", 9.0, AtWork(cores=1, item_seconds=9.0, heard_at=9.0)))
    assert (list(s.lender.ledger.at_risk), len(s.lender.ledger.waiting)) == ([0, 2], 6)


def test_p12_one_reserved_for_an_item_that_somebody_else_answers_has_its_turn_again() -> None:
    s = shell()
    s.join("silent", leases=1, items=1)
    s.read(1)
    s.join("b", leases=2, items=1)
    s.read(2)
    s.suspect("silent")
    s.want("b", 1, 1)
    assert "b" not in s.lender.demand
    s.answer(1)
    assert "b" in s.lender.demand


def test_p12_one_reserved_that_would_take_nothing_is_not_waited_for() -> None:
    s = shell()
    s.join("a", leases=1, items=1)
    s.read(1)
    s.join("b", leases=2, items=1)
    s.read(2)
    s.die("a")
    s.want("b", 1, 1)
    s.want("b", 0, 1)
    for lease in s.of("b"):
        s.answer(lease)
    s.join("c", leases=1, items=1)
    assert [list(s.leases[lease].items) for lease in s.of("c")] == [[b"0"]]


def test_p12_what_is_lent_alone_to_one_that_does_nothing_is_copied_alone_and_later() -> None:
    s = shell()
    s.join("a", leases=1, items=1)
    s.read(1)
    s.now = 20.0
    s.die("a")
    s.join("hole", leases=1, items=1)
    s.end()
    s.join("good", leases=2, items=1)
    s.tick(20.0 + 2 * 20.0 - 1)
    assert s.of("good") == [], "it may take as long as it did before somebody died of it"
    s.tick(20.0 + 2 * 20.0)
    [lease] = s.of("good")
    assert s.leases[lease].copy
    assert "good" not in s.lender.demand
    s.answer(lease)
    s.write()
    assert s.finish is not None
    assert s.of("hole") == []


def test_p12_a_busy_volunteer_finishes_before_it_runs_such_a_copy() -> None:
    s = shell()
    s.join("a", leases=1, items=1)
    s.read(1)
    s.die("a")
    s.join("hole", leases=1, items=1)
    s.join("good", leases=2, items=1)
    s.read(2)
    s.tick(30.0)
    s.want("good", 1, 1)
    s.tick(60.0)
    assert [s.leases[lease].items[0] for lease in s.of("good")] == [b"1", b"2"]
    s.tick(60.5)
    for lease in s.of("good"):
        s.answer(lease)
    assert [s.leases[lease].items[0] for lease in s.of("good")] == [b"0"]


def test_p12_a_large_lease_of_quick_items_is_looked_through_quickly() -> None:
    s = shell(deadly=(9000,), on_error=OnError.SKIP, window=20_000)
    s.join("a", leases=1, items=10_000)
    s.read(10_000)
    s.end()
    s.answer(1, count=10)
    s.answer(1)
    s.answer(1)
    before = len(s.lent_order)
    for name in (f"b{number}" for number in count()):
        if s.finish:
            break
        s.join(name, leases=1, items=10_000)
        while s.of(name):
            s.answer(s.of(name)[0])
            if name in s.here:
                s.want(name, 1, 10_000)
            s.write()
    assert [(failure.index, failure.deaths) for failure in s.gave_up] == [(9000, MAX_DEATHS)]
    assert len(s.lent_order) - before < 300, "not one by one"


@pytest.mark.parametrize("seed", range(8))
def test_p12_volunteers_that_die_by_chance_make_no_item_fail(seed: int) -> None:
    """Items take as long as half of the volunteers live, which is worse than anything that people run."""
    draw = random.Random(seed)
    names = [f"v{number}" for number in range(8)]
    s = shell(on_error=OnError.SKIP)
    for _ in range(20_000):
        if s.finish:
            break
        s.tick(s.now + 1.0)
        for name in names:
            if name not in s.here:
                s.join(name, leases=2, items=1)
                continue
            s.want(name, 2 - len(s.of(name)), 1)
            read(s, 200)
            if draw.random() < 0.05:
                s.die(name)
            elif draw.random() < 0.1 and s.of(name):
                s.answer(s.of(name)[0])
        s.write()
    assert s.finish is not None
    assert s.gave_up == []
    assert len(s.output) == 200


def test_p12_one_reserved_for_a_copy_gets_the_item_itself_if_its_holder_has_fallen_silent() -> None:
    s = shell()
    s.join("a", leases=1, items=1)
    s.read(1)
    s.die("a")
    s.join("hole", leases=1, items=1)
    s.join("busy", leases=2, items=1)
    s.read(2)
    s.want("busy", 1, 1)
    s.tick(30.0)
    assert len(s.of("busy")) == 2, "it finishes what it holds"
    s.suspect("hole")
    for lease in s.of("busy"):
        s.answer(lease)
    [lease] = s.of("busy")
    assert (s.leases[lease].items, s.leases[lease].copy) == ([b"0"], False)


def test_p12_a_crowd_that_comes_and_goes_makes_no_item_fail() -> None:
    lender = Lender(Policy())
    new = AtWork(1, 0.0, 0.0, is_new=True)
    for name in ("honest", "crowd 0"):
        lender.join(name)
        lender.want(name, 1, 1, 0.0)
    lender.read([b"1", b"2"], 0.0)
    lender.results("honest", 1, 0, [b"1"], None, 0.0)
    for number in range(1, 3 * MAX_DEATHS_IN_ALL):
        lender.died(f"crowd {number - 1}", 0.0, new)
        lender.join(f"crowd {number}")
        lender.want(f"crowd {number}", 1, 1, 0.0)
    assert lender.failure is None
    assert lender.outcomes.risks[1].times == 1

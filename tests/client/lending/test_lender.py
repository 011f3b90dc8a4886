"""The promises of the lender, one by one. `test_lender_machine` tries them all together."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest

from pando_client.lending.conduct import UNPRODUCTIVE_LEASES
from pando_client.lending.instructions import Lend, OnError, Policy
from pando_client.lending.lender import Lender
from pando_client.lending.selection import LOOKED_AT
from pando_shared.wire.messages import DECLINED, ERROR, RESULT
from tests.support.lender_model import Shell, result_of


def shell(**policy: Any) -> Shell:
    return Shell(Policy(**policy))


def test_p1_nothing_is_read_while_nobody_can_take_it() -> None:
    s = shell()
    assert s.asked == 0
    s.join("a")
    assert s.asked == 0
    s.want("a", 2, 3)
    assert s.asked == 6


def test_p1_no_more_is_read_than_the_window() -> None:
    s = shell(window=10)
    s.join("a", leases=100, items=10)
    assert s.asked == 10
    s.read(10)
    assert s.asked == 0
    s.answer(1)
    assert s.asked == 0, "answered is not written"
    s.write()
    assert s.asked > 0


def test_p2_results_come_out_in_input_order() -> None:
    s = shell()
    s.join("a", leases=1, items=2)
    s.read(2)
    s.join("b", leases=1, items=2)
    s.read(2)
    s.answer(2)
    s.write()
    assert s.output == []
    s.answer(1)
    s.write()
    assert s.output == [b"<0>", b"<1>", b"<2>", b"<3>"]


def test_p3_late_double_unknown_and_foreign_answers_change_nothing() -> None:
    s = shell()
    s.join("a", leases=1, items=2)
    s.join("b")
    s.read(2)
    before = repr(s.lender)
    s.carry_out(s.lender.results("b", 1, 0, [b"forged", b"forged"], None, s.now))
    s.carry_out(s.lender.results("a", 99, 0, [b"unknown"], None, s.now))
    s.carry_out(s.lender.results("a", 1, 1, [b"skips one"], None, s.now))
    s.carry_out(s.lender.results("a", 1, 0, [b"too", b"many", b"values"], None, s.now))
    s.carry_out(s.lender.results("nobody", 1, 0, [b"x"], None, s.now))
    assert repr(s.lender) == before
    s.answer(1)
    s.carry_out(s.lender.results("a", 1, 0, [b"double", b"double"], None, s.now))
    s.write()
    assert s.output == [b"<0>", b"<1>"]


def test_p3_the_first_answer_counts_when_a_suspect_comes_back() -> None:
    s = shell()
    s.join("a", leases=1, items=4)
    s.read(4)
    s.suspect("a")
    s.join("b", leases=1, items=4)
    assert s.lent_order[1].items == [b"0"]
    s.answer(1, count=2)
    assert s.of("b") == []
    s.carry_out(s.lender.results("b", 2, 0, [b"late"], None, s.now))
    for _ in range(2):
        s.want("b", 1, 4)
        s.answer(s.of("b")[0])
    s.write()
    assert s.output == [b"<0>", b"<1>", b"<2>", b"<3>"]


def test_p4_what_a_volunteer_held_is_lent_again_lowest_first() -> None:
    s = shell()
    s.join("a", leases=2, items=2)
    s.join("b")
    s.read(4)
    s.answer(1, count=1)
    s.leave("a")
    assert s.lender.waiting == 3
    s.want("b", 3, 10)
    assert [item for lend in s.lent_order[2:] for item in lend.items] == [b"1", b"2", b"3"]


def test_p4_a_suspects_items_are_lent_again_and_come_back_to_it_if_nobody_took_them() -> None:
    s = shell()
    s.join("a", leases=1, items=3)
    s.read(3)
    s.suspect("a")
    assert (s.lender.waiting, s.lender.lent) == (3, 0)
    s.carry_out(s.lender.recover("a", s.now))
    assert (s.lender.waiting, s.lender.lent) == (0, 3)
    s.answer(1)
    s.end()
    s.write()
    assert s.output == [b"<0>", b"<1>", b"<2>"]


def test_p4_handed_back_leases_wait_again() -> None:
    s = shell()
    s.join("a", leases=2, items=1)
    s.read(2)
    s.hand_back("a", [1, 2, 77])
    assert s.lender.waiting == 2


def test_p5_volunteers_come_after_the_last_item() -> None:
    s = shell()
    s.join("a", leases=5, items=1)
    s.read(1)
    s.end()
    s.answer(1)
    s.join("b", leases=1, items=1)
    s.write()
    assert s.finish is not None
    s.join("c", leases=1)
    s.leave("b")


def test_p6_whoever_wants_more_gets_more() -> None:
    s = shell()
    s.join("slow", leases=1, items=1)
    s.join("fast", leases=1, items=3)
    for _ in range(50):
        while s.asked:
            s.read(s.asked)
        for name, items in (("slow", 1), ("fast", 3)):
            for lease in s.of(name):
                s.answer(lease)
            s.want(name, 1, items)
    got = {"slow": 0, "fast": 0}
    for lend in s.lent_order:
        got[lend.volunteer] += len(lend.items)
    assert got["fast"] > 2 * got["slow"]


def test_p6_few_items_are_shared_out_among_the_hungry() -> None:
    s = shell(window=4)
    s.join("a", leases=1, items=1)
    s.read(1)
    s.answer(1)
    s.want("a", 1, 100)
    s.want("b", 1, 100)
    s.join("b", leases=1, items=100)
    s.read(4)
    assert [len(lend.items) for lend in s.lent_order[1:]] == [2, 1]


def test_p6_one_on_which_an_item_failed_has_its_turn_again_when_another_has_taken_the_item() -> None:
    s = shell()
    s.join("a", leases=5, items=1)
    s.read(1)
    s.join("b")
    s.answer(1, kinds=bytes([ERROR]))
    s.want("b", 100, 1)
    [lease] = s.of("b")
    s.answer(lease)
    for _ in range(8):  # the input is slow: an item at a time, and both would take more
        s.read(1)
    assert (len(s.of("a")), len(s.of("b"))) == (4, 4)


def test_p8_items_in_trouble_beyond_those_that_are_looked_at_come_near_when_those_before_them_go() -> None:
    s = shell()
    s.join("a", leases=1, items=LOOKED_AT)
    s.read(LOOKED_AT)
    s.join("b", leases=1, items=1)
    s.read(1)
    [failing] = s.of("b")
    s.answer(failing, kinds=bytes([ERROR]))
    s.answer(1, kinds=bytes([DECLINED] * LOOKED_AT))
    s.want("a", 1, 1)
    assert s.of("a") == [], "it has declined all that is looked at"
    s.join("c", leases=1, items=LOOKED_AT)
    [lease] = s.of("a")
    assert s.leases[lease].items == [b"%d" % LOOKED_AT]


def test_p7_an_item_is_with_one_volunteer_at_a_time() -> None:
    s = shell()
    s.join("a", leases=1, items=5)
    s.join("b", leases=1, items=5)
    s.read(10)
    lent = [item for lend in s.lent_order for item in lend.items]
    assert len(lent) == len(set(lent))


def test_p8_leaving_does_not_count_as_an_attempt() -> None:
    s = shell(retries=1)
    for i in range(20):
        s.join(f"v{i}", leases=1)
        if i == 0:
            s.read(1)
        s.leave(f"v{i}")
    assert s.lender.waiting == 1
    assert s.finish is None


def test_p8_a_failing_item_is_tried_on_another_volunteer() -> None:
    s = shell(retries=3)
    s.join("a", leases=1)
    s.read(1)
    s.join("b")
    s.answer(1, kinds=bytes([ERROR]))
    s.want("a", 1, 1)
    assert s.leases == {}
    s.want("b", 1, 1)
    assert s.of("b") == [2]
    s.leave("b")
    assert s.of("a") == [3], "nobody else is left"


@pytest.mark.parametrize("on_error", OnError)
def test_p8_after_the_retries_the_policy_decides(on_error: OnError) -> None:
    s = shell(retries=2, on_error=on_error)
    s.join("a", leases=9, items=1)
    s.read(3)
    s.end()
    s.answer(2, kinds=bytes([ERROR]))
    s.answer(3)
    s.answer(max(s.leases), kinds=bytes([ERROR]))
    s.write()
    assert s.finish is None, "what comes before it is finished first"
    s.answer(1)
    s.write()
    assert s.finish is not None
    if on_error is OnError.STOP:
        assert s.output == [b"<0>"]
        assert s.finish.failure is not None
        assert (s.finish.failure.index, s.finish.failure.item, s.finish.failure.volunteers) == (1, b"1", ("a", "a"))
    else:
        assert s.output == [b"<0>", b"<2>"]
        assert (s.lender.outcomes.failed, s.lender.outcomes.failed_count) == ([1], 1)


def test_p8_after_a_failure_what_comes_after_it_is_withdrawn_and_nothing_more_is_read() -> None:
    s = shell(retries=1)
    s.join("a", leases=3, items=1)
    s.read(3)
    s.answer(2, kinds=bytes([ERROR]))
    assert s.of("a") == [1]
    s.want("a", 5, 5)
    assert s.asked == 0
    assert s.of("a") == [1]


def test_p8_the_lowest_failure_counts() -> None:
    s = shell(retries=1)
    s.join("a", leases=3, items=1)
    s.read(3)
    s.answer(2, kinds=bytes([ERROR]))
    s.answer(1, kinds=bytes([ERROR]))
    assert s.finish is not None
    assert s.finish.failure is not None
    assert s.finish.failure.index == 0


def test_p8_a_declined_item_goes_to_another_and_no_attempt_is_counted() -> None:
    s = shell(retries=1)
    s.join("a", leases=1)
    s.read(1)
    s.answer(1, kinds=bytes([DECLINED]))
    s.want("a", 1, 1)
    assert s.of("a") == []
    assert s.lender.declined_by_all == 0
    s.join("b")
    assert s.lender.declined_by_all is None
    s.want("b", 1, 1)
    s.answer(max(s.leases))
    s.write()
    assert s.output == [b"<0>"]


def test_p8_answers_of_one_lease_may_be_of_several_kinds() -> None:
    s = shell(retries=2)
    s.join("a", leases=1, items=4)
    s.read(4)
    s.answer(1, kinds=bytes([RESULT, ERROR, DECLINED, RESULT]))
    s.write()
    assert s.output == [b"<0>"]
    s.join("b", leases=5, items=5)
    s.answer(2)
    s.answer(3)
    s.write()
    assert s.output == [b"<0>", b"<1>", b"<2>", b"<3>"]


def test_p9_held_back_results_are_bounded_by_the_window() -> None:
    s = shell(window=100)
    s.join("stuck", leases=1, items=1)
    s.read(1)
    s.join("a", leases=1, items=10)
    for _ in range(1000):
        if s.asked:
            s.read(s.asked)
        for lease in s.of("a"):
            s.answer(lease)
        s.want("a", 1, 10)
    assert s.lender.held_back <= 100
    assert s.lender.read_count == 100


def test_p9_no_more_is_read_while_what_is_held_takes_its_memory() -> None:
    s = shell(memory=1000)
    s.join("a", leases=100, items=1)
    s.read(20)
    assert s.asked == 0, "twenty items of 65 bytes and more"
    for lease in sorted(s.leases):
        s.answer(lease)
    assert s.asked == 0, "their results are not written"
    s.write(5)
    s.want("a", 1, 1)
    assert s.asked == 0
    s.write()
    assert s.asked == 1


def test_p10_a_straggler_gets_a_copy_on_an_idle_slot_and_the_first_answer_wins() -> None:
    s = shell()
    s.join("slow", leases=1, items=2)
    s.read(2)
    s.end()
    s.join("idle", leases=1, items=5)
    s.tick(9.0)
    assert s.of("idle") == []
    s.tick(10.0)
    [copy] = s.of("idle")
    s.answer(copy, count=1)
    s.answer(copy)
    assert s.of("slow") == [], "withdrawn: nothing of it is wanted any more"
    s.write()
    assert s.output == [b"<0>", b"<1>"]
    assert s.finish is not None


def test_p10_the_original_may_win_as_well_and_the_copy_is_withdrawn() -> None:
    s = shell()
    s.join("slow", leases=1, items=1)
    s.read(1)
    s.join("idle", leases=1, items=5)
    s.tick(10.0)
    s.tick(20.0)
    assert len(s.of("idle")) == 1, "one copy is enough"
    s.answer(s.of("slow")[0])
    assert s.of("idle") == []


def test_p10_what_is_typical_decides_what_is_late() -> None:
    s = shell()
    s.join("a", leases=1, items=1)
    s.read(1)
    s.tick(100.0)
    s.answer(1)
    s.want("a", 1, 1)
    s.read(1)
    s.join("idle", leases=1, items=1)
    s.end()
    s.tick(350.0)
    assert s.of("idle") == [], "the first one took a hundred seconds"
    s.tick(400.0)
    assert len(s.of("idle")) == 1


def test_p10_a_lease_that_results_wait_for_is_copied_before_other_work() -> None:
    s = shell()
    s.join("black hole", leases=1, items=1)
    s.read(1)
    s.join("busy", leases=1, items=1)
    for second in range(1, 30):
        while s.asked:
            s.read(1)
        for lease in s.of("busy"):
            s.answer(lease)
        s.tick(float(second))
        s.want("busy", 1, 1)
        s.write()
        if s.output:
            break
    assert s.output[0] == b"<0>"
    assert s.finish is None, "there is other work"


def test_a_volunteer_that_never_answers_is_quarantined_when_others_did_its_work() -> None:
    s = shell()
    s.join("black hole")
    s.join("busy")
    for second in (10.0, 20.0, 30.0):
        assert s.quarantined == [], "to be late with five at once is one fault"
        s.want("black hole", 5, 1)
        s.read(5)
        s.want("busy", 5, 1)
        s.tick(second)
        for lease in s.of("busy"):
            s.answer(lease)
    assert s.quarantined == ["black hole"]


def test_a_volunteer_that_fails_where_others_succeed_is_quarantined_and_a_success_clears_it() -> None:
    s = shell(retries=5)
    s.join("broken", leases=8, items=1)
    s.read(8)
    s.join("fine")

    def fail(*leases: int) -> None:
        for lease in leases:
            s.answer(lease, kinds=bytes([ERROR]))
        s.want("fine", len(leases), 1)
        for lease in s.of("fine"):
            s.answer(lease)

    fail(1, 2)
    s.answer(3)
    fail(4, 5)
    assert s.quarantined == [], "it succeeded in between"
    fail(6)
    assert s.quarantined == ["broken"]


def test_declined_items_are_lent_together_and_failed_ones_each_alone() -> None:
    s = shell()
    s.join("a", leases=1, items=6)
    s.read(6)
    s.answer(1, kinds=bytes([DECLINED, DECLINED, ERROR, DECLINED, DECLINED, RESULT]))
    s.join("b", leases=3, items=10)
    assert [len(lend.items) for lend in s.lent_order[1:]] == [2, 1, 2], "in equal shares"
    s.leave("b")
    s.join("c", leases=1, items=10)
    assert s.lent_order[-1].items == [b"0", b"1"]
    for lease in s.of("c"):
        s.answer(lease)
    s.want("c", 2, 10)
    assert [lend.items for lend in s.lent_order[-2:]] == [[b"2"], [b"3", b"4"]]
    for lease in s.of("c"):
        s.answer(lease)
    s.end()
    s.write()
    assert s.output == [b"<%d>" % n for n in range(6)]
    assert s.finish is not None
    assert s.quarantined == []


def test_a_lease_of_declined_items_is_cut_by_bytes_too() -> None:
    s = shell()
    s.join("a", leases=1, items=3)
    s.asked = 0
    s.given += (big := [bytes([65 + i]) * 700_000 for i in range(3)])
    s.carry_out(s.lender.read(big, s.now))
    for lease in (1, 2, 3):
        s.answer(lease, kinds=bytes([DECLINED]))
        s.want("a", 1, 3)
    s.join("b", leases=1, items=3)
    assert [len(lend.items) for lend in s.lent_order] == [1, 1, 1, 1]


def give_back(s: Shell, how: str, times: int, *names: str) -> None:
    """These get and give back one item each, so many times, while `good` does one."""
    for _ in range(times):
        for name in names:
            s.want(name, 1, 1)
            s.read(1) if s.asked else None
            for lease in s.of(name):
                s.answer(lease, kinds=bytes([DECLINED])) if how == "declines" else s.hand_back(name, [lease])
        if "good" in s.here:
            s.want("good", 1, 1)
            s.read(1) if s.asked else None
            for lease in s.of("good"):
                s.answer(lease)
        s.write()


@pytest.mark.parametrize("how", ["declines", "hands back"])
def test_one_that_gives_back_everything_while_others_work_is_quarantined(how: str) -> None:
    s = shell()
    s.join("idler")
    s.join("good")
    give_back(s, how, 2 * UNPRODUCTIVE_LEASES, "idler")
    assert s.quarantined == []
    give_back(s, how, 1, "idler")
    assert s.quarantined == ["idler"]


@pytest.mark.parametrize("how", ["declines", "hands back"])
def test_when_all_give_back_everything_nobody_is_quarantined(how: str) -> None:
    s = shell()
    s.join("a")
    s.join("b")
    give_back(s, how, 100, "a", "b")
    assert s.quarantined == []


def test_one_that_gives_back_nearly_everything_stays() -> None:
    s = shell()
    s.join("choosy")
    s.join("good")
    for _ in range(5):
        give_back(s, "declines", 2 * UNPRODUCTIVE_LEASES - 1, "choosy")
        s.want("choosy", 1, 1)
        s.read(1) if s.asked else None
        for lease in s.of("choosy"):
            s.answer(lease)
    assert s.quarantined == []


def test_p10_copies_go_on_where_the_last_one_ended_whatever_the_copier_takes() -> None:
    s = shell()
    s.join("silent", leases=1, items=5)
    s.read(5)
    s.end()
    s.join("one by one")
    for second in range(10, 40):
        s.want("one by one", 1, 1)
        s.tick(float(second))
        for lease in s.of("one by one"):
            s.answer(lease)
        s.write()
    assert s.output == [b"<0>", b"<1>", b"<2>", b"<3>", b"<4>"]
    assert s.finish is not None


def test_a_volunteer_that_loses_against_a_suspect_that_came_back_is_not_blamed() -> None:
    s = shell()
    s.join("hiccup", leases=3, items=1)
    s.read(3)
    s.suspect("hiccup")
    s.join("good", leases=3, items=1)
    s.carry_out(s.lender.recover("hiccup", s.now))
    for lease in s.of("hiccup"):
        s.answer(lease)
    assert s.of("good") == []
    assert s.quarantined == []


def test_a_suspect_that_comes_back_is_told_what_others_have_done() -> None:
    s = shell()
    s.join("hiccup", leases=1, items=2)
    s.read(2)
    s.suspect("hiccup")
    s.join("good")
    for _ in range(2):
        s.want("good", 1, 2)
        s.answer(s.of("good")[0])
    s.carry_out(s.lender.recover("hiccup", s.now))
    assert s.of("hiccup") == []


def test_a_suspect_with_a_large_lease_comes_back_without_delay() -> None:
    s = Lender(Policy())
    s.join("a")
    s.want("a", 8, 16_384, 0.0)
    s.read([b"x"] * 131_072, 0.0)
    s.suspect("a", 0.0)
    began = perf_counter()
    s.recover("a", 0.0)
    assert perf_counter() - began < 5.0, "it takes milliseconds, not minutes"
    assert (s.waiting, s.lent) == (0, 131_072)


def test_p10_a_copy_with_one_that_does_nothing_either_is_not_the_last() -> None:
    s = shell()
    s.join("hole", leases=1, items=1)
    s.read(1)
    s.end()
    s.join("another hole", leases=1, items=1)
    s.tick(10.0)
    assert len(s.of("another hole")) == 1
    s.join("good", leases=1, items=1)
    s.tick(11.0)
    assert s.of("good") == []
    s.tick(30.0)
    [lease] = s.of("good")
    s.answer(lease)
    s.write()
    assert s.finish is not None


def test_p10_copies_can_be_turned_off() -> None:
    s = shell(copies=False)
    s.join("slow", leases=1, items=1)
    s.read(1)
    s.join("idle", leases=1, items=5)
    s.tick(1000.0)
    assert s.of("idle") == []


def test_p10_the_holder_of_a_copy_leaves_and_the_original_goes_on() -> None:
    s = shell()
    s.join("slow", leases=1, items=1)
    s.read(1)
    s.join("idle", leases=1, items=5)
    s.tick(10.0)
    s.leave("idle")
    assert (s.lender.waiting, s.lender.lent) == (0, 1)
    s.join("next", leases=1, items=5)
    s.tick(11.0)
    assert len(s.of("next")) == 1


def test_unordered_results_come_out_as_they_come() -> None:
    s = shell(ordered=False)
    s.join("a", leases=3, items=1)
    s.read(3)
    s.end()
    for lease in (3, 1, 2):
        s.answer(lease)
        s.write()
    assert s.output == [b"<2>", b"<0>", b"<1>"]
    assert s.finish is not None


def test_unordered_a_failure_stops_at_once() -> None:
    s = shell(ordered=False, retries=1)
    s.join("a", leases=3, items=1)
    s.read(3)
    s.answer(3)
    s.answer(2, kinds=bytes([ERROR]))
    assert s.leases == {}
    s.write()
    assert s.output == [b"<2>"]
    assert s.finish is not None
    assert s.finish.failure is not None
    assert s.finish.failure.index == 1


def test_a_lease_is_cut_by_bytes_too() -> None:
    s = shell()
    s.join("a", leases=2, items=100)
    s.asked = 0
    big = [bytes([65 + i]) * 400_000 for i in range(6)]
    s.given += big
    s.carry_out(s.lender.read(big, s.now))
    assert [len(lend.items) for lend in s.lent_order] == [2, 2]


def test_p11_the_job_ends_when_the_last_result_is_written() -> None:
    s = shell()
    s.join("a", leases=1, items=2)
    s.read(2)
    s.end()
    s.answer(1)
    assert s.finish is None
    s.write()
    assert s.finish is not None
    assert s.lender.finished
    assert s.output == [result_of(item) for item in s.given]


def test_p11_a_suspect_that_comes_back_after_the_end_is_told_that_its_lease_is_not_wanted() -> None:
    s = shell()
    s.join("hiccup", leases=1, items=2)
    s.read(2)
    s.end()
    s.suspect("hiccup")
    s.join("good")
    for _ in range(2):
        s.want("good", 1, 2)
        s.answer(s.of("good")[0])
    s.write()
    assert s.finish is not None
    s.recover("hiccup")
    assert s.of("hiccup") == []


def test_p11_an_empty_input_ends_at_once() -> None:
    s = shell()
    s.end()
    assert s.finish is not None


def test_p11_a_read_error_ends_the_job_after_what_was_read() -> None:
    s = shell()
    s.join("a", leases=1)
    s.read(1)
    error = OSError("the disk is gone")
    s.end(error)
    s.answer(1)
    s.write()
    assert s.output == [b"<0>"]
    assert s.finish is not None
    assert s.finish.input_error is error


def test_a_volunteer_that_is_not_here_changes_nothing() -> None:
    lender = Lender()
    assert lender.want("x", 1, 1, 0.0) == lender.suspect("x", 0.0) == []
    assert lender.recover("x", 0.0) == lender.leave("x", 0.0) == []
    assert lender.hand_back("x", [1], 0.0) == []


def test_its_repr_is_the_status_line() -> None:
    s = shell()
    s.join("a", leases=2, items=2)
    s.read(3)
    assert repr(s.lender) == "<Lender 3 read, 0 waiting, 3 lent, 0 held back, 0 written, 1 volunteers>"
    assert isinstance(s.lent_order[0], Lend)

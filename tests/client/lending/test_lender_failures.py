"""What the lender does when items fail for good (P8)."""

from __future__ import annotations

from pando_client.lending.instructions import OnError, Policy
from pando_client.lending.lender import Lender
from pando_client.lending.outcomes import FAILED_NAMED
from pando_shared.wire.messages import ERROR, RESULT
from tests.support.lender_model import Shell


def test_p8_of_two_failures_in_one_answer_the_first_counts() -> None:
    s = Shell(Policy(retries=1))
    s.join("a", leases=1, items=4)
    s.read(4)
    s.answer(1, kinds=bytes([RESULT, ERROR, ERROR, RESULT]))
    s.write()
    assert s.finish is not None
    assert s.finish.failure is not None
    assert (s.finish.failure.index, s.output) == (1, [b"<0>"])


def test_p8_a_lease_that_reaches_beyond_a_failure_is_withdrawn_when_what_comes_before_is_answered() -> None:
    s = Shell(Policy(retries=1))
    s.join("slow", leases=1, items=4)
    s.read(4)
    s.join("idle", leases=1, items=4)
    s.tick(10.0)
    [copy] = s.of("idle")
    s.answer(copy, kinds=bytes([RESULT, RESULT, ERROR]))
    assert s.of("idle") == []
    assert s.of("slow") == [1], "two of its items come before the failure"
    s.answer(1, count=2)
    assert s.of("slow") == []
    s.write()
    assert s.finish is not None
    assert s.output == [b"<0>", b"<1>"]


def test_p8_the_indexes_of_the_first_items_that_were_given_up_are_kept_and_the_others_counted() -> None:
    count = FAILED_NAMED + 1
    lender = Lender(Policy(retries=1, on_error=OnError.SKIP))
    lender.join("a")
    lender.want("a", 1, count, 0.0)
    lender.read([b"x"] * count, 0.0)
    lender.results("a", 1, 0, [b"{}"] * count, bytes([ERROR]) * count, 0.0)
    assert lender.outcomes.failed_count == count
    assert lender.outcomes.failed == list(range(FAILED_NAMED))
    assert (lender.written_count, lender.ledger.bytes) == (count, 0)


def test_p8_an_item_that_fails_while_another_has_a_copy_of_it_is_awaited_there() -> None:
    s = Shell(Policy(retries=3))
    s.join("slow", leases=1, items=1)
    s.read(1)
    s.join("idle", leases=1, items=1)
    s.tick(10.0)
    s.answer(1, kinds=bytes([ERROR]))
    s.join("third", leases=1, items=1)
    assert (s.lender.waiting, s.of("third")) == (0, []), "it is with idle"
    [copy] = s.of("idle")
    s.answer(copy, kinds=bytes([ERROR]))
    [last] = s.of("third")
    s.answer(last)
    s.write()
    assert s.output == [b"<0>"]

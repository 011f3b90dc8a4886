"""The leases that are out: whose they are, which are late, which are contested."""

from __future__ import annotations

from pando_client.lending.leases import STRAGGLER_MIN_SECONDS, STRAGGLER_UNKNOWN_SECONDS, Lease, Leases


def items(count: int) -> list[bytes]:
    return [b"x"] * count


def test_a_lease_from_lending_to_its_last_answer() -> None:
    leases = Leases()
    lease = leases.lend("a", 10, items(3), 5.0)
    assert (lease.id, leases.last_id, len(leases), list(leases)) == (1, 1, 1, [lease])
    assert (lease.next, lease.stop, lease.is_complete, lease.is_plain) == (10, 13, False, True)
    lease.done = 2
    assert (lease.next, lease.is_complete) == (12, False)
    lease.done = 3
    assert lease.is_complete
    leases.complete(lease, 6.0)
    assert (leases.get(1), leases.of("a"), len(leases)) == (None, [], 0)


def test_what_one_holds_comes_in_the_order_in_which_it_was_lent() -> None:
    leases = Leases()
    held = [leases.lend("a" if number % 2 else "b", number, items(1), 0.0) for number in range(40)]
    leases.close(held[7])
    assert leases.of("a") == [lease for lease in held[1::2] if lease is not held[7]]
    assert leases.of("b") == held[::2]
    assert leases.of("c") == []


def test_a_lease_is_late_after_a_multiple_of_what_is_typical() -> None:
    leases = Leases()
    first = leases.lend("a", 0, items(1), 0.0)
    assert not leases.is_late(first, 3, STRAGGLER_UNKNOWN_SECONDS - 0.1), "nothing is known of what is typical"
    assert leases.is_late(first, 3, STRAGGLER_UNKNOWN_SECONDS)
    leases.complete(first, 20.0)
    second = leases.lend("a", 1, items(1), 20.0)
    assert leases.late(3, 79.9) == []
    assert leases.late(3, 80.0) == [second]
    assert leases.late(10, 80.0) == []
    for _ in range(60):
        quick = leases.lend("b", 2, items(1), 20.0)
        leases.complete(quick, 20.0)
    assert leases.late(3, 20.0 + STRAGGLER_MIN_SECONDS - 0.1) == []
    assert leases.late(3, 20.0 + STRAGGLER_MIN_SECONDS) == [second]


def test_late_leases_come_lowest_index_first_and_only_they_are_looked_at() -> None:
    leases = Leases()
    old = [leases.lend("a", first, items(1), 0.0) for first in (9, 3, 6)]
    for first in range(100, 1100):
        leases.lend("b", first, items(1), 15.0)
    assert leases.late(3, 20.0) == [old[1], old[2], old[0]]


def contested(leases: Leases) -> list[int]:
    return [lease.id for lease in leases if lease.contested]


def test_only_leases_that_share_items_are_contested() -> None:
    leases = Leases()
    silent = leases.lend("silent", 0, items(10), 0.0)
    leases.doubt(silent)
    leases.lend("b", 10, items(5), 0.0)
    assert contested(leases) == [], "somebody's silence is nothing to the leases of others"
    leases.lend("c", 5, items(2), 0.0)
    assert contested(leases) == [1, 3]
    leases.lend("d", 20, items(5), 0.0)
    assert contested(leases) == [1, 3]
    leases.check({"silent"})
    assert repr(leases) == "<Leases 4 out, 2 doubted or contested>"


def test_a_copy_makes_the_lease_contested_of_which_it_is_one() -> None:
    leases = Leases()
    slow = leases.lend("slow", 0, items(4), 0.0)
    other = leases.lend("other", 4, items(4), 0.0)
    leases.expect_copy(slow)
    copy = leases.lend("idle", 2, items(2), 9.0, copy=True)
    assert (slow.contested, other.contested, copy.contested) == (True, False, True)
    assert leases.overlapping(slow, 0, 4) == [copy]
    assert leases.overlapping(slow, 0, 2) == []
    assert leases.overlapping(copy, 2, 4) == [slow]
    assert leases.overlapping(other, 0, 100) == []
    leases.check(set())


def test_what_others_hold_are_unanswered_items_and_not_those_of_suspects_or_its_own() -> None:
    leases = Leases()
    first = leases.lend("a", 0, items(4), 0.0)
    leases.expect_copy(first)
    copy = leases.lend("b", 0, items(4), 0.0, copy=True)
    copy.done = 2
    assert leases.overlapping(first, 0, 2) == [], "b has answered these"
    assert leases.overlapping(first, 0, 3) == [copy]
    leases.doubt(copy)
    assert leases.overlapping(first, 0, 4) == []
    leases.trust(copy)
    assert leases.overlapping(first, 0, 4) == [copy]
    again = leases.lend("a", 3, items(1), 0.0)
    assert again not in leases.overlapping(first, 0, 4)


def test_a_suspect_that_comes_back_with_its_items_to_itself_is_as_it_was() -> None:
    leases = Leases()
    lease = leases.lend("a", 0, items(4), 0.0)
    leases.doubt(lease)
    assert not lease.is_plain
    leases.trust(lease)
    assert lease.is_plain
    assert repr(leases) == "<Leases 1 out, 0 doubted or contested>"


def test_a_lease_of_items_in_trouble_is_not_plain() -> None:
    lease: Lease = Leases().lend("a", 0, items(1), 0.0, troubled=True)
    assert not lease.is_plain


def test_the_oldest_lease_without_an_answer_is_found() -> None:
    leases = Leases()
    assert leases.longest_with(9.0, None) is None
    first = leases.lend("a", 0, [b"x"] * 3, 0.0)
    second = leases.lend("b", 3, [b"x"] * 3, 1.0)
    leases.lend("c", 6, [b"x"] * 3, 20.0)
    assert leases.longest_with(9.0, None) is first
    assert [leases.longest_with(9.0, index) for index in (0, 4, 7)] == [first, second, None]
    first.answered_at = 10.0
    assert leases.longest_with(9.0, 0) is None
    leases.doubt(second)
    assert leases.longest_with(9.0, None) is None
    assert leases.longest_with(30.0, 99) is None

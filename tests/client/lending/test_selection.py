"""What a volunteer is lent next."""

from __future__ import annotations

from pando_client.lending.at_work import Begun
from pando_client.lending.leases import Leases
from pando_client.lending.ledger import Ledger
from pando_client.lending.retries import Retry
from pando_client.lending.risks import Risks
from pando_client.lending.selection import LOOKED_AT, MAX_LEASE_BYTES, Selection, Taken

HERE = {"a", "b"}
END = 1000


class Items:
    """A ledger of items `0`, `1`, ..., some of them in trouble."""

    def __init__(self, count: int, size: int = 1) -> None:
        self.ledger = Ledger()
        self.ledger.read([b"%d" % index if size == 1 else bytes(size) for index in range(count)])
        self.retries: dict[int, Retry] = {}
        self.risks = Risks()
        self.selection = Selection(self.ledger, self.retries, self.risks)

    def trouble(self, index: int, *, failed_on: tuple[str, ...] = (), declined_by: tuple[str, ...] = ()) -> None:
        self.retries[index] = Retry(b"%d" % index, b"{}", list(failed_on), set(declined_by))
        self.ledger.wait_alone(index, b"%d" % index)

    def in_trouble(self, name: str, limit: int = 9, end: int = END) -> Taken | None:
        return self.selection.take_in_trouble(name, limit, end, HERE, set())


def test_what_waits_is_taken_lowest_first_up_to_the_limit_and_the_end() -> None:
    items = Items(6)
    assert repr(items.selection) == "<Selection from 6 items>"
    assert items.selection.take_waiting(2, END) == Taken(0, [b"0", b"1"], in_trouble=False)
    assert items.selection.take_waiting(9, 4) == Taken(2, [b"2", b"3"], in_trouble=False)
    assert items.selection.take_waiting(9, 4) is None
    assert items.selection.take_waiting(9, END) == Taken(4, [b"4", b"5"], in_trouble=False)
    assert items.selection.take_waiting(9, END) is None


def test_a_lease_is_cut_by_bytes_but_for_its_first_item() -> None:
    items = Items(5, size=MAX_LEASE_BYTES // 2)
    taken = items.selection.take_waiting(5, END)
    assert taken is not None
    assert (taken.first, len(taken.items), items.ledger.waiting_count) == (0, 2, 3)
    large = Items(2, size=MAX_LEASE_BYTES + 1)
    taken = large.selection.take_waiting(2, END)
    assert taken is not None
    assert len(taken.items) == 1


def test_items_in_trouble_go_first_if_they_come_before_all_others() -> None:
    items = Items(4)
    items.trouble(2, failed_on=("a",))
    assert items.in_trouble("b") is None, "0 and 1 come before it"
    items.selection.take_waiting(2, END)
    assert items.in_trouble("a") is None, "b has not tried it"
    assert items.in_trouble("b", end=2) is None, "it is not wanted any more"
    assert items.in_trouble("b") == Taken(2, [b"2"], in_trouble=True)
    assert items.ledger.waiting_count == 1


def test_failed_items_go_one_by_one_and_declined_ones_together() -> None:
    items = Items(9)
    items.selection.take_waiting(9, END)
    for index in (0, 1, 3, 4, 5, 6):
        items.trouble(index, declined_by=("a",))
    items.trouble(2, failed_on=("a",))
    items.trouble(5, declined_by=("a", "b"))
    assert items.in_trouble("b") == Taken(0, [b"0", b"1"], in_trouble=True), "2 has failed"
    assert items.in_trouble("b") == Taken(2, [b"2"], in_trouble=True)
    assert items.in_trouble("b") == Taken(3, [b"3", b"4"], in_trouble=True), "it has declined 5 itself"
    assert items.in_trouble("b") == Taken(6, [b"6"], in_trouble=True)
    assert items.in_trouble("b") is None


def test_declined_items_are_cut_by_the_limit_the_end_and_by_bytes() -> None:
    items = Items(6)
    items.selection.take_waiting(6, END)
    for index in range(6):
        items.trouble(index, declined_by=("a",))
    assert items.in_trouble("b", limit=2) == Taken(0, [b"0", b"1"], in_trouble=True)
    assert items.in_trouble("b", end=3) == Taken(2, [b"2"], in_trouble=True)
    for index in range(3, 6):
        items.ledger.wait_alone(index, bytes(MAX_LEASE_BYTES // 2))
    taken = items.in_trouble("b")
    assert taken is not None
    assert len(taken.items) == 2


def test_of_items_in_trouble_a_bounded_number_is_looked_at() -> None:
    items = Items(LOOKED_AT + 1)
    items.selection.take_waiting(LOOKED_AT + 1, END)
    for index in range(LOOKED_AT):
        items.trouble(index, declined_by=("a",))
    items.trouble(LOOKED_AT, declined_by=("b",))
    assert items.in_trouble("a") is None
    items.in_trouble("b", limit=1)
    assert items.in_trouble("a") == Taken(LOOKED_AT, [b"%d" % LOOKED_AT], in_trouble=True)


def at_risk(items: Items, *indexes: int) -> None:
    lease = Leases().lend("gone", 0, [b"x"] * END, 0.0)
    items.risks.died("gone", [Begun(lease, indexes)], 0.0)
    for index in indexes:
        items.ledger.wait_at_risk(index, b"%d" % index)


def test_an_item_at_risk_is_taken_by_itself() -> None:
    items = Items(9)
    at_risk(items, 3, 4, 6)
    assert items.selection.first_at_risk("a", END, HERE, set()) == 3
    assert items.selection.take_at_risk(3, 9, END) == Taken(3, [b"3"], in_trouble=True)
    assert items.selection.first_at_risk("a", 4, HERE, set()) is None


def test_many_items_at_risk_are_taken_in_groups_without_what_is_in_trouble_as_well() -> None:
    items = Items(400)
    at_risk(items, *range(100, 300))
    for index in (120, 250):
        items.retries[index] = Retry(b"%d" % index, b"{}", ["a"])
    assert len(items.selection.take_at_risk(100, 99, END).items) == 14
    assert len(items.selection.take_at_risk(114, 99, END).items) == 6
    assert len(items.selection.take_at_risk(120, 99, END).items) == 1
    assert len(items.selection.take_at_risk(121, 5, END).items) == 5
    assert len(items.selection.take_at_risk(126, 99, 130).items) == 4
    large = MAX_LEASE_BYTES // 2
    items.ledger.at_risk.update({index: bytes(large) for index in range(130, 140)})
    assert len(items.selection.take_at_risk(130, 99, END).items) == 2


def test_an_item_at_risk_that_failed_or_was_declined_goes_to_whom_it_may_go() -> None:
    items = Items(9)
    at_risk(items, 3)
    items.retries[3] = Retry(b"3", b"{}", ["a"])
    assert items.selection.first_at_risk("a", END, HERE, set()) is None
    assert items.selection.first_at_risk("b", END, HERE, set()) == 3
    lease = Leases().lend("c", 3, [b"x"], 0.0)
    for name in ("c", "d", "e"):
        items.risks.silent(name, [Begun(lease, [3])], 0.0)
    assert items.selection.first_at_risk("b", END, HERE, set()) is None, "three that are silent may be dead"

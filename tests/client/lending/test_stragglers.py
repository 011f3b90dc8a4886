"""What of which leases is copied, and by whom."""

from __future__ import annotations

from pando_client.lending.leases import STRAGGLER_UNKNOWN_SECONDS, Lease, Leases
from pando_client.lending.ledger import Ledger
from pando_client.lending.retries import Retry
from pando_client.lending.risks import Risks
from pando_client.lending.stragglers import Copy, Stragglers

LATE = STRAGGLER_UNKNOWN_SECONDS
END = 1000


class Scene:
    """Ten items, of which `slow` holds those from 1 to 4 since the beginning; 0 is answered, the rest wait."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.items = [b"%d" % index for index in range(10)]
        self.ledger.read(self.items)
        self.ledger.unwait(0, 5)
        self.ledger.results(0, [b"0"], [b"<0>"])
        self.leases = Leases()
        self.retries: dict[int, Retry] = {}
        self.risks = Risks()
        self.stragglers = Stragglers(self.ledger, self.leases, self.retries, self.risks)
        self.slow = self.leases.lend("slow", 1, self.items[1:5], 0.0)

    def copy(self, name: str, limit: int = 9, now: float = LATE, end: int = END) -> Copy | None:
        return self.stragglers.copy_for(name, self.slow, limit, now, end)

    def answer(self, index: int) -> None:
        self.ledger.results(index, [self.items[index]], [b"<>"])

    def lend_copy(self, name: str, first: int, stop: int, now: float) -> Lease:
        self.leases.expect_copy(self.slow)
        return self.leases.lend(name, first, self.items[first:stop], now, copy=True)


def test_a_lease_is_copied_from_its_first_unanswered_item_on_up_to_the_limit_and_the_end() -> None:
    scene = Scene()
    assert scene.copy("idle") == Copy(scene.slow, 1, [b"1", b"2", b"3", b"4"])
    assert scene.copy("idle", limit=2) == Copy(scene.slow, 1, [b"1", b"2"])
    assert scene.copy("idle", end=3) == Copy(scene.slow, 1, [b"1", b"2"])
    assert scene.copy("idle", end=1) is None
    scene.answer(1)
    scene.slow.done = 1
    assert scene.copy("idle") == Copy(scene.slow, 2, [b"2", b"3", b"4"])


def test_nobody_copies_its_own_lease_or_a_suspects() -> None:
    scene = Scene()
    assert scene.copy("slow") is None
    scene.leases.doubt(scene.slow)
    assert scene.copy("idle") is None
    assert scene.stragglers.late(LATE, END) == []


def test_what_is_answered_or_was_declined_by_the_copier_is_left_out() -> None:
    scene = Scene()
    scene.answer(2)
    assert scene.copy("idle") == Copy(scene.slow, 1, [b"1"])
    scene.retries[1] = Retry(b"1", declined_by={"idle"})
    assert scene.copy("idle") == Copy(scene.slow, 3, [b"3", b"4"])
    assert scene.copy("another") == Copy(scene.slow, 1, [b"1"])
    scene.retries[3] = Retry(b"3", failed_on=["idle"])
    assert scene.copy("idle") == Copy(scene.slow, 3, [b"3", b"4"])


def test_one_copy_is_enough_until_it_is_late_itself() -> None:
    scene = Scene()
    scene.lend_copy("idle", 1, 3, LATE)
    assert scene.copy("another") == Copy(scene.slow, 3, [b"3", b"4"])
    scene.lend_copy("another", 3, 5, LATE)
    assert scene.copy("third") is None
    assert scene.stragglers.late(LATE, END) == []
    assert scene.copy("third", now=2 * LATE) == Copy(scene.slow, 1, [b"1", b"2", b"3", b"4"])
    assert scene.copy("idle", now=2 * LATE) == Copy(scene.slow, 3, [b"3", b"4"]), "it holds the others already"


def test_late_leases_are_those_of_which_there_is_something_to_copy() -> None:
    scene = Scene()
    assert scene.stragglers.late(LATE - 0.1, END) == []
    assert scene.stragglers.late(LATE, END) == [scene.slow]
    assert scene.stragglers.late(LATE, end=1) == []
    for index in range(1, 5):
        scene.answer(index)
    assert scene.stragglers.late(LATE, END) == []


def test_a_lease_is_overdue_only_while_results_wait_for_it_and_is_copied_once_a_tick() -> None:
    scene = Scene()
    scene.ledger.wrote(1)
    scene.stragglers.tick(LATE)
    assert repr(scene.stragglers) == "<Stragglers, 0 overdue>"
    scene.ledger.unwait(6, 7)
    scene.answer(6)
    scene.stragglers.tick(LATE)
    assert repr(scene.stragglers) == "<Stragglers, 1 overdue>"
    assert scene.stragglers.overdue_copy("slow", 9, LATE, END) is None
    assert scene.stragglers.overdue_copy("idle", 2, LATE, END) == Copy(scene.slow, 1, [b"1", b"2"])
    assert scene.stragglers.overdue_copy("another", 2, LATE, END) is None, "until the next tick"


def test_a_lease_that_is_over_is_not_overdue_any_more() -> None:
    scene = Scene()
    scene.ledger.unwait(6, 7)
    scene.answer(6)
    scene.stragglers.tick(LATE)
    scene.leases.close(scene.slow)
    assert scene.stragglers.overdue_copy("idle", 9, LATE, END) is None
    assert repr(scene.stragglers) == "<Stragglers, 0 overdue>"

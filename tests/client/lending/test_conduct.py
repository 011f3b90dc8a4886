"""Who is to be quarantined for what it did or did not do."""

from __future__ import annotations

from pando_client.lending.conduct import MAX_STRIKES, UNPRODUCTIVE_LEASES, Conduct
from pando_client.lending.instructions import Quarantine


def conduct_of(*names: str) -> Conduct:
    conduct = Conduct()
    for name in names:
        conduct.joined(name)
    return conduct


def test_strikes_in_a_row_lead_to_quarantine_and_it_is_due_once() -> None:
    conduct = conduct_of("a", "b")
    for _ in range(MAX_STRIKES - 1):
        conduct.outdone({"a"})
    assert conduct.quarantine_due() == []
    conduct.outdone({"a"})
    assert conduct.quarantine_due() == [Quarantine("a", "others did what it did not do")]
    assert conduct.quarantine_due() == []


def test_a_result_clears_strikes_and_unproductive_leases() -> None:
    conduct = conduct_of("a", "b")
    for _ in range(10 * MAX_STRIKES):
        conduct.outdone({"a"})
        conduct.outdone({"a"})
        conduct.productive("a")
    for _ in range(10):
        for _ in range(2 * UNPRODUCTIVE_LEASES - 1):
            conduct.productive("b")
            conduct.unproductive("a")
        conduct.productive("a")
    assert conduct.quarantine_due() == []
    assert conduct.strikes("a") == 0


def test_several_are_quarantined_in_the_order_of_their_names() -> None:
    conduct = conduct_of("b", "a", "c")
    for _ in range(MAX_STRIKES):
        conduct.outdone(["b", "a"])
    assert [due.volunteer for due in conduct.quarantine_due()] == ["a", "b"]


def test_one_that_has_left_is_neither_blamed_nor_quarantined() -> None:
    conduct = conduct_of("a", "b")
    for _ in range(MAX_STRIKES):
        conduct.outdone({"a"})
    conduct.left("a")
    conduct.outdone({"a"})
    assert conduct.quarantine_due() == []
    assert conduct.struck() == []
    conduct.joined("a")
    assert conduct.strikes("a") == 0


def test_unproductive_leases_count_for_each_volunteer_that_is_here_and_only_while_others_have_results() -> None:
    conduct = conduct_of("a", "b", "c")
    for _ in range(1000):
        conduct.unproductive("a")
    for lease in range(3 * UNPRODUCTIVE_LEASES):
        assert conduct.quarantine_due() == [], lease
        conduct.productive("b")
        conduct.unproductive("a")
        conduct.unproductive("a")
    assert conduct.quarantine_due() == [Quarantine("a", "it gave back everything it was lent, while others worked")]


def test_one_that_joins_late_is_not_measured_by_results_from_before() -> None:
    conduct = conduct_of("a")
    conduct.productive("a")
    conduct.joined("b")
    for _ in range(100):
        conduct.unproductive("b")
    assert conduct.quarantine_due() == []


def test_to_be_late_with_several_leases_that_are_out_together_is_one_strike() -> None:
    conduct = conduct_of("a")
    for lease in (1, 2, 5):
        conduct.late("a", lease, last_lent=5)
    assert conduct.strikes("a") == 1
    conduct.late("a", 6, last_lent=8)
    conduct.late("a", 8, last_lent=9)
    assert conduct.strikes("a") == 2


def test_those_with_strikes_are_named_those_with_few_first() -> None:
    conduct = conduct_of("a", "b", "c", "d")
    conduct.outdone({"a"})
    conduct.outdone({"a"})
    conduct.outdone({"b"})
    conduct.outdone({"d"})
    conduct.productive("d")
    assert conduct.struck() == ["b", "a"]
    assert repr(conduct) == "<Conduct of 4 volunteers, 1 productive answers>"

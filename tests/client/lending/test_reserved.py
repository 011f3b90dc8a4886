"""Volunteers that are kept for items at risk."""

from __future__ import annotations

from pando_client.lending.leases import Leases
from pando_client.lending.reserved import Reserved


def test_one_is_reserved_until_there_is_nothing_at_risk_for_it() -> None:
    reserved, leases = Reserved(), Leases()
    leases.lend("a", 0, [b"x"], 0.0)
    reserved.add("a")
    reserved.check(leases)
    assert ("a" in reserved, list(reserved), list(reserved.finishing)) == (True, ["a"], ["a"])
    assert repr(reserved) == "<Reserved, 1 volunteers, 1 of them finish what they hold>"
    assert reserved.begin("a") is None
    assert ("a" in reserved, list(reserved.finishing)) == (True, [])
    reserved.discard("a")
    reserved.discard("a")
    assert "a" not in reserved


def test_one_may_be_kept_for_a_copy() -> None:
    reserved, leases = Reserved(), Leases()
    late = leases.lend("slow", 0, [b"x"], 0.0, alone=True)
    leases.lend("a", 1, [b"x"], 0.0)
    assert not reserved.is_copied(late)
    reserved.add("a", late)
    reserved.check(leases)
    assert (reserved.is_copied(late), list(reserved.finishing)) == (True, [])
    assert reserved.begin("a") is late
    assert not reserved.is_copied(late)
    reserved.add("a", late)
    reserved.discard("a")
    assert not reserved.is_copied(late)

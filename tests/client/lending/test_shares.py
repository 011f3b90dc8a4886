"""Who gets what. What follows from it is in `test_lender` and `test_lender_deaths`, by way of the lender."""

from __future__ import annotations

from pando_client.lending.at_work import Begun
from pando_client.lending.conduct import Conduct
from pando_client.lending.demand import Demand
from pando_client.lending.instructions import Lend, Policy
from pando_client.lending.leases import Leases
from pando_client.lending.ledger import Ledger
from pando_client.lending.outcomes import Outcomes
from pando_client.lending.shares import Shares


class Scene:
    """Four items that wait, and volunteers that would take them."""

    def __init__(self) -> None:
        self.ledger, self.leases, self.conduct = Ledger(), Leases(), Conduct()
        demand = Demand()
        self.outcomes = Outcomes(Policy(), self.ledger, self.leases, demand, self.conduct)
        self.shares = Shares(self.ledger, self.leases, demand, self.outcomes, self.conduct)
        self.ledger.read([b"0", b"1", b"2", b"3"])

    def want(self, name: str, leases: int, items: int) -> None:
        if name not in self.shares.volunteers:
            self.conduct.joined(name)
            self.shares.join(name)
        self.shares.want(name, leases, items)

    def lend(self) -> list[tuple[str, list[bytes]]]:
        lends = [lend for lend in self.shares.lend(0.0) if isinstance(lend, Lend)]
        self.shares.check()
        return [(lend.volunteer, list(lend.items)) for lend in lends]


def test_what_waits_is_shared_out() -> None:
    scene = Scene()
    scene.want("a", 1, 9)
    scene.want("b", 1, 1)
    scene.want("silent", 1, 1)
    scene.shares.suspect("silent")
    assert scene.lend() == [("a", [b"0", b"1"]), ("b", [b"2"])]
    assert repr(scene.shares) == "<Shares of 3 volunteers, 1 of them suspects>"
    scene.shares.recover("silent")
    assert scene.lend() == [("silent", [b"3"])]
    scene.shares.leave("silent")
    assert set(scene.shares.volunteers) == {"a", "b"}


def test_what_is_at_risk_goes_to_one_that_holds_nothing_and_a_suspect_goes_on_with_it_alone() -> None:
    scene = Scene()
    scene.ledger.unwait(0, 1)
    gone = scene.leases.lend("gone", 0, [b"0"], 0.0)
    scene.outcomes.died("gone", [Begun(gone, [0])], 0.0)
    scene.leases.close(gone)
    scene.outcomes.wait_again(gone)
    scene.want("a", 2, 9)
    assert scene.lend() == [("a", [b"0"])]
    scene.shares.suspect("a")
    scene.leases.doubt(scene.leases.of("a")[0])
    scene.shares.recover("a")
    scene.leases.trust(scene.leases.of("a")[0])
    assert scene.lend() == []
    scene.leases.close(scene.leases.of("a")[0])
    assert scene.lend() == [("a", [b"1", b"2", b"3"])]

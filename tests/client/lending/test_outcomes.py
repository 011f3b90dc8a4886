"""Where items wait that have no answer, and what becomes of those that failed. More is in `test_lender_failures`."""

from __future__ import annotations

import pytest

from pando_client.lending.at_work import NOTHING_KNOWN, may_have_begun
from pando_client.lending.conduct import Conduct
from pando_client.lending.demand import Demand
from pando_client.lending.instructions import Failure, GaveUp, OnError, Policy
from pando_client.lending.leases import Leases
from pando_client.lending.ledger import Ledger
from pando_client.lending.outcomes import Outcomes
from pando_shared.wire.messages import ERROR, RESULT


class Scene:
    """Six items, all lent to `v`."""

    def __init__(self, on_error: OnError = OnError.SKIP, retries: int = 2) -> None:
        self.ledger, self.leases = Ledger(), Leases()
        self.conduct = Conduct()
        self.conduct.joined("v")
        policy = Policy(on_error=on_error, retries=retries)
        self.outcomes = Outcomes(policy, self.ledger, self.leases, Demand(), self.conduct)
        self.ledger.read([b"%d" % index for index in range(6)])
        self.ledger.unwait(0, 6)
        self.lease = self.leases.lend("v", 0, [b"%d" % index for index in range(6)], 0.0)

    def waits(self) -> tuple[list[int], list[int], list[int]]:
        """What waits with all others, in trouble, and at risk."""
        waiting = [index for index, _ in self.ledger.waiting]
        return waiting, list(self.ledger.alone), list(self.ledger.at_risk)


def test_what_has_begun_waits_at_risk_and_the_rest_as_ever() -> None:
    scene = Scene()
    scene.lease.done = 1
    scene.ledger.results(0, [b"0"], [b"<0>"])
    begun = may_have_begun([scene.lease], NOTHING_KNOWN, scene.ledger.is_answered)[0]
    assert scene.outcomes.died("v", [type(begun)(scene.lease, [1, 2])], 1.0) == []
    scene.leases.close(scene.lease)
    scene.outcomes.wait_again(scene.lease)
    assert scene.waits() == ([3, 4, 5], [], [1, 2])
    assert repr(scene.outcomes) == "<Outcomes, 0 in trouble, 2 at risk, 0 given up>"
    scene.outcomes.check()


def test_what_a_silent_volunteer_held_waits_as_ever_when_it_is_heard_or_leaves() -> None:
    scene = Scene()
    scene.outcomes.silent("v", may_have_begun([scene.lease], NOTHING_KNOWN, scene.ledger.is_answered), 1.0)
    scene.outcomes.wait_again(scene.lease)
    assert scene.waits() == ([], [], [0, 1, 2, 3, 4, 5])
    scene.outcomes.unwait(5, 6)
    scene.outcomes.heard("v")
    assert scene.waits() == ([0, 1, 2, 3, 4], [], [])


def test_what_had_not_begun_when_it_fell_silent_but_has_when_it_died_comes_to_be_at_risk() -> None:
    scene = Scene()
    [begun] = may_have_begun([scene.lease], NOTHING_KNOWN, scene.ledger.is_answered)
    scene.outcomes.silent("v", [type(begun)(scene.lease, [0, 5])], 1.0)
    scene.outcomes.wait_again(scene.lease)
    scene.leases.doubt(scene.lease)
    assert scene.waits() == ([1, 2, 3, 4, 5], [], [0])
    scene.ledger.unwait(2, 3)  # somebody has it
    scene.outcomes.died("v", [type(begun)(scene.lease, [1, 2, 5])], 1.0)
    assert scene.waits() == ([0, 3, 4], [], [1, 5])


@pytest.mark.parametrize("on_error", OnError)
def test_an_answer_ends_the_risk_and_an_error_is_counted_by_itself(on_error: OnError) -> None:
    scene = Scene(on_error)
    scene.outcomes.died("w", may_have_begun([scene.lease], NOTHING_KNOWN, scene.ledger.is_answered), 1.0)
    assert scene.outcomes.answered(scene.lease, 0, b"0", RESULT, b"<0>") == [b"<0>"]
    assert scene.outcomes.answered(scene.lease, 1, b"1", ERROR, b"{}") == []
    assert (0 in scene.outcomes.risks, 1 in scene.outcomes.risks, 2 in scene.outcomes.risks) == (False, False, True)
    assert scene.waits() == ([], [1], [])
    assert scene.outcomes.answered(scene.lease, 1, b"1", ERROR, b"{}") == []
    failure = Failure(1, b"1", b"{}", ("v", "v"))
    if on_error is OnError.SKIP:
        assert scene.outcomes.given_up() == [GaveUp(failure)]
        assert (scene.outcomes.given_up(), scene.outcomes.failure, scene.outcomes.end) == ([], None, 6)
    else:
        assert (scene.outcomes.given_up(), scene.outcomes.failure, scene.outcomes.end) == ([], failure, 1)

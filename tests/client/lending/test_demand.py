"""Who would take more: the same as with plain lists."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pando_client.lending.demand import Demand

NAMES = ["a", "b", "c", "d", ""]

steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "discard", "pass over", "ask again", "end turn"]),
        st.sampled_from(NAMES),
        st.integers(1, 5),
        st.integers(1, 100),
    ),
    max_size=60,
)


@given(steps)
def test_it_behaves_like_two_lists_and_a_dictionary(steps: list[tuple[str, str, int, int]]) -> None:
    demand = Demand()
    wants: dict[str, tuple[int, int]] = {}
    turn: list[str] = []
    passed_over: list[str] = []
    for step, name, leases, items in steps:
        if step == "put":
            demand.put(name, leases, items)
            wants[name] = (leases, items)
            if name not in turn + passed_over:
                turn.append(name)
        elif step == "discard":
            demand.discard(name)
            wants.pop(name, None)
            turn = [other for other in turn if other != name]
            passed_over = [other for other in passed_over if other != name]
        elif step == "pass over" and turn:
            demand.pass_over(turn[0])
            passed_over.append(turn.pop(0))
        elif step == "ask again":
            demand.ask_again()
            turn, passed_over = turn + passed_over, []
        elif step == "end turn":
            demand.end_turn(name)
            turn = [other for other in turn if other != name] + [name] * (name in wants)
            passed_over = [other for other in passed_over if other != name]
        demand.check()
        assert list(demand) == turn + passed_over
        assert demand.first == next(iter(turn + passed_over), None)
        assert len(demand) == len(wants)
        assert demand.leases == sum(leases for leases, _ in wants.values())
        assert demand.items == sum(leases * items for leases, items in wants.values())
        for other in NAMES:
            assert (other in demand) == (other in wants)
            assert demand.is_passed_over(other) == (other in passed_over)


def test_its_repr_says_how_much() -> None:
    demand = Demand()
    demand.put("a", 2, 3)
    demand.put("b", 1, 4)
    assert repr(demand) == "<Demand of 2 volunteers for 3 leases, 10 items>"

"""Which volunteer an item in trouble may go to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pando_client.lending.instructions import Failure
from pando_client.lending.retries import Retry

NAMES = ["a", "b", "c", "d", "e"]
some = st.sets(st.sampled_from(NAMES))


@given(some, some, st.lists(st.sampled_from(NAMES), max_size=6), st.sets(st.sampled_from([*NAMES, "gone", "too"])))
def test_it_goes_to_those_that_may_do_better(
    here: set[str], silent: set[str], failed_on: list[str], declined_by: set[str]
) -> None:
    suspects = silent & here
    retry = Retry(b"x", b"{}", failed_on, declined_by)
    for name in here:
        untried = here - suspects - {name} - set(failed_on) - declined_by
        expected = name not in declined_by and (name not in failed_on or not untried)
        assert retry.may_go_to(name, here, suspects) == expected
    assert retry.declined_by_all(here) == (bool(declined_by) and here <= declined_by)


def test_what_is_reported_when_it_is_given_up() -> None:
    retry = Retry(b"x", b"{}", ["a", "b", "a"], {"c"})
    assert retry.failure(7) == Failure(7, b"x", b"{}", ("a", "b", "a"))

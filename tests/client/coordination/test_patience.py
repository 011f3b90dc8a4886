"""When to say that an item is out for long."""

from __future__ import annotations

import pytest

from pando_client.coordination.patience import FIRST_SECONDS, LOOK_SECONDS, Patience, in_words


def test_it_is_said_after_a_minute_and_then_each_time_it_has_taken_twice_as_long() -> None:
    patience = Patience(None)
    said = [seconds for seconds in range(0, 600, 5) if patience.is_over(3, seconds, 0.0)]
    assert said == [60, 120, 240, 480]
    assert not patience.is_over(4, 59.0, 0.0)
    assert patience.is_over(4, 60.0, 0.0)
    assert repr(patience) == "<Patience with item 4, for 120 s>"


def test_where_items_take_long_it_is_said_later() -> None:
    assert not Patience(None).is_over(3, 299.0, typical=100.0)
    assert Patience(None).is_over(3, 300.0, typical=100.0)
    assert not Patience(90.0).is_over(3, FIRST_SECONDS + 89.0, 0.0)
    assert Patience(90.0).is_over(3, FIRST_SECONDS + 90.0, 0.0)


def test_it_does_not_look_all_the_time() -> None:
    patience = Patience(None)
    assert [patience.is_due(now) for now in (0.0, 0.5, LOOK_SECONDS - 0.1, LOOK_SECONDS)] == [True, False, False, True]


@pytest.mark.parametrize(
    ("seconds", "words"), [(64.9, "60 s"), (119.0, "115 s"), (120.0, "2 min"), (7199.0, "119 min"), (7200.0, "2 h")]
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words

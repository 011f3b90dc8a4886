"""How much is under way to a volunteer: what its line carries in about a second."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pando_client.session.window import FIRST_BYTES, LEAST_BYTES, MOST_BYTES, SHORTEST_FRAME_BYTES, Window
from pando_shared.errors import ProtocolViolation
from pando_shared.limits import MAX_FRAME_BYTES


def carry(window: Window, rate: float, delay: float, seconds: float) -> float:
    """Sends as much as the window takes over a line; returns the bytes a second that arrived in the last half.

    Args:
        window: is driven.
        rate: bytes a second that the line carries.
        delay: seconds of a round trip.
        seconds: how long.
    """
    now, free_at, arrived = 0.0, 0.0, 0
    coming: deque[tuple[float, int]] = deque()
    while now < seconds:
        while window.is_open:
            size = window.longest_frame
            window.sent(size, now)
            free_at = max(free_at, now) + size / rate
            coming.append((free_at + delay, size))
        now, size = coming.popleft()
        arrived += size if now > seconds / 2 else 0
        window.received(size, now)
    return arrived / (seconds / 2)


@pytest.mark.parametrize("rate", [30e3, 100e3, 1e6, 10e6, 80e6])
@pytest.mark.parametrize("delay", [0.001, 0.05, 0.3])
def test_a_line_is_kept_busy_and_never_holds_much_more_than_a_second_of_work(rate: float, delay: float) -> None:
    window = Window()
    reached = carry(window, rate, delay, 40.0)
    possible = min(rate, MOST_BYTES / delay)
    assert reached > 0.9 * possible
    assert window.size <= max(LEAST_BYTES, 2.2 * rate + MAX_FRAME_BYTES)


def test_on_a_slow_line_frames_are_short() -> None:
    window = Window()
    carry(window, 10e3, 0.05, 30.0)
    assert (window.size, window.longest_frame) == (LEAST_BYTES, SHORTEST_FRAME_BYTES)
    fast = Window()
    carry(fast, 80e6, 0.001, 5.0)
    assert (fast.size, fast.longest_frame) == (MOST_BYTES, MAX_FRAME_BYTES)


def test_a_window_that_was_never_full_says_nothing_of_the_line() -> None:
    window = Window()
    for second in range(100):
        window.sent(1000, second)
        window.received(1000, second + 0.9)
    assert window.size == FIRST_BYTES


def test_what_is_not_under_way_cannot_arrive() -> None:
    window = Window()
    window.sent(10, 0.0)
    assert repr(window) == f"<Window, 10 of {FIRST_BYTES} bytes under way>"
    with pytest.raises(ProtocolViolation, match="11 bytes received, where 10 are under way"):
        window.received(11, 0.0)


@given(st.lists(st.tuples(st.integers(1, MAX_FRAME_BYTES), st.floats(0, 10)), max_size=50))
def test_bounds_hold_whatever_happens(steps: list[tuple[int, float]]) -> None:
    window, now = Window(), 0.0
    for size, seconds in steps:
        now += seconds
        if window.is_open:
            window.sent(size, now)
        else:
            window.received(min(size, window.under_way), now)
        assert LEAST_BYTES <= window.size <= MOST_BYTES
        assert SHORTEST_FRAME_BYTES <= window.longest_frame <= MAX_FRAME_BYTES
        assert 0 <= window.under_way < window.size + MAX_FRAME_BYTES or not window.is_open

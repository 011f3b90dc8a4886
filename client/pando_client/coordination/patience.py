"""When to say that an item is out for long: after a minute or more, then each time that it has taken twice as long.

Time is a parameter, in seconds of a clock that never jumps.
"""

from __future__ import annotations

FIRST_SECONDS = 60.0
"""Nothing is said before."""
TYPICAL_FACTOR = 3
"""Nor before an item has taken so many times as long as is typical."""
LOOK_SECONDS = 5.0
"""Between two looks at what is out."""


class Patience:
    """What was said so far of the item for which others wait.

    Args:
        timeout: seconds that an item may take; None for any. It is the volunteer's to keep, and some more is not much.
    """

    def __init__(self, timeout: float | None) -> None:
        self._first = FIRST_SECONDS + (timeout or 0.0)
        self._index: int | None = None
        self._say_after = 0.0
        self._next_look = 0.0

    def __repr__(self) -> str:
        return f"<Patience with item {self._index}, for {self._say_after:.0f} s>"

    def is_due(self, now: float) -> bool:
        """Whether it is time for a look."""
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_SECONDS
        return True

    def is_over(self, index: int, seconds: float, typical: float) -> bool:
        """Returns whether to say that the item of this index is out for so many seconds.

        Args:
            index: of the item for which others wait.
            seconds: for which it is out.
            typical: seconds that a lease is out; 0 when that is not known.
        """
        if index != self._index:
            self._index = index
            self._say_after = max(self._first, TYPICAL_FACTOR * typical)
        if seconds < self._say_after:
            return False
        while self._say_after <= seconds:
            self._say_after *= 2
        return True


def in_words(seconds: float) -> str:
    """Returns a duration for a person, who does not care for a few seconds."""
    if seconds < 120:
        return f"{5 * int(seconds / 5)} s"
    return f"{int(seconds / 60)} min" if seconds < 7200 else f"{int(seconds / 3600)} h"

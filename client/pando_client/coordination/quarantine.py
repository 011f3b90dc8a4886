"""Who is set aside, and for how long. A core: time is a parameter, in seconds of a clock that never jumps."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

FIRST_PAUSE = 10.0
LONGEST_PAUSE = 600.0
"""Seconds that a volunteer is set aside: doubled each time."""
FORGOTTEN_AFTER = 3600.0
MAX_REMEMBERED = 10_000


@dataclass(slots=True)
class _Record:
    times: int
    until: float


class Reputation:
    """Remembers volunteers by a name that outlives their connection, such as address and device.

    Args:
        forgiven: how often one may be set aside before there is a pause.
        longest: seconds of the longest pause.
    """

    def __init__(self, forgiven: int = 0, longest: float = LONGEST_PAUSE) -> None:
        self._forgiven = forgiven
        self._longest = longest
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Reputation {len(self._records)} remembered>"

    def set_aside(self, who: str, now: float) -> float:
        """Sets a volunteer aside; returns for how many seconds."""
        record = self._records.pop(who, None)
        times = 0 if record is None or now - record.until > FORGOTTEN_AFTER else record.times
        beyond = times - self._forgiven
        pause = min(self._longest, FIRST_PAUSE * 2.0**beyond) if beyond >= 0 else 0.0
        self._records[who] = _Record(times + 1, now + pause)
        if len(self._records) > MAX_REMEMBERED:
            self._records.popitem(last=False)
        return pause

    def left(self, who: str, now: float) -> float:
        """Returns for how many more seconds the volunteer is set aside; 0 when it is welcome."""
        record = self._records.get(who)
        return max(0.0, record.until - now) if record else 0.0

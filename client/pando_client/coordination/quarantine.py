"""Who is quarantined, and for how long. Time is a parameter, in seconds of a clock that never jumps."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

FIRST_SECONDS = 10.0
LONGEST_SECONDS = 600.0
"""Of a quarantine: it is doubled each time."""
FORGOTTEN_AFTER_SECONDS = 3600.0
"""After the end of a quarantine it counts no more."""
MAX_REMEMBERED = 10_000


@dataclass(slots=True)
class _Record:
    times: int
    until: float


class Quarantines:
    """Remembers volunteers by what outlives their connection, such as their address and name.

    Args:
        forgiven: how often one may give cause before it is quarantined.
        longest: seconds of the longest quarantine.
    """

    def __init__(self, forgiven: int = 0, longest: float = LONGEST_SECONDS) -> None:
        self._forgiven = forgiven
        self._longest = longest
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Quarantines {len(self._records)} remembered>"

    def impose(self, who: str, now: float) -> float:
        """Somebody gave cause; returns the seconds of the quarantine, 0 if it is forgiven."""
        record = self._records.pop(who, None)
        times = 0 if record is None or now - record.until > FORGOTTEN_AFTER_SECONDS else record.times
        beyond = times - self._forgiven
        seconds = min(self._longest, FIRST_SECONDS * 2.0**beyond) if beyond >= 0 else 0.0
        self._records[who] = _Record(times + 1, now + seconds)
        if len(self._records) > MAX_REMEMBERED:
            self._records.popitem(last=False)
        return seconds

    def left(self, who: str, now: float) -> float:
        """Returns the seconds that are left of a quarantine; 0 when there is none."""
        record = self._records.get(who)
        return max(0.0, record.until - now) if record else 0.0

"""What a volunteer's function reports of its own work: sums, and a limit on how often it may.

Sans-I/O: time is a parameter, in seconds.
"""

from __future__ import annotations

from pando_shared.errors import ProtocolViolation
from pando_shared.wire.messages import ReportInfo

AT_ONCE = 100
"""Reports that may come together: a connection that stalled for a while brings all of them."""
PER_SECOND = 2.0


class Reports:
    """All that one volunteer has reported. `cpu_ms` and `data_transfer_ms` are in milliseconds."""

    def __init__(self, now: float) -> None:
        self.cpu_ms = 0.0
        self.data_transfer_ms = 0.0
        self.items = 0.0
        self.units = ""
        self._allowed = float(AT_ONCE)
        self._as_of = now

    def add(self, info: ReportInfo, now: float) -> None:
        """Takes a report.

        Raises:
            ProtocolViolation: there are too many.
        """
        self._allowed = min(AT_ONCE, self._allowed + PER_SECOND * (now - self._as_of))
        self._as_of = now
        if self._allowed < 1:
            raise ProtocolViolation("more reports than are allowed")
        self._allowed -= 1
        self.cpu_ms += info.cpu_ms
        self.data_transfer_ms += info.data_transfer_ms
        self.items += info.items
        self.units = info.units or self.units

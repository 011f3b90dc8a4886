"""What a volunteer's function reports of its own work: sums, and a limit on how often it may.

Sans-I/O: time is a parameter, in seconds.
"""

from __future__ import annotations

from pando_shared.errors import ProtocolViolation
from pando_shared.limits import MAX_REPORTS_AT_ONCE, MAX_REPORTS_PER_SECOND
from pando_shared.rate_limit import TokenBucket
from pando_shared.wire.messages import ReportInfo


class Reports:
    """All that one volunteer has reported. `cpu_ms` and `data_transfer_ms` are in milliseconds."""

    def __init__(self, now: float) -> None:
        self.cpu_ms = 0.0
        self.data_transfer_ms = 0.0
        self.items = 0.0
        self.units = ""
        self._allowed = TokenBucket(MAX_REPORTS_AT_ONCE, MAX_REPORTS_PER_SECOND, now)

    def add(self, info: ReportInfo, now: float) -> None:
        """Takes a report.

        Raises:
            ProtocolViolation: there are too many.
        """
        if not self._allowed.take(now):
            raise ProtocolViolation("more reports than are allowed")
        self.cpu_ms += info.cpu_ms
        self.data_transfer_ms += info.data_transfer_ms
        self.items += info.items
        self.units = info.units or self.units

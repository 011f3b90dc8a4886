"""What a function reports of its own work."""

from __future__ import annotations

import pytest

from pando_client.session.reports import Reports
from pando_shared.errors import ProtocolViolation
from pando_shared.limits import MAX_REPORTS_AT_ONCE, MAX_REPORTS_PER_SECOND
from pando_shared.wire.messages import ReportInfo


def test_reports_are_summed_and_the_last_units_stay() -> None:
    reports = Reports(0.0)
    reports.add(ReportInfo(cpu_ms=1.5, data_transfer_ms=2, items=3, units="Gizmos"), 0.0)
    reports.add(ReportInfo(cpu_ms=1, items=1), 1.0)
    assert (reports.cpu_ms, reports.data_transfer_ms, reports.items, reports.units) == (2.5, 2.0, 4.0, "Gizmos")


def test_so_many_may_come_at_once_and_then_so_many_a_second() -> None:
    reports = Reports(0.0)
    one = ReportInfo(items=1)
    for _ in range(MAX_REPORTS_AT_ONCE):
        reports.add(one, 0.0)
    with pytest.raises(ProtocolViolation, match="more reports"):
        reports.add(one, 0.0)
    assert reports.items == MAX_REPORTS_AT_ONCE
    for number in range(1, 50):
        reports.add(one, number / MAX_REPORTS_PER_SECOND)
    with pytest.raises(ProtocolViolation):
        reports.add(one, 49 / MAX_REPORTS_PER_SECOND)


def test_what_was_not_used_is_not_saved_beyond_the_limit() -> None:
    reports = Reports(0.0)
    for _ in range(MAX_REPORTS_AT_ONCE):
        reports.add(ReportInfo(), 1e6)
    with pytest.raises(ProtocolViolation):
        reports.add(ReportInfo(), 1e6)

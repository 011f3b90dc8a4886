"""What a job counts, and whom it would take."""

from __future__ import annotations

import pytest

from pando_server.relay.state import Job, Volunteer


def job(*, is_open: bool = True) -> Job:
    return Job("mine", key="a" * 32, client="c", ice_servers=(), open=is_open)


def test_the_load_is_what_the_client_reports_and_what_the_server_knows_besides() -> None:
    counted = job()
    assert counted.load == 0
    counted.reported = 5
    counted.unreported = 2
    counted.volunteers["v"] = Volunteer(None)
    assert counted.load == 8


@pytest.mark.parametrize(("wanted", "taken"), [(None, True), ("mine", True), ("other", False)])
def test_an_open_job_takes_volunteers_that_named_it_or_none(wanted: str | None, taken: bool) -> None:
    assert job().would_take(Volunteer(wanted)) is taken


@pytest.mark.parametrize("wanted", [None, "mine"])
def test_a_job_that_is_not_open_takes_nobody(wanted: str | None) -> None:
    assert not job(is_open=False).would_take(Volunteer(wanted))

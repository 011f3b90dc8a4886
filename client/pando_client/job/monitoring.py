"""The monitoring page: a live table of the volunteers, served at the port after the server's."""

from __future__ import annotations

import time
from collections.abc import Callable

from fastapi import FastAPI
from fastapi.responses import FileResponse
from pydantic import BaseModel

from pando_client.coordination.connected_volunteer import ConnectedVolunteer
from pando_client.coordination.coordinator import Coordinator
from pando_client.function.deno import ASSETS
from pando_shared.text import printable

FILES = {"/": "monitor.html", "/monitor.js": "monitor.js", "/monitor.css": "monitor.css"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class VolunteerStatus(BaseModel):
    """One row of the table.

    `throughput` is in items a second since it joined, `load` in seconds of work a slot and second. What begins with
    `reported` is what the function says of its own work there, in sum.
    """

    id: str
    device: str
    channel: str
    address: str
    state: str
    slots: int
    leases: int
    items: int
    throughput: float
    load: float
    round_trip_ms: float | None
    connected_s: float
    reported_items: float
    reported_units: str
    reported_cpu_ms: float
    reported_data_transfer_ms: float


class JobStatus(BaseModel):
    """The whole table."""

    job: str
    read: int
    waiting: int
    lent: int
    held_back: int
    written: int
    left: int
    interval_ms: int
    volunteers: list[VolunteerStatus]


def status(coordinator: Coordinator, name: str, interval: float, now: float) -> JobStatus:
    """Returns what the page shows. `interval` is in seconds, `now` of the coordinator's clock."""
    lender = coordinator.lender
    return JobStatus(
        job=name,
        read=lender.read_count,
        waiting=lender.waiting,
        lent=lender.lent,
        held_back=lender.held_back,
        written=lender.written_count,
        left=coordinator.left,
        interval_ms=round(interval * 1000),
        volunteers=[_row(volunteer, now) for volunteer in coordinator.volunteers.values()],
    )


def _row(volunteer: ConnectedVolunteer, now: float) -> VolunteerStatus:
    session = volunteer.session
    seconds = max(1e-3, now - volunteer.since)
    info = session.info
    state = "suspect" if session.suspect else "connecting" if info is None else "ready" if info.slots else "paused"
    return VolunteerStatus(
        id=volunteer.id,
        device=printable(info.device, 64) if info else "",
        channel=volunteer.kind,
        address=volunteer.peer,
        state=state,
        slots=session.slots,
        leases=session.in_flight,
        items=session.tally.items,
        throughput=round(session.tally.items / seconds, 2),
        load=round(session.tally.busy_us / 1e6 / seconds / max(1, session.slots), 3),
        round_trip_ms=None if session.round_trip is None else round(session.round_trip * 1000, 1),
        connected_s=round(seconds, 1),
        reported_items=session.reports.items,
        reported_units=printable(session.reports.units),
        reported_cpu_ms=session.reports.cpu_ms,
        reported_data_transfer_ms=session.reports.data_transfer_ms,
    )


def create_app(
    coordinator: Coordinator, name: str, interval: float, clock: Callable[[], float] = time.monotonic
) -> FastAPI:
    """Returns the application that serves the page and its data."""
    app = FastAPI(title="Pando monitoring", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/status.json")
    async def status_json() -> JobStatus:
        return status(coordinator, name, interval, clock())

    for path, file in FILES.items():
        app.add_api_route(path, _server_of(file), methods=["GET"], response_class=FileResponse)
    return app


def _server_of(file: str) -> Callable[[], FileResponse]:
    def serve() -> FileResponse:
        return FileResponse(ASSETS / file, headers=HEADERS)

    return serve

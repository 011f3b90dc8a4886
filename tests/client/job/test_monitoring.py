"""What the monitoring page is told."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from pando_client.job.monitoring import create_app, status
from pando_client.rendezvous.embedded import EmbeddedServer
from pando_shared.wire.messages import Ready, ReadyInfo, Results
from tests.support.programs import Programs
from tests.support.shells import FakeChannel, job_of


async def test_a_run_in_numbers() -> None:
    job, _ = job_of("1", "2", "3")
    channel = FakeChannel()
    attending = asyncio.create_task(job.attend(channel))
    await channel.hello()
    now = time.monotonic()
    row = status(job.coordinator, "job-1", 3, now).volunteers[0]
    assert (row.state, row.device, row.slots, row.channel, row.address) == ("connecting", "", 0, "fake", "nowhere")
    channel.say(Ready(ReadyInfo(slots=1, device="a\x1b[31mphone")))
    lease = await channel.lease()
    channel.say(Results(lease.lease, 0, 500_000, [b"1"]))
    second = await channel.lease()
    found = status(job.coordinator, "job-1", 2.5, job.coordinator.volunteers[row.id].since + 2)
    assert (found.job, found.interval_ms, found.left) == ("job-1", 2500, 0)
    assert found.read == found.waiting + found.lent + found.held_back + found.written
    row = found.volunteers[0]
    assert (row.state, row.slots, row.items, row.leases) == ("ready", 1, len(lease.items), 1)
    assert row.device == "a\\x1b[31mphone"
    assert row.throughput == pytest.approx(0.5)
    assert row.load == pytest.approx(0.25)
    assert second.lease != lease.lease
    channel.hang_up()
    await attending
    gone = status(job.coordinator, "job-1", 3, now)
    assert (gone.volunteers, gone.left) == ([], 1)


async def test_it_is_served_as_json_and_nothing_else_is() -> None:
    job, _ = job_of("1")
    server = EmbeddedServer(0)
    await server.start(create_app(job.coordinator, "job-1", 3.0))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as http:
            answer = await http.get("/status.json")
            assert answer.status_code == 200
            assert answer.json()["job"] == "job-1"
            assert answer.json()["volunteers"] == []
            for path in ("/openapi.json", "/docs", "/../cli.py", "/bundler.js"):
                assert (await http.get(path)).status_code == 404
            assert (await http.post("/status.json")).status_code == 405
    finally:
        await server.close()


async def test_a_real_client_serves_it_at_the_next_port(programs: Programs) -> None:
    program = await programs.start_pando("f.js", "--port=0", "1", "2")
    found = await program.says(r"Serving monitoring page at (http://127\.0\.0\.1:\d+)\n")
    async with httpx.AsyncClient(base_url=found[1], trust_env=False) as http:
        body = (await http.get("/status.json")).json()
    assert (body["read"], body["written"], body["volunteers"]) == (0, 0, [])

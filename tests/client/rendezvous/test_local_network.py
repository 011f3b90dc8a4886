"""A server and the monitoring page in this process."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys

import httpx
import pytest
from websockets.asyncio.client import connect

from pando_client import console
from pando_client.options import Options
from pando_client.rendezvous.local_network import serve_local_network
from pando_client.rendezvous.signaling import Signaling
from pando_client.tasks import RunScope
from pando_shared import ports
from pando_shared.errors import ServerUnreachable
from tests.support.shells import job_of

WITHIN = 20.0


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(console, "say", lines.append)
    monkeypatch.setattr(ports, "own_addresses", lambda: ["192.168.1.7", "127.0.0.1"])
    return lines


def options(**more: object) -> Options:
    return Options.model_validate({"module": "f.js", "port": 0} | more)


async def test_volunteers_and_the_user_find_their_pages(said: list[str]) -> None:
    job, _ = job_of("1")
    async with asyncio.timeout(WITHIN), RunScope() as scope:
        urls = await serve_local_network(options(), job, "job-1", scope)
        port = urls[1].rpartition(":")[2]
        assert urls == (f"http://192.168.1.7:{port}", f"http://127.0.0.1:{port}")
        assert said[:2] == [f"Serving volunteer code at {url}" for url in urls]
        found = re.fullmatch(r"Serving monitoring page at (http://127\.0\.0\.1:\d+)", said[3])
        assert found is not None
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(found[1] + "/status.json")).json()["job"] == "job-1"
            assert (await http.get(urls[1] + "/api/config")).json()["channels"] == ["websocket", "webrtc"]
        async with connect(f"ws://127.0.0.1:{port}/channel", proxy=None) as websocket:
            assert await websocket.recv()
            assert [volunteer.peer for volunteer in job.coordinator.volunteers.values()] == ["127.0.0.1"]
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", int(port))


async def test_it_is_a_client_of_its_own_server() -> None:
    job, _ = job_of("1")
    async with asyncio.timeout(WITHIN), RunScope() as scope:
        urls = await serve_local_network(options(), job, "job-1", scope)
        async with httpx.AsyncClient(base_url=urls[1], trust_env=False) as http:
            while (await http.get("/healthz")).json()["jobs"] != 1:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)
        assert not any(task.done() for task in scope.tasks)


async def test_a_login_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    news: list[str] = []
    monkeypatch.setattr(console, "debug", news.append)

    async def fail(self: Signaling) -> None:
        raise ServerUnreachable("out of breath")

    async def succeed(self: Signaling) -> None:
        news.append("again")

    async def keep(self: Signaling) -> None:
        news.append("kept")

    monkeypatch.setattr(Signaling, "login", fail)
    monkeypatch.setattr(Signaling, "login_again", succeed)
    monkeypatch.setattr(Signaling, "keep", keep)
    job, _ = job_of("1")
    async with asyncio.timeout(WITHIN), RunScope() as scope:
        await serve_local_network(options(), job, "job-1", scope)
        await asyncio.gather(*scope.tasks)
    assert news == ["out of breath", "again", "kept"]


async def test_a_terminal_gets_a_qr_code(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "is_terminal", lambda: True)
    job, _ = job_of("1")
    async with asyncio.timeout(WITHIN), RunScope() as scope:
        await serve_local_network(options(), job, "job-1", scope)
    assert len(said[0].splitlines()) > 10
    assert said[1].startswith("Serving volunteer code at http://192.168.1.7:")


def test_what_it_needs_can_be_loaded_early() -> None:
    program = (
        "import sys\n"
        "from pando_client.rendezvous.local_network import load_server\n"
        "print('pando_server.app' in sys.modules)\n"
        "load_server()\n"
        "print('pando_server.app' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]

"""A place on a public server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from pando_client import console
from pando_client.options import DEFAULT_STUN, Options
from pando_client.rendezvous import stun
from pando_client.rendezvous.embedded import EmbeddedServer, volunteer_app
from pando_client.rendezvous.offers import OfferAnswerer
from pando_client.rendezvous.public_server import join_public_server
from pando_client.rendezvous.server_url import ServerUrl
from pando_client.rendezvous.signaling import Signaling
from pando_client.tasks import RunScope
from pando_client.user_key import draw_key
from pando_shared.errors import LoginRefused
from pando_shared.signaling import IceServer
from tests.support.shells import job_of

WITHIN = 20.0


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedServer]:
    async def attend(channel: object) -> None:
        return

    server = EmbeddedServer(0)
    await server.start(volunteer_app(server.settings, attend))
    yield server
    await server.close()


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(console, "say", lines.append)
    monkeypatch.setattr(console, "note", lines.append)
    return lines


def options(**more: object) -> Options:
    return Options.model_validate({"module": "f.js"} | more)


async def jobs_of(server: EmbeddedServer) -> int:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as http:
        return int((await http.get("/healthz")).json()["jobs"])


async def test_the_job_is_on_the_server_while_the_run_lasts(server: EmbeddedServer, said: list[str]) -> None:
    job, _ = job_of("1")
    key = draw_key()
    url = f"http://127.0.0.1:{server.port}"
    async with asyncio.timeout(WITHIN):
        async with RunScope() as scope:
            here = ServerUrl.on_this_machine(server.port)
            assert await join_public_server(options(), here, server.secret, key, job, "job-1", scope) == (url,)
            assert await jobs_of(server) == 1
            assert not any(task.done() for task in scope.tasks)
        while await jobs_of(server):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
    assert said == [f"Serving volunteer code at {url}", f"Serving this job alone at {url}/j/job-1#client={key.public};"]


async def test_a_secret_that_is_wrong_starts_nothing(server: EmbeddedServer, said: list[str]) -> None:
    job, _ = job_of("1")
    async with asyncio.timeout(WITHIN), RunScope() as scope:
        here = ServerUrl.on_this_machine(server.port)
        with pytest.raises(LoginRefused, match="has another secret"):
            await join_public_server(options(), here, "0" * 32, draw_key(), job, "job-1", scope)
        assert scope.tasks == []
    assert said == []


@pytest.mark.parametrize(
    ("given", "local", "asked"),
    [
        (None, False, (IceServer(urls=DEFAULT_STUN),)),
        (None, True, ()),
        ((), False, ()),
        ((IceServer(urls="stun:a"),), True, (IceServer(urls="stun:a"),)),
    ],
)
async def test_which_stun_servers_are_used(
    given: Sequence[IceServer] | None, local: bool, asked: Sequence[IceServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[object] = []

    async def without_silent(servers: Sequence[IceServer]) -> list[IceServer]:
        found.append(tuple(servers))
        return []

    async def login(self: Signaling) -> None:
        found.append("login")

    async def keep(self: Signaling) -> None:
        await asyncio.get_running_loop().create_future()

    async def load(self: OfferAnswerer) -> None:
        found.append("load")

    monkeypatch.setattr(stun, "without_silent", without_silent)
    monkeypatch.setattr(Signaling, "login", login)
    monkeypatch.setattr(Signaling, "keep", keep)
    monkeypatch.setattr(OfferAnswerer, "load", load)
    job, _ = job_of("1")
    async with asyncio.timeout(WITHIN), RunScope() as scope:
        server = ServerUrl("https://example.org", loopback=False, local=local)
        ice_servers = None if given is None else tuple(given)
        await join_public_server(options(ice_servers=ice_servers), server, "0" * 32, draw_key(), job, "job-1", scope)
        await asyncio.sleep(0)
    assert found == [tuple(asked), "login", "load"]

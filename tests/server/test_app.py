"""The server's HTTP side and the channel, over real connections on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from pando_server.app import ServerSettings, create_app
from pando_server.relay.limits import Limits
from pando_shared import __version__
from pando_shared.signaling import Health, Nonce, ServerConfig
from tests.support.server_peers import SECRET, Client, Site, Volunteer, site, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(static: Path) -> AsyncIterator[Site]:
    async with site(static, limits=Limits(nonce_burst=10_000)) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def http(here: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with here.http() as client:
        yield client


# Routes.


@pytest.mark.parametrize("path", ["/", "/j/my-job-1"])
async def test_the_page_is_served_at_the_root_and_for_each_job(http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "Pando" in response.text


@pytest.mark.parametrize("path", ["/j/", "/j/UPPER", "/j/" + "x" * 33, "/j/a/b", "/j/a%0a", "/j/%2e%2e"])
async def test_what_is_no_job_name_is_not_found(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/....//etc/passwd",
        "//etc/passwd",
        "/page.js/",
        "/page.js%00.html",
        "/./page.js",
        "/static/../page.js",
        "/%5c..%5cetc",
        "/\x00",
        "/\ufffd",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/.env",
        "/channel",
    ],
)
async def test_there_is_nothing_beside_the_page(here: Site, path: str) -> None:
    reader, writer = await here.tcp()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    status = int(answer.split()[1])
    assert status in (400, 404)
    assert b"root:" not in answer
    assert b"console.log" not in answer


async def test_a_symbolic_name_for_the_icon_is_enough(http: httpx.AsyncClient) -> None:
    assert (await http.get("/favicon.ico")).status_code == 204


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "NONSENSE"])
async def test_only_reading_is_allowed(http: httpx.AsyncClient, method: str) -> None:
    assert (await http.request(method, "/")).status_code == 405


# Answers for programs.


async def test_a_public_server_offers_webrtc_only(http: httpx.AsyncClient) -> None:
    config = ServerConfig.model_validate((await http.get("/api/config")).json())
    assert config == ServerConfig(protocol=2, version=__version__, channels=("webrtc",))


async def test_nonces_are_random_and_not_kept_by_caches(http: httpx.AsyncClient) -> None:
    answers = [await http.get("/api/nonce") for _ in range(3)]
    nonces = {Nonce.model_validate(answer.json()).nonce for answer in answers}
    assert len(nonces) == 3
    assert answers[0].headers["cache-control"] == "no-store"


async def test_an_address_gets_so_many_nonces(static: Path) -> None:
    async with site(static) as here, here.http() as http:
        statuses = [(await http.get("/api/nonce")).status_code for _ in range(40)]
        assert statuses[:20] == [200] * 20
        assert statuses[-1] == 429
        refused = await http.get("/api/nonce")
        assert refused.json()["error"]["code"] == "throttled"
        assert refused.headers["retry-after"] == "5"
        assert (await http.get("/healthz")).status_code == 200


async def test_health_counts_jobs_and_volunteers(static: Path) -> None:
    async with site(static) as here, here.http() as http:
        client, volunteer = await Client(here).connect(), await Volunteer(here).connect()
        await client.report(2)
        await until(lambda: here.relay.volunteers == 3)
        assert Health.model_validate((await http.get("/healthz")).json()) == Health(jobs=1, volunteers=3)
        await volunteer.close()
        await client.close()


async def test_long_polling_is_not_served(http: httpx.AsyncClient) -> None:
    assert (await http.get("/socket.io/?EIO=4&transport=polling")).status_code == 400
    assert (await http.get("/socket.io/?EIO=4&transport=websocket")).status_code == 400


# The channel of a server inside a client.


class Echo:
    """A channel handler that sends back what comes."""

    def __init__(self) -> None:
        self.ended = 0

    async def __call__(self, websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            while True:
                await websocket.send_bytes(await websocket.receive_bytes())
        except WebSocketDisconnect:
            self.ended += 1


async def test_a_server_inside_a_client_has_a_channel_and_says_so(static: Path) -> None:
    echo = Echo()
    async with site(static, channel=echo) as here, here.http() as http:
        assert (await http.get("/api/config")).json()["channels"] == ["websocket", "webrtc"]
        async with connect(f"ws://127.0.0.1:{here.port}/channel", origin=Origin(here.url), proxy=None) as websocket:
            frame = bytes(61_440)
            await websocket.send(frame)
            assert await websocket.recv() == frame
        await until(lambda: echo.ended == 1)
        await until(lambda: "0 sockets" in repr(here.relay))


async def test_a_page_of_another_site_cannot_open_a_channel(static: Path) -> None:
    async with site(static, channel=Echo()) as here:
        with pytest.raises(InvalidStatus, match="403"):
            async with connect(
                f"ws://127.0.0.1:{here.port}/channel", origin=Origin("https://evil.example"), proxy=None
            ):
                pass


async def test_channels_count_as_connections(static: Path) -> None:
    async with site(static, channel=Echo(), limits=Limits(sockets_per_address=1)) as here:
        url = f"ws://127.0.0.1:{here.port}/channel"
        async with connect(url, proxy=None):
            with pytest.raises(InvalidStatus, match="503"):
                async with connect(url, proxy=None):
                    pass
        await until(lambda: "0 sockets" in repr(here.relay))


async def test_a_channel_that_fails_costs_one_connection(static: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(websocket: WebSocket) -> None:
        await websocket.accept()
        raise RuntimeError("a bug")

    async with site(static, channel=fail) as here, here.http() as http:
        async with connect(f"ws://127.0.0.1:{here.port}/channel", proxy=None) as websocket:
            await websocket.wait_closed()
        assert (await http.get("/healthz")).status_code == 200
    assert "Traceback" not in caplog.text
    assert "/channel failed: RuntimeError" in caplog.text


async def test_the_server_ends_within_a_second_with_open_channels(static: Path) -> None:
    async with site(static, channel=Echo()) as here, here.http() as http:
        await http.get("/healthz")  # This connection stays open.
        websocket = await connect(f"ws://127.0.0.1:{here.port}/channel", proxy=None)
        assert await here.stop() < 1
        await websocket.wait_closed()


async def test_a_public_server_has_no_channel(here: Site) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        async with connect(f"ws://127.0.0.1:{here.port}/channel", proxy=None):
            pass


async def test_the_secret_does_not_show_in_the_state_of_the_server(static: Path) -> None:
    app: FastAPI = create_app(ServerSettings(secret=SECRET, embedded=True), static=static)
    assert SECRET not in repr(vars(app.state))

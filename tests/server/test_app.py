"""The server's HTTP side and the channel, over real connections on loopback."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import re
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
from pando_server.http.policies import PAGE_POLICY, frame_policy
from pando_server.relay.limits import Limits
from pando_shared import __version__
from pando_shared.errors import PandoError
from pando_shared.signaling import Health, Nonce, ServerConfig
from tests.support.server_peers import SECRET, Client, Site, Volunteer, site, until, write_page

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(static: Path) -> AsyncIterator[Site]:
    async with site(static, limits=Limits(nonce_burst=10_000)) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def http(here: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with here.http() as client:
        yield client


# Pages.


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
    ("path", "media_type"), [("/page.js", "text/javascript; charset=utf-8"), ("/style.css", "text/css; charset=utf-8")]
)
async def test_the_files_of_the_page_have_their_types(http: httpx.AsyncClient, path: str, media_type: str) -> None:
    response = await http.get(path)
    assert (response.status_code, response.headers["content-type"]) == (200, media_type)


async def test_every_answer_carries_the_headers_that_protect_it(http: httpx.AsyncClient) -> None:
    for path in ("/", "/page.js", "/api/config", "/healthz", "/nothing", "/socket.io/", "/favicon.ico"):
        headers = (await http.get(path)).headers
        assert headers["content-security-policy"] == PAGE_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
        assert not [name for name in headers if name.startswith("access-control-")]


async def test_the_frame_is_sandboxed_by_its_own_policy(http: httpx.AsyncClient) -> None:
    policy = (await http.get("/frame.html")).headers["content-security-policy"]
    assert policy == frame_policy()
    assert policy.startswith("sandbox allow-scripts;")
    assert "connect-src 'none'" in policy


async def test_the_frame_with_a_page_runs_one_script_and_what_that_evaluates(http: httpx.AsyncClient) -> None:
    response = await http.get("/page_frame.html")
    policy = directives(response)
    [script] = re.findall(r"<script>(.*)</script>", response.text)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == [f"'sha256-{digest}'", "'unsafe-eval'", "'wasm-unsafe-eval'"]
    assert policy["sandbox"] == ["allow-scripts"]
    assert policy["default-src"] == policy["connect-src"] == ["'none'"]
    assert policy["img-src"] == policy["media-src"] == ["data:", "blob:"]


@pytest.mark.parametrize("path", ["/frame.html", "/page_frame.html"])
async def test_a_frame_reaches_the_hosts_that_its_address_names_and_no_others(
    http: httpx.AsyncClient, path: str
) -> None:
    policy = directives(await http.get(path, params={"net": "a.example,https://b.example:8443"}))
    hosts = ["http://a.example", "ws://a.example", "https://b.example:8443"]
    assert policy["connect-src"] == hosts
    assert [name for name, values in policy.items() if "http://a.example" in values] == (
        ["connect-src"] if path == "/frame.html" else ["style-src", "img-src", "media-src", "font-src", "connect-src"]
    )
    assert directives(await http.get(path, params={"net": "*"}))["connect-src"] == ["*"]
    plain = await http.get(path)
    assert "example" not in plain.headers["content-security-policy"]


@pytest.mark.parametrize("net", ["", "a b", "a;script-src *", "'self'", "a,", "*,a", "data:", "a\r\nx: y", "A.example"])
async def test_nothing_but_hosts_gets_into_a_policy(http: httpx.AsyncClient, net: str) -> None:
    response = await http.get("/frame.html", params={"net": net})
    assert response.status_code == 400
    assert response.headers["content-security-policy"] == PAGE_POLICY


def directives(response: httpx.Response) -> dict[str, list[str]]:
    """The Content-Security-Policy of a response."""
    parts = [part.split() for part in response.headers["content-security-policy"].split(";")]
    return {name: values for name, *values in parts}


async def test_a_page_is_asked_for_again_and_not_sent_again(http: httpx.AsyncClient) -> None:
    for accepted in ("gzip", "identity"):
        first = await http.get("/page.js", headers={"accept-encoding": accepted})
        assert first.headers["cache-control"] == "no-cache"
        for known in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
            second = await http.get("/page.js", headers={"accept-encoding": accepted, "if-none-match": known})
            assert (second.status_code, second.content) == (304, b"")
            assert second.headers["etag"] == first.headers["etag"]
        assert (await http.get("/page.js", headers={"if-none-match": '"other"'})).status_code == 200


async def test_files_are_compressed_for_those_who_take_it(http: httpx.AsyncClient, static: Path) -> None:
    body = (static / "page.js").read_bytes()
    async with http.stream("GET", "/page.js", headers={"accept-encoding": "br, GZIP;q=0.5"}) as packed:
        raw = b"".join([part async for part in packed.aiter_raw()])
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == body
    assert len(raw) < len(body) / 2
    for accepted in ("identity", "gzip;q=0", "br", ""):
        plain = await http.get("/page.js", headers={"accept-encoding": accepted})
        assert "content-encoding" not in plain.headers
        assert plain.content == body
        assert plain.headers["vary"] == "accept-encoding"
        assert plain.headers["etag"] != packed.headers["etag"]


async def test_what_does_not_shrink_is_sent_as_it_is(http: httpx.AsyncClient) -> None:
    assert "content-encoding" not in (await http.get("/style.css", headers={"accept-encoding": "gzip"})).headers


async def test_head_tells_the_same_without_the_body(http: httpx.AsyncClient) -> None:
    head, whole = await http.head("/page.js"), await http.get("/page.js")
    assert head.content == b""
    assert head.headers["content-length"] == whole.headers["content-length"]


async def test_ranges_are_not_served(http: httpx.AsyncClient) -> None:
    many = "bytes=" + ",".join(f"{number}-" for number in range(1_000))
    for wanted in ("bytes=0-0", many, "bytes=-1", "bytes=99999999999-"):
        response = await http.get("/page.js", headers={"range": wanted})
        assert response.status_code == 200
        assert "content-range" not in response.headers


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


async def test_a_page_that_was_not_built_is_one_clear_error(tmp_path: Path) -> None:
    settings = ServerSettings(secret=SECRET, embedded=True)
    with pytest.raises(PandoError, match=r"^the volunteer page is not built: index.html, .*make page`$"):
        create_app(settings, static=tmp_path)


async def test_files_in_folders_and_of_other_types_are_served_too(tmp_path: Path) -> None:
    write_page(tmp_path)
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "a.svg").write_text("<svg/>")
    (tmp_path / "favicon.ico").write_bytes(b"\x00")
    (tmp_path / "blob.bin").write_bytes(b"\x00")
    async with site(tmp_path) as here, here.http() as http:
        assert (await http.get("/img/a.svg")).headers["content-type"] == "image/svg+xml"
        assert (await http.get("/favicon.ico")).headers["content-type"] == "image/x-icon"
        assert (await http.get("/blob.bin")).headers["content-type"] == "application/octet-stream"


# Answers for programs.


async def test_a_public_server_offers_webrtc_only(http: httpx.AsyncClient) -> None:
    config = ServerConfig.model_validate((await http.get("/api/config")).json())
    assert config == ServerConfig(protocol=1, version=__version__, channels=("webrtc",))


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


# Errors of ours.


async def test_an_error_of_ours_is_a_plain_500_without_details(
    static: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> str:
        raise RuntimeError(SECRET)

    async with site(static) as here, here.http() as http:
        monkeypatch.setattr(here.relay, "nonce", fail)
        answers = [await http.get("/api/nonce") for _ in range(3)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(500, "an error of the server")}
    assert SECRET not in caplog.text
    assert [record.getMessage() for record in caplog.records if record.name == "pando_server"] == [
        "/api/nonce failed: RuntimeError"
    ]


async def test_the_secret_does_not_show_in_the_state_of_the_server(static: Path) -> None:
    app: FastAPI = create_app(ServerSettings(secret=SECRET, embedded=True), static=static)
    assert SECRET not in repr(vars(app.state))

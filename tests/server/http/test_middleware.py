"""What every response carries, and what an error of the application becomes."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pando_server.http.middleware import MAX_HEADER, DefaultHeaders
from pando_server.http.policies import PAGE_POLICY
from tests.support.server_peers import SECRET, site

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_response_carries_the_headers_that_protect_it(http: httpx.AsyncClient) -> None:
    for path in ("/", "/page.js", "/api/config", "/healthz", "/nothing", "/socket.io/", "/favicon.ico"):
        headers = (await http.get(path)).headers
        assert headers["content-security-policy"] == PAGE_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
        assert not [name for name in headers if name.startswith("access-control-")]


async def test_an_error_of_ours_is_a_plain_500_without_details(
    static: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> str:
        raise RuntimeError(SECRET)

    async with site(static) as here, here.http() as http:
        monkeypatch.setattr(here.relay, "nonce", fail)
        responses = [await http.get("/api/nonce") for _ in range(3)]
    assert {(response.status_code, response.text) for response in responses} == {(500, "an error of the server")}
    assert SECRET not in caplog.text
    assert [record.getMessage() for record in caplog.records if record.name == "pando_server"] == [
        "/api/nonce failed: RuntimeError"
    ]


Sent = list[Message]


async def through(app: ASGIApp, kind: str = "http", *headers: tuple[bytes, bytes]) -> Sent:
    """Sends one request through the middleware round `app`. Returns what comes out."""
    sent: Sent = []

    async def receive() -> Message:
        raise AssertionError("nothing here reads a body")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": kind, "path": "/p", "raw_path": b"/p", "headers": list(headers)}
    await DefaultHeaders(app, "a policy")(scope, receive, send)
    return sent


def responding(*headers: tuple[bytes, bytes], kind: str = "http.response.start") -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": kind, "status": 200, "headers": list(headers)})

    return app


@pytest.mark.parametrize("kind", ["http.response.start", "websocket.http.response.start"])
async def test_a_response_keeps_the_headers_that_it_has(kind: str) -> None:
    [start] = await through(responding((b"cache-control", b"no-cache"), kind=kind))
    headers = dict(start["headers"])
    assert headers[b"cache-control"] == b"no-cache"
    assert headers[b"content-security-policy"] == b"a policy"
    assert headers[b"x-content-type-options"] == b"nosniff"


async def test_the_start_and_the_end_of_the_server_pass_through() -> None:
    started = responding(kind="lifespan.startup.complete")
    assert await through(started, "lifespan") == [{"type": "lifespan.startup.complete", "status": 200, "headers": []}]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ((b"content-length", b"1"), 413),
        ((b"transfer-encoding", b"chunked"), 413),
        ((b"x", b"y" * MAX_HEADER), 431),
        ((b"content-length", b"0"), 200),
        ((b"x", b"y" * (MAX_HEADER - 3)), 200),
    ],
)
async def test_requests_with_a_body_or_long_headers_are_refused(header: tuple[bytes, bytes], status: int) -> None:
    start, *_ = await through(responding(), "http", header)
    assert start["status"] == status
    assert dict(start["headers"]).get(b"connection") == (b"close" if status >= 400 else None)


async def test_an_error_after_the_start_of_a_response_adds_nothing_to_it(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("a bug")

    assert [message["type"] for message in await through(app)] == ["http.response.start"]
    assert caplog.messages == ["/p failed: RuntimeError"]


async def test_an_error_in_a_websocket_is_logged_and_nothing_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("a bug")

    assert await through(app, "websocket") == []
    assert caplog.messages == ["/p failed: RuntimeError"]

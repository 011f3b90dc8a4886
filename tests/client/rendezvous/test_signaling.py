"""A client's place on a server, against a real one in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest
import socketio
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from pando_client import console
from pando_client.rendezvous import signaling as signaling_module
from pando_client.rendezvous.embedded import EmbeddedServer, volunteer_app
from pando_client.rendezvous.nonces import fetch_nonce
from pando_client.rendezvous.server_url import ServerUrl
from pando_client.rendezvous.signaling import AnswerOffer, Signaling
from pando_shared import PROTOCOL
from pando_shared.errors import LoginRefused, ServerUnreachable
from pando_shared.signaling import Code, ForwardedOffer, Nonce

OFFER = {"volunteer": "v1", "attempt": 1, "sdp": "v=0\r\n", "loopback": True}


@contextlib.asynccontextmanager
async def serving(port: int = 0, secret: str | None = None) -> AsyncIterator[EmbeddedServer]:
    async def attend(channel: object) -> None:
        return None

    server = EmbeddedServer(port, secret)
    await server.start(volunteer_app(server.settings, attend))
    try:
        yield server
    finally:
        await server.close()


async def no_answer(offer: ForwardedOffer) -> str:
    raise AssertionError(offer)


def client_of(port: int, secret: str, job: str = "job-1", answer: AnswerOffer | None = None) -> Signaling:
    async def agree(offer: ForwardedOffer) -> str:
        return f"answer to {offer.volunteer}"

    return Signaling(ServerUrl.on_this_machine(port), secret, job, (), answer or agree, lambda: 3)


async def test_login_and_leave() -> None:
    async with serving() as server:
        signaling = client_of(server.port, server.secret)
        await signaling.login()
        other = client_of(server.port, server.secret)
        with pytest.raises(LoginRefused, match="refuses: "):
            await other.login()  # the name is taken by a run with another key
        await signaling.close()
        await other.login()
        await other.close()


async def test_another_secret() -> None:
    async with serving() as server:
        with pytest.raises(LoginRefused, match="has another secret"):
            await client_of(server.port, "0" * 32).login()


async def test_a_nonce_is_good_for_one_login(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as server:
        nonce = await fetch_nonce(f"http://127.0.0.1:{server.port}")

        async def same(url: str) -> str:
            return nonce

        monkeypatch.setattr(signaling_module, "fetch_nonce", same)
        first = client_of(server.port, server.secret)
        await first.login()
        second = client_of(server.port, server.secret, "job-2")
        with pytest.raises(LoginRefused, match="nonce"):
            await second.login()
        await first.close()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("no offer"), Code.FAILED),
        (OSError("no network"), Code.FAILED),
        (ConnectionRefusedError("too many"), Code.BUSY),
    ],
)
async def test_an_offer_that_cannot_be_answered(error: Exception, code: Code) -> None:
    async def fail(offer: ForwardedOffer) -> str:
        raise error

    answer = await client_of(1, "0" * 32, answer=fail).on_offer(OFFER)
    assert answer["error"]["code"] == code


async def test_offers() -> None:
    signaling = client_of(1, "0" * 32)
    assert await signaling.on_offer(OFFER) == {"sdp": "answer to v1"}
    broken: object
    for broken in (None, [], "x", {}, OFFER | {"sdp": ""}, OFFER | {"attempt": "1"}, OFFER | {"attempt": 99}):
        assert (await signaling.on_offer(broken))["error"]["code"] == Code.INVALID


async def test_a_server_that_hangs_up_in_the_middle_of_a_login() -> None:
    def nonce(connection: ServerConnection, request: Request) -> Response | None:
        answer = Nonce(nonce="0" * 64, protocol=PROTOCOL, version="1.0.0").model_dump_json()
        return connection.respond(HTTPStatus.OK, answer) if request.path == "/api/nonce" else None

    async def hang_up(connection: ServerConnection) -> None:
        await connection.close()

    async with serve(hang_up, "127.0.0.1", 0, process_request=nonce) as server:
        port = server.sockets[0].getsockname()[1]
        signaling = client_of(port, "0" * 32)
        for _ in range(2):
            with pytest.raises(ServerUnreachable, match="does not take connections: it hung up"):
                await signaling.login()


async def test_lost_and_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The server goes, comes back with another secret, and at last with the right one."""
    monkeypatch.setattr(signaling_module, "FIRST_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(signaling_module, "LAST_RETRY_SECONDS", 0.05)
    said: list[str] = []
    news = asyncio.Event()

    def say(text: str) -> None:
        said.append(text)
        news.set()

    async def until(lines: int) -> None:
        # A login that the server does not survive is waited for.
        async with asyncio.timeout(60):
            while len(said) < lines:
                news.clear()
                await news.wait()

    monkeypatch.setattr(console, "say", say)
    async with serving() as server:
        port, secret = server.port, server.secret
        signaling = client_of(port, secret)
        await signaling.login()
        keeping = asyncio.create_task(signaling.keep())
        await asyncio.sleep(0)
    at = f"http://127.0.0.1:{port}"
    await until(1)
    async with serving(port, "another secret of some length"):
        await until(2)
    async with serving(port, secret):
        await until(3)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await signaling.close()
    assert said == [
        f"pando: lost the server at {at} (the server is being restarted); the run goes on, new volunteers have to wait",
        f"pando: the server at {at} has another secret; trying again",
        f"pando: the server at {at} is back",
    ]


async def test_the_number_of_volunteers_is_reported_when_it_changes_and_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signaling_module, "LOOK_EVERY_SECONDS", 0.01)
    counts: list[int] = []
    reported: list[tuple[str, int]] = []
    news = asyncio.Event()

    async def emit(self: socketio.AsyncClient, event: str, data: dict[str, int], **_: object) -> None:
        reported.append((event, data["count"]))
        news.set()
        if len(reported) == 2:
            raise socketio.exceptions.SocketIOError

    def volunteers() -> int:
        counts.append(3 if len(reported) < 3 else 4)
        return counts[-1]

    monkeypatch.setattr(socketio.AsyncClient, "emit", emit)
    monkeypatch.setattr(signaling_module, "REPORT_AFTER_LOOKS", 5)
    signaling = Signaling(ServerUrl.on_this_machine(1), "0" * 32, "job-1", (), no_answer, volunteers)
    keeping = asyncio.create_task(signaling.keep())
    async with asyncio.timeout(10):
        while len(reported) < 4:
            news.clear()
            await news.wait()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert reported == [("volunteers", 3)] * 3 + [("volunteers", 4)]
    assert counts == [3] * 11 + [4], "the first look, and every fifth after it, and the one at which it changed"

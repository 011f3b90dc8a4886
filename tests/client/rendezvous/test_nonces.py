"""The nonce of a login, and what answers instead of a Pando server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pando_client.rendezvous import nonces
from pando_client.rendezvous.nonces import MAX_RESPONSE_BYTES, fetch_nonce
from pando_shared import PROTOCOL
from pando_shared.errors import LoginRefused, NotAPandoServer, ServerAway, ServerError, ServerUnreachable, WrongProtocol
from pando_shared.signaling import Code, Nonce, refusal

NONCE = "0" * 64
REFUSAL = json.dumps(refusal(Code.FULL, "enough for now")).encode()


@asynccontextmanager
async def responding(status: str, body: bytes, *, drip: bool = False) -> AsyncIterator[str]:
    """An HTTP server with one response; yields its URL. With `drip`, a byte follows now and then, for ever."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await reader.readuntil(b"\r\n\r\n")
            assert asked.startswith(b"GET /api/nonce HTTP/1.1\r\n")
            writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode() + body)
            while drip:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)  # sooner than any one read may time out
        except OSError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def nonce(protocol: int = PROTOCOL) -> bytes:
    return Nonce(nonce=NONCE, protocol=protocol, version="9.9").model_dump_json().encode()


async def test_the_nonce_of_a_server() -> None:
    async with responding("200 OK", nonce()) as url:
        assert await fetch_nonce(url) == NONCE


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        ("429 Too Many Requests", REFUSAL, LoginRefused, "^the server at http://[^ ]+ refuses: enough for now$"),
        ("503 Service Unavailable", REFUSAL, LoginRefused, "refuses: enough for now"),
        ("200 OK", b"<html>", NotAPandoServer, "is not a Pando server"),
        ("404 Not Found", b"", NotAPandoServer, "there is no Pando server at"),
        ("502 Bad Gateway", nonce(), ServerAway, "answers with status 502: is the server behind it running"),
        ("200 OK", b" " * 2 * MAX_RESPONSE_BYTES + nonce(), NotAPandoServer, "is not a Pando server"),
        (
            "200 OK",
            nonce(PROTOCOL + 1),
            WrongProtocol,
            rf"runs Pando 9.9 \(version {PROTOCOL + 1} of the protocol\), and this is Pando",
        ),
        ("nonsense", b"", ServerUnreachable, "does not answer: "),
    ],
)
async def test_what_cannot_be_used(status: str, body: bytes, error: type[ServerError], says: str) -> None:
    async with responding(status, body) as url:
        with pytest.raises(error, match=says):
            await fetch_nonce(url)


async def test_no_server_at_all() -> None:
    async with responding("200 OK", b"") as url:
        pass
    with pytest.raises(ServerUnreachable, match="does not answer: "):
        await fetch_nonce(url)


async def test_a_server_that_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nonces, "HTTP_TIMEOUT_SECONDS", 0.3)
    async with responding("200 OK", b"", drip=True) as url:
        with pytest.raises(ServerUnreachable, match="does not answer within"):
            await fetch_nonce(url)


@pytest.mark.parametrize(("header", "wait"), [("Retry-After: 7", 7), ("Retry-After: soon", 1), ("X: 1", 1)])
async def test_a_server_without_room_says_how_long_to_wait(header: str, wait: float) -> None:
    async with responding(f"503 Service Unavailable\r\n{header}", REFUSAL) as url:
        with pytest.raises(LoginRefused) as caught:
            await fetch_nonce(url)
    assert caught.value.wait_seconds == wait

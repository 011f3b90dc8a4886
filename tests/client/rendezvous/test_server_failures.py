"""Why a server could not be reached, in words, by what the libraries raise and what answers in its place."""

from __future__ import annotations

import errno
import socket
import ssl

import httpx
import pytest

from pando_client.rendezvous.outbound import Way
from pando_client.rendezvous.server_failures import of_exception, of_response, of_websocket, websocket_blocked
from pando_shared.errors import (
    CertificateRefused,
    LoginRefused,
    NotAPandoServer,
    ServerAway,
    ServerError,
    ServerUnreachable,
    WebSocketBlocked,
)

URL = "https://pando.example"
DIRECT = Way()


def certificate_error(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("a text of the library")
    error.verify_code = code
    return error


@pytest.mark.parametrize(
    ("status", "location", "body", "kind", "said"),
    [
        (502, "", b"", ServerAway, "answers with status 502: is the server behind it running?"),
        (503, "", b"<html>", ServerAway, "answers with status 503: is the server behind it running?"),
        (429, "", b"", LoginRefused, "wants fewer logins: wait a minute"),
        (403, "", b"", NotAPandoServer, "something before it, such as a firewall, does not let this machine in"),
        (404, "", b"", NotAPandoServer, "(status 404): is the address right?"),
        (500, "", b"", NotAPandoServer, "answers with status 500: something is wrong there"),
        (204, "", b"", NotAPandoServer, "is not a Pando server (status 204)"),
        (200, "", b" <!DOCTYPE html>", NotAPandoServer, "is not a Pando server: it sends a web page"),
        (200, "", b"{}", NotAPandoServer, "is not a Pando server"),
        (301, "https://new.example/api/nonce", b"", NotAPandoServer, "has moved: use --host=https://new.example"),
        (
            302,
            "/login?next=/api/nonce",
            b"",
            NotAPandoServer,
            "it leads to https://pando.example/login?next=/api/nonce",
        ),
        (400, "", b"sent to HTTPS port", NotAPandoServer, "takes https only: use --host=https://pando.example"),
        (301, "\x1b[2J", b"", NotAPandoServer, "it leads to https://pando.example/api/[2J"),
    ],
)
def test_what_answers_in_a_servers_place(
    status: int, location: str, body: bytes, kind: type[ServerError], said: str
) -> None:
    error = of_response(status, location, body, URL)
    assert type(error) is kind
    assert said in str(error)
    assert URL in str(error)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), "there is no machine of this name: is it spelled right?"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "its name cannot be looked up now: is this machine on a network?"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "nothing listens at this port"),
        (TimeoutError(), "nothing comes back"),
        (httpx.ConnectTimeout("x"), "nothing comes back"),
        (OSError(errno.EHOSTUNREACH, "x"), "there is no way to it from this machine's network"),
        (httpx.RemoteProtocolError("Server disconnected"), "it hung up"),
        (
            ssl.SSLError("[SSL: WRONG_VERSION_NUMBER]"),
            "does not speak TLS as it should: if it has no https, use --host",
        ),
    ],
)
def test_what_a_library_raises_becomes_words_of_ours(error: Exception, said: str) -> None:
    outer = httpx.ConnectError("All connection attempts failed")
    outer.__cause__ = error
    for raised in (error, outer, ExceptionGroup("several", [error])):
        found = of_exception(raised, URL, DIRECT)
        assert isinstance(found, ServerUnreachable)
        assert said in str(found)
        assert "library" not in str(found)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (9, "it is not valid yet, or the clock of this machine is wrong"),
        (10, "it has expired, or the clock of this machine is wrong"),
        (18, "it is signed by itself"),
        (20, "it is signed by an authority that this machine does not know"),
        (62, "it is for another name: is the name in --host right?"),
        (1, "it cannot be checked (OpenSSL's code 1)"),
    ],
)
def test_why_a_certificate_is_not_trusted(code: int, said: str) -> None:
    error = of_exception(certificate_error(code), URL, DIRECT)
    assert isinstance(error, CertificateRefused)
    assert str(error).startswith(f"the certificate of pando.example is not trusted: {said}")


def test_a_websocket_that_does_not_open_is_named_where_http_was_answered() -> None:
    said = "answers, but its WebSocket does not open: a proxy between may not let WebSockets through"
    assert isinstance(websocket_blocked(URL), WebSocketBlocked)
    assert said in str(of_websocket(RuntimeError("a text of the library"), URL, DIRECT))
    assert "nothing listens at this port" in str(of_websocket(ConnectionRefusedError(), URL, DIRECT))

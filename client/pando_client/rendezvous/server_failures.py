"""Why a server could not be reached, in words: what a library raised, or what answered in the server's place."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import aiohttp
import httpx

from pando_client.rendezvous.outbound import Way
from pando_shared.errors import (
    CertificateRefused,
    LoginRefused,
    NotAPandoServer,
    ServerAway,
    ServerError,
    ServerUnreachable,
    WebSocketBlocked,
)
from pando_shared.text import printable

AWAY = frozenset({502, 503, 504})
"""Statuses of a proxy whose server does not answer, for now (RFC 9110, 15.6.3 to 15.6.5)."""
NONCE_PATH = "/api/nonce"
ADD_AUTHORITY = "SSL_CERT_FILE can name a file with the authority's certificate"
_REASONS = {
    9: "it is not valid yet, or the clock of this machine is wrong",
    10: "it has expired, or the clock of this machine is wrong",
    18: "it is signed by itself; SSL_CERT_FILE can name a file with it",
    19: f"it is signed by an authority that this machine does not know; {ADD_AUTHORITY}",
    20: f"it is signed by an authority that this machine does not know; {ADD_AUTHORITY}",
    21: f"it is signed by an authority that this machine does not know; {ADD_AUTHORITY}",
    62: "it is for another name: is the name in --host right?",
    64: "it is for another name: is the address in --host right?",
}
"""By OpenSSL's code (X509_V_ERR_…, x509_vfy.h)."""
_NO_WAY = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL})


def of_exception(error: BaseException, url: str, way: Way) -> ServerError:
    """Returns what to say of a connection that an HTTP or WebSocket library could not make.

    Args:
        error: what it raised; what it was raised from counts as well.
        url: of the server.
        way: that was taken.
    """
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate(cause, url)
    if way.proxy is not None and (refused := _by_proxy(causes, url, way)) is not None:
        return refused
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return ServerUnreachable(_without_tls(url))
    why = next((words for cause in causes if (words := _in_words(cause)) is not None), None)
    if way.proxy is not None:
        return ServerUnreachable(
            f"the proxy at {printable(way.proxy_address, 100)} ({way.variable}), through which the server at {url} is "
            f"to be reached, does not answer: {why or 'the connection broke'}"
        )
    if why is None:
        why = "it hung up"
        if url.startswith("http:"):
            why += f"; if it takes https only, use --host=https:{url[5:]}"
    return ServerUnreachable(f"the server at {url} does not answer: {why}")


def of_response(status: int, location: str, body: bytes, url: str) -> ServerError:
    """Returns what to say of a response that holds no nonce.

    Args:
        status: of HTTP.
        location: where a redirect leads; empty if nowhere.
        body: its first bytes.
        url: of the server.
    """
    there = f"the server at {url}"
    if status in AWAY:
        return ServerAway(f"{there} answers with status {status}: is the server behind it running?")
    if 300 <= status < 400 and location:
        return NotAPandoServer(_moved(url, location))
    if status == 429:
        return LoginRefused(f"{there} wants fewer logins: wait a minute")
    if status == 400 and b"HTTPS port" in body:  # nginx and Apache say so
        return NotAPandoServer(f"{there} takes https only: use --host=https:{url.partition(':')[2]}")
    if status in (401, 403, 407):
        return NotAPandoServer(
            f"{there} answers with status {status}: something before it, such as a firewall, does not let this "
            "machine in"
        )
    if status == 404:
        return NotAPandoServer(f"there is no Pando server at {url} (status 404): is the address right?")
    if status >= 500:
        return NotAPandoServer(f"{there} answers with status {status}: something is wrong there")
    if status != 200:
        return NotAPandoServer(f"what answers at {url} is not a Pando server (status {status})")
    if re.match(rb"\s*(<!doctype|<html)", body, re.IGNORECASE):
        return NotAPandoServer(f"what answers at {url} is not a Pando server: it sends a web page")
    return NotAPandoServer(f"what answers at {url} is not a Pando server")


def websocket_blocked(url: str, status: int | None = None) -> WebSocketBlocked:
    """Returns what to say of a server that answers HTTP, and whose WebSocket does not open.

    Args:
        url: of the server.
        status: of the response to the upgrade; None if there was none.
    """
    answer = "" if status is None else f" (status {status})"
    return WebSocketBlocked(
        f"the server at {url} answers, but its WebSocket does not open{answer}: "
        "a proxy between may not let WebSockets through"
    )


def of_websocket(error: BaseException, url: str, way: Way) -> ServerError:
    """Returns what to say of a WebSocket that did not open, to a server that has just answered HTTP.

    Args:
        error: what the library raised.
        url: of the server.
        way: that was taken.
    """
    for cause in _causes(error):
        if isinstance(cause, aiohttp.WSServerHandshakeError):
            if cause.status in AWAY:
                return of_response(cause.status, "", b"", url)
            return websocket_blocked(url, cause.status)
    if way.proxy is None and all(_in_words(cause) is None for cause in _causes(error)):
        # A server that is being ended does the same.
        return ServerUnreachable(str(websocket_blocked(url)))
    return of_exception(error, url, way)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """All that an exception was raised from, itself first."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions


def _certificate(error: ssl.SSLCertVerificationError, url: str) -> CertificateRefused:
    why = _REASONS.get(error.verify_code, f"it cannot be checked (OpenSSL's code {error.verify_code})")
    return CertificateRefused(f"the certificate of {urlsplit(url).netloc} is not trusted: {why}")


def _by_proxy(causes: list[BaseException], url: str, way: Way) -> ServerError | None:
    """What to say if the proxy has answered, and refused; None if it has not."""
    for cause in causes:
        # aiohttp has the status in a field, httpx says it at the beginning.
        status = cause.status if isinstance(cause, aiohttp.ClientHttpProxyError) else 0
        if isinstance(cause, httpx.ProxyError) and (found := re.match(r"[1-5]\d\d\b", str(cause))):
            status = int(found[0])
        if status:
            text = f"the proxy at {printable(way.proxy_address, 100)} ({way.variable}) does not let us through to {url}"
            known = {407: "it wants a user name and a password", 403: "its rules forbid it"}
            return ServerUnreachable(f"{text}: {known.get(status, 'it answers')} (status {status})")
    return None


def _without_tls(url: str) -> str:
    return f"the server at {url} does not speak TLS as it should: if it has no https, use --host=http:{url[6:]}"


def _in_words(error: BaseException) -> str | None:
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return "its name cannot be looked up now: is this machine on a network?"
        return "there is no machine of this name: is it spelled right?"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens at this port"
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return "nothing comes back"
    if isinstance(error, OSError) and error.errno in _NO_WAY:
        return "there is no way to it from this machine's network"
    return None


def _moved(url: str, location: str) -> str:
    target = urljoin(url + NONCE_PATH, location)
    shown = printable(target, 200)
    parts = urlsplit(target)
    if parts.scheme in ("http", "https") and parts.path.endswith(NONCE_PATH) and not parts.query:
        return f"the server at {url} has moved: use --host={shown.removesuffix(NONCE_PATH)}"
    return f"what answers at {url} is not a Pando server: it leads to {shown}"

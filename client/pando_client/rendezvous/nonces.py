"""Asks a server for the nonce of a login, and finds out whether what answers is a Pando server at all."""

from __future__ import annotations

import asyncio

import httpx
from pydantic import ValidationError

from pando_client.rendezvous import server_failures
from pando_client.rendezvous.outbound import Way, way_to
from pando_shared import PROTOCOL, __version__
from pando_shared.errors import LoginRefused, ServerUnreachable, WrongProtocol
from pando_shared.signaling import Code, ErrorBody, Nonce, Refusal
from pando_shared.text import printable

HTTP_TIMEOUT_SECONDS = 10.0
"""Time that a server has for all of its response."""
MIN_WAIT_SECONDS, MAX_WAIT_SECONDS = 1.0, 600.0
"""For how long a server that is too busy may send a client away; the shorter one if it does not say."""
MAX_RESPONSE_BYTES = 64 * 1024
"""Bytes that are read of the response of what may not be a Pando server."""


async def fetch_nonce(url: str) -> str:
    """Returns a nonce, which is good for one login.

    Args:
        url: of the server, without a trailing slash.

    Raises:
        ServerError: the server cannot be used; the class says why.
    """
    way = await asyncio.to_thread(way_to, url)
    try:
        # httpx limits each read only; a server that sends a byte now and then would keep us for ever.
        async with asyncio.timeout(HTTP_TIMEOUT_SECONDS):
            status, headers, body = await _get(url + server_failures.NONCE_PATH, way)
    except TimeoutError:
        raise ServerUnreachable(f"the server at {url} does not answer within {HTTP_TIMEOUT_SECONDS:.0f} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise server_failures.of_exception(error, url, way) from None
    if status >= 400 and (refused := _refused(body)) is not None:
        wait = _wait(headers.get("retry-after", "")) if refused.code in (Code.FULL, Code.THROTTLED) else None
        raise LoginRefused(f"the server at {url} refuses: {printable(refused.text)}", wait)
    try:
        if status != 200:
            raise ValueError("not a nonce, whatever the body is")
        nonce = Nonce.model_validate_json(body)
    except ValueError:
        raise server_failures.of_response(status, headers.get("location", ""), body, url) from None
    if nonce.protocol != PROTOCOL:
        raise WrongProtocol(
            f"the server at {url} runs Pando {printable(nonce.version)} (version {nonce.protocol} of the protocol),"
            f" and this is Pando {__version__} (version {PROTOCOL}): install the same Pando on both"
        )
    return nonce.nonce


async def _get(url: str, way: Way) -> tuple[int, httpx.Headers, bytes]:
    """Returns the status, the headers, and the beginning of the body."""
    proxy = None
    if way.proxy is not None:
        proxy = httpx.Proxy(way.proxy, ssl_context=way.tls if way.proxy.startswith("https:") else None)
    # trust_env: what the environment says is in `way`, so that the Socket.IO connection that follows goes the same way.
    async with (
        httpx.AsyncClient(timeout=HTTP_TIMEOUT_SECONDS, trust_env=False, proxy=proxy, verify=way.tls or False) as http,
        http.stream("GET", url) as response,
    ):
        body = bytearray()
        async for part in response.aiter_raw(MAX_RESPONSE_BYTES):
            body += part
            if len(body) >= MAX_RESPONSE_BYTES:
                break
    return response.status_code, response.headers, bytes(body)


def _refused(body: bytes) -> ErrorBody | None:
    try:
        return Refusal.model_validate_json(body).error
    except ValidationError:
        return None


def _wait(text: str) -> float:
    """Returns the seconds of `Retry-After` (RFC 9110, section 10.2.3), within bounds."""
    seconds = float(text) if text.isascii() and text.isdigit() else 0.0
    return min(max(seconds, MIN_WAIT_SECONDS), MAX_WAIT_SECONDS)

"""Asks a server for the nonce of a login, and finds out whether what answers is a Pando server at all."""

from __future__ import annotations

import asyncio

import httpx
from pydantic import ValidationError

from pando_shared import PROTOCOL, __version__
from pando_shared.errors import LoginRefused, NotAPandoServer, ServerUnreachable, WrongProtocol
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
    try:
        async with (
            # httpx limits each read only; a server that sends a byte now and then would keep us for ever.
            asyncio.timeout(HTTP_TIMEOUT_SECONDS),
            # No proxy: the Socket.IO connection that follows does not use one either.
            httpx.AsyncClient(timeout=HTTP_TIMEOUT_SECONDS, trust_env=False) as http,
            http.stream("GET", url + "/api/nonce") as response,
        ):
            body = bytearray()
            async for part in response.aiter_raw(MAX_RESPONSE_BYTES):
                body += part
                if len(body) >= MAX_RESPONSE_BYTES:
                    break
    except TimeoutError:
        raise ServerUnreachable(f"the server at {url} does not answer within {HTTP_TIMEOUT_SECONDS:.0f} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        why = printable(error) or type(error).__name__
        raise ServerUnreachable(f"the server at {url} does not answer: {why}") from None
    if response.status_code >= 400:
        refused = _refused(bytes(body))
        if refused is not None:
            wait = _wait(response) if refused.code in (Code.FULL, Code.THROTTLED) else None
            raise LoginRefused(f"the server at {url} refuses: {printable(refused.text)}", wait)
    try:
        nonce = Nonce.model_validate_json(bytes(body))
    except ValidationError:
        raise NotAPandoServer(f"what answers at {url} is not a Pando server") from None
    if nonce.protocol != PROTOCOL:
        raise WrongProtocol(
            f"the server at {url} runs Pando {printable(nonce.version)} (version {nonce.protocol} of the protocol),"
            f" and this is Pando {__version__} (version {PROTOCOL}): install the same Pando on both"
        )
    return nonce.nonce


def _refused(body: bytes) -> ErrorBody | None:
    try:
        return Refusal.model_validate_json(body).error
    except ValidationError:
        return None


def _wait(response: httpx.Response) -> float:
    """Returns the seconds of `Retry-After` (RFC 9110, section 10.2.3), within bounds."""
    text = response.headers.get("retry-after", "")
    seconds = float(text) if text.isascii() and text.isdigit() else 0.0
    return min(max(seconds, MIN_WAIT_SECONDS), MAX_WAIT_SECONDS)

"""Asks a server for the nonce of a login, and finds out whether what answers is a Pando server at all."""

from __future__ import annotations

import asyncio

import httpx
from pydantic import ValidationError

from pando_shared import PROTOCOL
from pando_shared.errors import LoginRefused, NotAPandoServer, ServerUnreachable, WrongProtocol
from pando_shared.signaling import Nonce
from pando_shared.text import printable

HTTP_TIMEOUT_SECONDS = 10.0
"""Time that a server has for all of its response."""
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
    if response.status_code == 429:
        raise LoginRefused(f"the server at {url} wants fewer logins: wait a minute")
    try:
        nonce = Nonce.model_validate_json(bytes(body))
    except ValidationError:
        raise NotAPandoServer(f"what answers at {url} is not a Pando server") from None
    if nonce.protocol != PROTOCOL:
        raise WrongProtocol(
            f"the server at {url} speaks version {nonce.protocol} of the protocol"
            f" (Pando {printable(nonce.version)}), and this client version {PROTOCOL}:"
            " install the same Pando on both"
        )
    return nonce.nonce

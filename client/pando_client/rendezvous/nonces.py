"""Asks a server for the nonce of a login, and finds out whether what answers is a Pando server at all."""

from __future__ import annotations

import asyncio

import httpx

from pando_client.rendezvous import server_failures
from pando_client.rendezvous.outbound import Way, way_to
from pando_shared import PROTOCOL
from pando_shared.errors import ServerUnreachable, WrongProtocol
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
    way = await asyncio.to_thread(way_to, url)
    try:
        # httpx limits each read only; a server that sends a byte now and then would keep us for ever.
        async with asyncio.timeout(HTTP_TIMEOUT_SECONDS):
            status, location, body = await _get(url + server_failures.NONCE_PATH, way)
    except TimeoutError:
        raise ServerUnreachable(f"the server at {url} does not answer within {HTTP_TIMEOUT_SECONDS:.0f} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise server_failures.of_exception(error, url, way) from None
    try:
        if status != 200:
            raise ValueError("not a nonce, whatever the body is")
        nonce = Nonce.model_validate_json(body)
    except ValueError:
        raise server_failures.of_response(status, location, body, url) from None
    if nonce.protocol != PROTOCOL:
        raise WrongProtocol(
            f"the server at {url} speaks version {nonce.protocol} of the protocol"
            f" (Pando {printable(nonce.version)}), and this client version {PROTOCOL}:"
            " install the same Pando on both"
        )
    return nonce.nonce


async def _get(url: str, way: Way) -> tuple[int, str, bytes]:
    """Returns the status, where it leads if that is elsewhere, and the beginning of the body."""
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
    return response.status_code, response.headers.get("location", ""), bytes(body)

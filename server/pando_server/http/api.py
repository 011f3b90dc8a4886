"""The small JSON interface: what a server offers, jobs, nonces, health; and refusals where a browser can read them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

from fastapi import FastAPI
from fastapi import Path as PathParameter
from starlette.requests import Request
from starlette.responses import JSONResponse

from pando_server.peers import Peer, TrustedProxies, foreign_origin, header, without_usual_port
from pando_server.relay.admission import MAX_SHOWN, PASS_HOST_ON
from pando_server.relay.instructions import Refused
from pando_server.relay.relay import Relay
from pando_shared import PROTOCOL, __version__
from pando_shared.signaling import Code, Health, JobInfo, Nonce, ServerConfig, refusal
from pando_shared.text import printable

READ = ["GET", "HEAD"]
STATUS = {Code.FULL: 503, Code.THROTTLED: 429, Code.GONE: 404, Code.HOST: 403}
"""Of a response that is a refusal."""
RETRY_SECONDS = {Code.FULL: 30, Code.THROTTLED: 5}
"""How long whoever is refused should wait."""
VOLUNTEERS = ("Mozilla/", "Deno/")
"""How the programs call themselves that volunteers run in."""

Outdated: TypeAlias = Callable[[str], None]
"""Is called with the address of a volunteer that speaks another version."""
Channels: TypeAlias = tuple[Literal["websocket", "webrtc"], ...]


def serve_api(
    app: FastAPI,
    relay: Relay,
    proxies: TrustedProxies,
    channels: Channels,
    clock: Callable[[], float],
    outdated: Outdated,
) -> None:
    """Adds the routes below `/api`, and `/healthz`.

    Args:
        app: gets them.
        relay: knows jobs, nonces and room.
        proxies: those that are believed.
        channels: the kinds that this server offers, the default first.
        clock: seconds, monotonic.
        outdated: hears of volunteers of version 1, which say nothing of themselves when they ask.
    """

    def admitted(request: Request) -> tuple[Peer, JSONResponse | None]:
        """Returns who asks, and the refusal if there is no room for a socket of theirs."""
        peer = proxies.peer(request.scope)
        return peer, _refusing(_refused_origin(request, proxies) or relay.room(peer.address))

    @app.get("/api/config", response_model=ServerConfig, response_model_exclude_none=True)
    async def config(request: Request) -> ServerConfig | JSONResponse:
        peer, refused = admitted(request)
        if "protocol" not in request.query_params and (header(request.scope, b"user-agent") or "").startswith(
            VOLUNTEERS
        ):
            outdated(peer.address)
        return refused or ServerConfig(channels=channels, job=relay.job(None))

    @app.get("/api/jobs/{name}", response_model=JobInfo, response_model_exclude_none=True)
    async def job(request: Request, name: Annotated[str, PathParameter()]) -> JobInfo | JSONResponse:
        _, refused = admitted(request)
        found = relay.job(name)
        if refused is None and found is None:
            refused = _refusing(Refused(Code.GONE, "there is no job of this name now"))
        return refused or found  # type: ignore[return-value]  # one of them is there

    @app.get("/api/nonce", response_model=Nonce)
    async def nonce(request: Request) -> Nonce | JSONResponse:
        peer, refused = admitted(request)
        if refused is not None:
            return refused
        drawn = secrets.token_hex(32)
        refused = _refusing(relay.nonce(peer.address, drawn, clock()).refused)
        return refused or Nonce(protocol=PROTOCOL, version=__version__, nonce=drawn)

    @app.api_route("/healthz", methods=READ)
    async def healthz() -> Health:
        return Health(jobs=relay.jobs, volunteers=relay.volunteers)


def _refused_origin(request: Request, proxies: TrustedProxies) -> Refused | None:
    """Returns why the WebSocket of a page would be refused, if it would.

    A page says as `host` where it is: browsers send no `Origin` with this request, and hide why a WebSocket is
    refused.
    """
    if foreign_origin(request.scope, proxies) is not None:
        return Refused(Code.HOST, "another site's page may not connect")
    page = request.query_params.get("host")
    if page is None:
        return None
    came = proxies.host_like(request.scope, page)
    if without_usual_port(page) != without_usual_port(came):
        shown = printable(page, MAX_SHOWN), printable(came, MAX_SHOWN)
        proxies.warn("host", f"a page at {shown[0]} asked this server, which is asked for as {shown[1]}")
        return Refused(Code.HOST, f"this page is at {shown[0]}, and its requests come to {shown[1]}: {PASS_HOST_ON}")
    return None


def _refusing(refused: Refused | None) -> JSONResponse | None:
    if refused is None:
        return None
    wait = RETRY_SECONDS.get(refused.code)
    headers = {} if wait is None else {"retry-after": str(wait)}
    return JSONResponse(refusal(refused.code, refused.text), STATUS[refused.code], headers)

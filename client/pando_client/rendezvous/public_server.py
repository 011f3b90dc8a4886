"""Volunteers of a public server: this client logs in there and answers their offers."""

from __future__ import annotations

import asyncio

from pando_client import console
from pando_client.job.job import Job
from pando_client.options import DEFAULT_STUN, Options
from pando_client.rendezvous.offers import OfferAnswerer
from pando_client.rendezvous.server_url import ServerUrl
from pando_client.tasks import RunScope
from pando_client.user_key import UserKey
from pando_shared.signaling import IceServer


async def join_public_server(
    options: Options, server: ServerUrl, secret: str, key: UserKey, job: Job, name: str, scope: RunScope
) -> tuple[str, ...]:
    """Logs in to a public server, and says where volunteers find it.

    Args:
        options: of the run.
        server: where it is.
        secret: proves that we may use it.
        key: of the user; volunteers find its public half in the address of the job.
        job: gets the volunteers.
        name: of the job.
        scope: closes what is started.

    Returns:
        The URL of the volunteer page, alone.

    Raises:
        ServerError: the server cannot be used.
    """
    from pando_client.rendezvous.signaling import Signaling  # only needed here
    from pando_client.rendezvous.stun import without_silent

    ice_servers: tuple[IceServer, ...] = options.ice_servers or ()
    if options.ice_servers is None and not server.local:
        ice_servers = (IceServer(urls=DEFAULT_STUN),)
    ours = await without_silent(ice_servers)
    answerer = OfferAnswerer(job, ours, options.bootstrap_timeout, loopback_possible=server.loopback)
    scope.push_async_callback(answerer.close)
    signaling = Signaling(server, secret, name, ice_servers, answerer.answer, lambda: job.coordinator.ready)
    await signaling.login()
    scope.push_async_callback(signaling.close)
    scope.start(signaling.keep())
    scope.start(_load_early(answerer))
    console.say(f"Serving volunteer code at {server.page}")
    console.say(f"Serving this job alone at {server.url}/j/{name}#client={key.public};")
    return (server.page,)


async def _load_early(answerer: OfferAnswerer) -> None:
    """Imports aiortc before the first volunteer needs it; never returns, as a task of a `RunScope` must not."""
    await answerer.load()
    await asyncio.get_running_loop().create_future()

"""Volunteers of the local network: a server and the monitoring page in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pando_client import console
from pando_client.job.job import Job
from pando_client.options import Options
from pando_client.rendezvous.addresses import for_phones
from pando_client.rendezvous.offers import OfferAnswerer
from pando_client.rendezvous.server_url import ServerUrl
from pando_client.tasks import RunScope
from pando_shared import ports
from pando_shared.errors import ServerError
from pando_shared.signaling import Card

if TYPE_CHECKING:
    from pando_client.rendezvous.signaling import Signaling


def load_server() -> None:
    """Imports what the local network needs; it takes a third of a second, which the bundler needs anyway."""
    from pando_client.job import monitoring  # noqa: F401
    from pando_client.rendezvous import (
        embedded,  # noqa: F401
        signaling,  # noqa: F401
    )


async def serve_local_network(
    options: Options, job: Job, name: str, scope: RunScope, card: Card | None = None
) -> tuple[str, ...]:
    """Starts a server and the monitoring page, and says where they are.

    Args:
        options: of the run.
        job: gets the volunteers.
        name: of the job.
        scope: closes what is started.
        card: what those who may compute are told of the job.

    Returns:
        The URLs of the volunteer page, that of a network first.

    Raises:
        PortBusy: a port is in use.
        UsageError: this user may not open the port.
    """
    from pando_client.job import monitoring  # see load_server
    from pando_client.rendezvous.embedded import EmbeddedServer, volunteer_app
    from pando_client.rendezvous.signaling import Signaling

    server = EmbeddedServer(options.port)
    scope.push_async_callback(server.close)
    monitor = EmbeddedServer(server.port + 1 if options.port else 0)
    scope.push_async_callback(monitor.close)
    await server.start(volunteer_app(server.settings, job.attend))
    await monitor.start(monitoring.create_app(job.coordinator, name, options.reporting_interval))
    addresses = ports.own_addresses()
    urls = tuple(f"http://{address}:{server.port}" for address in addresses)
    if console.is_terminal():
        console.say(for_phones(urls[0], console.columns(), console.encoding()))
    for url in urls:
        console.say(f"Serving volunteer code at {url}")
    for address in addresses:
        console.say(f"Serving monitoring page at http://{address}:{monitor.port}")
    # Its own server is a server like any other: volunteers with #protocol=webrtc; go the usual way.
    ice_servers = options.ice_servers or ()
    answerer = OfferAnswerer(job, ice_servers, options.bootstrap_timeout, loopback_possible=True)
    scope.push_async_callback(answerer.close)
    here = ServerUrl.on_this_machine(server.port)
    signaling = Signaling(here, server.secret, name, ice_servers, answerer.answer, lambda: job.coordinator.ready, card)
    answerer.on_outcome = signaling.ended
    scope.push_async_callback(signaling.close)
    scope.start(_stay_logged_in(signaling))
    return urls


async def _stay_logged_in(signaling: Signaling) -> None:
    try:
        await signaling.login()
    except ServerError as error:
        # The machine has far too much to do. Volunteers come by WebSocket meanwhile, so the run need not end.
        console.debug(str(error))
        await signaling.login_again()
    await signaling.keep()

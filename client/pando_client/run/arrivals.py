"""How volunteers arrive: on the local network, through a public server, or on this machine.

Each function starts what it takes, and leaves the ending of it to the crew.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from pando_client import console
from pando_client.job.job import Job
from pando_client.options import DEFAULT_STUN, Options, Server
from pando_client.rendezvous.addresses import ipv4_addresses, qr_code
from pando_client.rendezvous.offers import Handshakes, load_webrtc
from pando_client.rendezvous.this_machine import volunteer_here
from pando_shared.errors import ServerError, ToolError
from pando_shared.signaling import IceServer

if TYPE_CHECKING:
    from pando_client.rendezvous.signaling import Signaling


class Crew(AsyncExitStack):
    """What a run has started, and what is to be closed at its end, the last one first."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[asyncio.Task[Any]] = []
        """None of them ends by itself, unless the run cannot go on."""

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Runs a coroutine until the end of the run."""
        task = asyncio.create_task(coroutine)
        self.tasks.append(task)
        self.push_async_callback(cancel, task)


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """Ends tasks, and waits until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def load_server() -> None:
    """Imports what the local network needs; it takes a third of a second, which the bundler needs anyway."""
    from pando_client.job import monitoring  # noqa: F401
    from pando_client.rendezvous import (
        embedded,  # noqa: F401
        signaling,  # noqa: F401
    )


async def on_local_network(options: Options, job: Job, name: str, crew: Crew) -> str:
    """Starts a server and the monitoring page in this process; returns what volunteers have to do.

    Raises:
        PortBusy: a port is in use.
    """
    from pando_client.job import monitoring  # see load_server
    from pando_client.rendezvous.embedded import EmbeddedServer, MonitoringServer
    from pando_client.rendezvous.signaling import Signaling

    server = EmbeddedServer(options.port)
    crew.push_async_callback(server.close)
    monitor = MonitoringServer(server.port + 1 if options.port else 0)
    crew.push_async_callback(monitor.close)
    await server.start(job.attend)
    await monitor.start(monitoring.create_app(job.coordinator, name, options.reporting_interval))
    urls = [f"http://{address}:{server.port}" for address in ipv4_addresses()]
    if console.is_terminal():
        console.say(qr_code(urls[0]))
    for url in urls:
        console.say(f"Serving volunteer code at {url}")
    for address in ipv4_addresses():
        console.say(f"Serving monitoring page at http://{address}:{monitor.port}")
    # Its own server is a server like any other: volunteers with #protocol=webrtc; go the usual way.
    here = Server(f"http://127.0.0.1:{server.port}", loopback=True, local=True)
    ice_servers = options.ice_servers or ()
    handshakes = Handshakes(job, ice_servers, options.bootstrap_timeout, loopback_possible=True)
    crew.push_async_callback(handshakes.close)
    signaling = Signaling(here, server.secret, name, ice_servers, handshakes.answer, lambda: job.coordinator.ready)
    crew.push_async_callback(signaling.close)
    crew.start(_keep_logged_in(signaling))
    return f"open {urls[0]} in a browser"


async def _keep_logged_in(signaling: Signaling) -> None:
    try:
        await signaling.login()
    except ServerError as error:
        # A machine out of breath. Volunteers come by WebSocket meanwhile, so it is no reason to end the run.
        console.debug(str(error))
        await signaling.login_again()
    await signaling.keep()


async def through_server(options: Options, server: Server, secret: str, job: Job, name: str, crew: Crew) -> str:
    """Logs in to a public server; returns what volunteers have to do.

    Raises:
        ServerError: it cannot be used.
    """
    from pando_client.rendezvous.signaling import Signaling  # only needed here
    from pando_client.rendezvous.stun import without_silent

    ice_servers: tuple[IceServer, ...] = options.ice_servers or ()
    if options.ice_servers is None and not server.local:
        ice_servers = (IceServer(urls=DEFAULT_STUN),)
    ours = await without_silent(ice_servers)
    handshakes = Handshakes(job, ours, options.bootstrap_timeout, loopback_possible=server.loopback)
    crew.push_async_callback(handshakes.close)
    signaling = Signaling(server, secret, name, ice_servers, handshakes.answer, lambda: job.coordinator.ready)
    await signaling.login()
    crew.push_async_callback(signaling.close)
    crew.start(signaling.keep())
    crew.start(_load_early())
    console.say(f"Serving volunteer code at {server.url}")
    console.note(f"this job alone: {server.url}/j/{name}")
    return f"open {server.url} in a browser"


async def _load_early() -> None:
    """Imports aiortc before the first volunteer needs it; stays, as everything that a crew starts."""
    await load_webrtc()
    await asyncio.get_running_loop().create_future()


def on_this_machine(options: Options, job: Job, crew: Crew) -> None:
    """Starts a volunteer on this machine: with `--local` the only one, of one slot; otherwise one of all cores."""
    cores = 1 if options.local else os.cpu_count() or 1
    crew.start(_compute_here(job, cores, options.allow_net, needed=options.local))


async def _compute_here(job: Job, cores: int, allow_net: Sequence[str], *, needed: bool) -> None:
    """Computes on this machine too; unless it is `needed`, the run goes on when that does not work."""
    try:
        await volunteer_here(
            job.attend, lambda: job.coordinator.closing is None, cores, socket.gethostname()[:64], allow_net
        )
    except ToolError as error:
        if needed:
            raise
        console.say(f"pando: {error}; the run goes on without it")
        await asyncio.get_running_loop().create_future()

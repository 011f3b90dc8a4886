"""A run from its options to its exit status: bundles, serves, lends, writes, takes leave.

This is where the parts meet. Everything is started in the order in which a user wants to hear of problems: wrong
options first, then the module, then the server; nobody is asked for help before all three are known to be right.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from pando_client import console
from pando_client.addresses import ipv4_addresses, qr_code
from pando_client.bundle import bundle
from pando_client.credit import AutoCredit, Credit, FixedCredit
from pando_client.here import volunteer_here
from pando_client.instructions import Finish, Policy
from pando_client.job import Job
from pando_client.options import DEFAULT_STUN, Options, Server, Where, secret_of, server_of
from pando_client.session import SessionLimits
from pando_client.streams import Arguments, Source, StandardInput
from pando_shared.errors import FunctionError, ItemFailed, PandoError, ServerError, ToolError
from pando_shared.messages import ClientGoodbye, Hello, HelloInfo, encode, error_info
from pando_shared.signaling import ForwardedOffer, IceServer
from pando_shared.text import printable

NOBODY_AFTER = 5.0
"""Seconds without a volunteer after which we say what we wait for."""
HANDSHAKES = 16
"""Handshakes at once: each costs CPU that running volunteers need."""
HANDSHAKE_SLOT = 5.0
"""Seconds for which a handshake holds its place; one that takes longer does not keep others out."""
MAX_CONNECTING = 256
"""Peer connections that are not open yet."""


class Interrupted(Exception):
    """A signal ended the run."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_status = 128 + number


def run(options: Options) -> int:
    """Runs a job and returns the exit status.

    Raises:
        PandoError: the run failed; what was finished before is written.
    """
    _raise_descriptor_limit()
    # Libraries that log find a handler, so that Python does not print their warnings on standard error itself.
    logging.getLogger().addHandler(logging.NullHandler())
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            return runner.run(_run(options))
        except Interrupted as interrupted:
            return interrupted.exit_status
        except BrokenPipeError:
            # Whoever read the results has all it wants: the quiet end of a pipeline.
            return 128 + signal.SIGPIPE


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # not on every system
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _raise_descriptor_limit() -> None:
    """One UDP socket per address and volunteer soon exceeds the usual 1,024 descriptors."""
    try:
        import resource  # not on every system

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ImportError, OSError, ValueError):
        return


async def _run(options: Options) -> int:
    asyncio.get_running_loop().set_exception_handler(_forgotten)
    async with AsyncExitStack() as stack:
        interrupted = _catch_signals()
        server = server_of(options.host) if options.host is not None and not options.local else None
        secret = secret_of(options) if server else ""
        function = asyncio.create_task(bundle(options.module))
        stack.push_async_callback(_cancel, function)
        if options.where is Where.LOCAL_NETWORK:
            await asyncio.to_thread(_load_server)  # while Deno bundles
        await _first_of(function, interrupted)
        identifiers = _identifiers(options.seed)
        name = f"job-{identifiers()}"
        job = _job(options, name, function.result(), identifiers)
        started: list[asyncio.Task[Any]] = [asyncio.create_task(job.watch())]
        stack.push_async_callback(_cancel, *started)
        waiting_for = "the volunteer on this machine"
        match options.where:
            case Where.LOCAL_NETWORK:
                waiting_for = await _serve_here(options, job, name, stack, started)
            case Where.PUBLIC_SERVER:
                assert server is not None
                waiting_for = await _first_of(
                    asyncio.create_task(_join_server(options, server, secret, job, name, stack, started)), interrupted
                )
        if options.local or not options.start_idle:
            cores = 1 if options.local else os.cpu_count() or 1
            started.append(asyncio.create_task(_compute_here(job, cores, needed=options.local)))
        started.append(asyncio.create_task(_say_what_we_wait_for(job, waiting_for, options.local)))
        stack.push_async_callback(_cancel, *started)
        return await _until_over(job, started, interrupted)


async def _until_over(job: Job, started: list[asyncio.Task[Any]], interrupted: asyncio.Future[int]) -> int:
    """Waits for the end of the run, whatever it is, and takes leave of the volunteers."""
    goodbye = ClientGoodbye("stopped", "the run was stopped")
    try:
        ends: list[asyncio.Future[Any]] = [job.outcome, interrupted, *started]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in started:
            if task.done():
                task.result()
        if interrupted.done() and not job.outcome.done():
            raise Interrupted(interrupted.result())
        finish = job.outcome.result()
        if finish.failure is None and finish.input_error is None:
            goodbye = ClientGoodbye("done", "the job is done")
    finally:
        await job.close(goodbye)
    return _verdict(job, finish)


def _verdict(job: Job, finish: Finish) -> int:
    if isinstance(finish.input_error, PandoError):
        raise finish.input_error
    if finish.failure is not None:
        failure = finish.failure
        error = error_info(failure.error)
        for line in error.stack.splitlines():
            console.debug(line)
        times = len(failure.volunteers)
        names = sorted({name for volunteer in failure.volunteers if (name := job.name_of(volunteer)) is not None})
        raise ItemFailed(
            f"the function failed on item {failure.index + 1} ({printable(failure.item.decode(), 60)}),"
            f" {f'{times} times' if times > 1 else 'once'}: {printable(error.message)}"
            + (f" (on {', '.join(names)})" if names else "")
        )
    if job.lender.failures:
        failed = [str(failure.index + 1) for failure in job.lender.failures]
        shown = ", ".join(failed[:20]) + (", …" if len(failed) > 20 else "")
        items = f"{len(failed)} items, which have" if len(failed) > 1 else "1 item, which has"
        console.error(f"the function failed on {items} no result: {shown}")
        return 1
    return 0


def _job(options: Options, name: str, function: bytes, identifiers: Callable[[], str]) -> Job:
    limits = SessionLimits(heartbeat=options.heartbeat / 1000, ready_timeout=options.bootstrap_timeout)
    info = HelloInfo(job=name, title=printable(options.module.name), heartbeat_ms=options.heartbeat)
    source: Source = StandardInput() if options.stdin else Arguments(options.items)
    policy = Policy(
        window=options.window,
        retries=options.retries,
        on_error=options.on_error,
        ordered=not options.unordered,
        copies=options.speculate,
    )
    return Job(encode(Hello(info, function)), source, policy, limits, _credit(options), identifiers)


def _credit(options: Options) -> Callable[[], Credit]:
    """Returns what makes the rule for what one volunteer is lent at a time."""
    if options.local:
        return FixedCredit  # item by item
    size = options.batch_size
    return AutoCredit if size == "auto" else lambda: FixedCredit(size)


def _identifiers(seed: str | None) -> Callable[[], str]:
    """Draws identifiers of 8 hexadecimal digits; with a seed the same ones in each run."""
    if seed is None:
        return lambda: secrets.token_hex(4)
    generator = random.Random(seed)
    return lambda: f"{generator.getrandbits(32):08x}"


# Where volunteers come from


def _load_server() -> None:
    # Importing these takes a third of a second, which the bundler needs anyway.
    from pando_client import embedded, monitoring, signaling  # noqa: F401


async def _serve_here(
    options: Options, job: Job, name: str, stack: AsyncExitStack, started: list[asyncio.Task[Any]]
) -> str:
    """Starts the server and the monitoring page in this process."""
    from pando_client import monitoring  # see _load_server
    from pando_client.embedded import EmbeddedServer, MonitoringServer
    from pando_client.signaling import Signaling

    server = EmbeddedServer(options.port)
    stack.push_async_callback(server.close)
    monitor = MonitoringServer(server.port + 1 if options.port else 0)
    stack.push_async_callback(monitor.close)
    await server.start(job.attend)
    await monitor.start(monitoring.create_app(job, name, options.reporting_interval))
    urls = [f"http://{address}:{server.port}" for address in ipv4_addresses()]
    if console.is_terminal():
        console.say(qr_code(urls[0]))
    for url in urls:
        console.say(f"Serving volunteer code at {url}")
    for address in ipv4_addresses():
        console.say(f"Serving monitoring page at http://{address}:{monitor.port}")
    # Its own server is a server like any other: volunteers with #protocol=webrtc; go the usual way.
    here = Server(f"http://127.0.0.1:{server.port}", loopback=True, local=True)
    answer = _Handshakes(job, (options.ice_servers or ()), options.bootstrap_timeout, loopback_possible=True).answer
    signaling = Signaling(here, server.secret, name, options.ice_servers or (), answer, lambda: job.ready)
    stack.push_async_callback(signaling.close)
    started.append(asyncio.create_task(_keep_logged_in(signaling)))
    return f"open {urls[0]} in a browser"


async def _keep_logged_in(signaling: Any) -> None:
    try:
        await signaling.login()
    except ServerError as error:
        # A machine out of breath. Volunteers come by WebSocket meanwhile, so it is no reason to end the run.
        console.debug(str(error))
        await signaling.login_again()
    await signaling.keep()


async def _compute_here(job: Job, cores: int, *, needed: bool) -> None:
    """Computes on this machine too; unless it is `needed`, the run goes on when that does not work."""
    try:
        await volunteer_here(job.attend, lambda: not job.closing, cores, socket.gethostname()[:64])
    except ToolError as error:
        if needed:
            raise
        console.say(f"pando: {error}; the run goes on without it")
        await asyncio.get_running_loop().create_future()


async def _join_server(
    options: Options,
    server: Server,
    secret: str,
    job: Job,
    name: str,
    stack: AsyncExitStack,
    started: list[asyncio.Task[Any]],
) -> str:
    """Logs in to the public server."""
    from pando_client.signaling import Signaling  # only needed here
    from pando_client.stun import without_silent

    ice_servers: tuple[IceServer, ...] = options.ice_servers or ()
    if options.ice_servers is None and not server.local:
        ice_servers = (IceServer(urls=DEFAULT_STUN),)
    ours = await without_silent(ice_servers)
    handshakes = _Handshakes(job, ours, options.bootstrap_timeout, loopback_possible=server.loopback)
    signaling = Signaling(server, secret, name, ice_servers, handshakes.answer, lambda: job.ready)
    await signaling.login()
    stack.push_async_callback(signaling.close)
    started.append(asyncio.create_task(signaling.keep()))
    started.append(asyncio.create_task(_load_webrtc()))
    console.say(f"Serving volunteer code at {server.url}")
    console.note(f"this job alone: {server.url}/j/{name}")
    return f"open {server.url} in a browser"


async def _load_webrtc() -> None:
    """Imports aiortc before the first volunteer needs it; stays, as everything in `started` does."""
    await asyncio.to_thread(__import__, "pando_client.webrtc")
    await asyncio.get_running_loop().create_future()


class _Handshakes:
    """Answers offers, a bounded number at once; each channel that opens is attended."""

    def __init__(self, job: Job, ice_servers: Any, within: float, *, loopback_possible: bool) -> None:
        self._job = job
        self._ice_servers = ice_servers
        self._within = within
        self._loopback_possible = loopback_possible
        self._places = asyncio.Semaphore(HANDSHAKES)
        self._connecting: set[asyncio.Task[None]] = set()

    async def answer(self, offer: ForwardedOffer) -> str:
        """Returns the answer to an offer.

        Raises:
            ValueError: the offer cannot be understood.
            ConnectionRefusedError: too many handshakes are under way.
        """
        if len(self._connecting) >= MAX_CONNECTING:
            raise ConnectionRefusedError("too many volunteers are connecting; try again")
        await self._places.acquire()
        release = asyncio.get_running_loop().call_later(HANDSHAKE_SLOT, self._places.release)

        def done() -> None:
            if not release.cancelled() and release.when() > asyncio.get_running_loop().time():
                release.cancel()
                self._places.release()

        try:
            webrtc = await asyncio.to_thread(__import__, "pando_client.webrtc", fromlist=["answer"])
            sdp, channel = await webrtc.answer(
                offer.sdp, self._ice_servers, loopback=offer.loopback and self._loopback_possible
            )
        except BaseException:
            done()
            raise
        task = asyncio.create_task(self._attend(channel, done))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return str(sdp)

    async def _attend(self, channel: Any, opened: Callable[[], None]) -> None:
        try:
            await channel.opened(self._within)
        except ConnectionError as error:
            console.debug(f"a volunteer could not connect: {error}")
            return
        finally:
            opened()
        attending = asyncio.create_task(self._job.attend(channel))
        _keep(attending)


_kept: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    """asyncio itself keeps only weak references to tasks."""
    _kept.add(task)
    task.add_done_callback(_kept.discard)


# What the user hears while waiting


async def _say_what_we_wait_for(job: Job, waiting_for: str, local: bool) -> None:
    """Says so when nobody is there, or nobody takes an item.

    Raises:
        FunctionError: the function has declined an item and, with `--local`, nobody else will come.
    """
    since: float | None = time.monotonic()
    said_declined: int | None = None
    while True:
        await asyncio.sleep(0.5)
        if job.ready:
            since = None
        elif since is None:
            since = time.monotonic()
        elif time.monotonic() - since >= NOBODY_AFTER:
            console.say(f"pando: waiting for a volunteer: {waiting_for}")
            since = float("inf")  # once, until somebody has been there
        declined = job.lender.declined_by_all
        if local and declined is not None and declined == job.lender.written_count:
            raise FunctionError(
                f"the function declined item {declined + 1}, and with --local there is nobody else to take it"
            )
        if declined is not None and not local and declined != said_declined and job.ready:
            said_declined = declined
            console.say(
                f"pando: every volunteer here has declined item {declined + 1}; waiting for another: {waiting_for}"
            )


# Signals and tasks


def _catch_signals() -> asyncio.Future[int]:
    """Returns a future of the first signal that ends the run; a second one ends it at once."""
    loop = asyncio.get_running_loop()
    first: asyncio.Future[int] = loop.create_future()

    def caught(number: int) -> None:
        if first.done():
            sys.stderr.flush()
            os._exit(128 + number)
        first.set_result(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup and the like: what is ignored when we start stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, caught, number)
    return first


def _forgotten(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An exception that nobody awaits, such as aiortc leaves in its own tasks when a peer vanishes: no traceback."""
    console.debug(f"{context.get('message')}: {context.get('exception')!r}")


async def _first_of(task: asyncio.Task[Any], interrupted: asyncio.Future[int]) -> Any:
    """Returns the task's result.

    Raises:
        Interrupted: a signal came first.
    """
    await asyncio.wait({task, interrupted}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        await _cancel(task)
        raise Interrupted(interrupted.result())
    return task.result()


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""A run from its options to its exit status: bundles, serves, lends, writes, takes leave.

This is where the parts meet. Everything is started in the order in which a user wants to hear of problems: wrong
options first, then the module, then the server; no volunteer is asked for before all three are known to be right.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import secrets
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from typing import Any

from pando_client import console
from pando_client.coordination.coordinator import Coordinator
from pando_client.function.bundle import Bundle, bundle
from pando_client.function.changes import Watch
from pando_client.function.module import Module
from pando_client.job.job import Job
from pando_client.lending.instructions import Finish, Policy
from pando_client.options import Options, Where, secret_of
from pando_client.rendezvous.local_network import load_server, serve_local_network
from pando_client.rendezvous.public_server import join_public_server
from pando_client.rendezvous.server_url import ServerUrl
from pando_client.rendezvous.this_machine import compute_on_this_machine
from pando_client.run.failures import Failures
from pando_client.run.placement import settled
from pando_client.run.process import Interruption, run_in_event_loop
from pando_client.run.progress import HowToJoin, say_what_we_wait_for
from pando_client.run.verdict import exit_status
from pando_client.session.flow_control import AutoCredit, Credit, FixedCredit
from pando_client.session.session import SessionLimits
from pando_client.stdio.descriptors import is_at_end
from pando_client.stdio.input import Arguments, StandardInput
from pando_client.stdio.output import Raw, ResultWriter
from pando_client.stdio.sync_stdio import FAREWELL_SECONDS, SyncStdio
from pando_client.tasks import RunScope, cancel, first_of
from pando_client.user_key import UserKey, read_or_draw, usual_key
from pando_shared.errors import FunctionError, PandoError
from pando_shared.signaling import Card
from pando_shared.text import printable
from pando_shared.wire.messages import BlobInfo, ClientGoodbye, HelloInfo, JobProof


def run(options: Options, module: Module) -> int:
    """Runs a job and returns the exit status.

    Args:
        options: of the run.
        module: of the function.

    Raises:
        PandoError: the run failed; what was finished before is written.
    """
    if options.global_monitoring:
        console.say("pando: --global-monitoring has no effect: what volunteers report reaches this client without it")
    return run_in_event_loop(partial(_run_and_watch if options.watch else _run_once, options, module))


async def _run_and_watch(options: Options, module: Module, interrupted: Interruption) -> int:
    """Runs the job again whenever a file that the function is made of has changed, until interrupted."""
    watch = Watch(module.path)
    while True:
        await _run_until_changed(options, module, watch, interrupted)
        watch = Watch(module.path, watch.files)


async def _run_until_changed(options: Options, module: Module, watch: Watch, interrupted: Interruption) -> None:
    """Runs the job, and returns when a file that the function was made of has changed, also if it has no end."""
    running = asyncio.create_task(_run_once(options, module, interrupted, lambda function: watch.on(function.files)))
    changing = asyncio.create_task(watch.changed())
    try:
        await asyncio.wait({running, changing}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            try:
                running.result()
            except PandoError as error:
                if isinstance(error, FunctionError) and error.files:
                    watch.on(error.files, complete=False)
                console.error(str(error))
            console.say(f"pando: waiting for a change of {_watched(module)}")
            await first_of(changing, interrupted)
    finally:
        await cancel(running, changing)


def _watched(module: Module) -> str:
    return printable(module.name) if module.text is None else "what the function requires"


async def _run_once(
    options: Options, module: Module, interrupted: Interruption, on_bundle: Callable[[Bundle], None] = lambda _: None
) -> int:
    """Runs the job to its end and returns its exit status; `on_bundle` hears what the function is made of."""
    public = _public_server(options)
    async with RunScope() as scope:
        function = await _bundle(options, module, interrupted, scope)
        on_bundle(function)
        function = settled(function, module, options)
        if options.stdin and not options.sync_stdio and is_at_end():
            return 0  # nothing to compute: nobody is asked
        identifiers = _identifiers(options.seed)
        # Not of the seed on a public server, where two runs may have the same one.
        name = identifiers() if public is None else secrets.token_hex(4)
        card = Card.of(printable(module.title), page=function.context == "page", hosts=options.allow_net)
        exchange = SyncStdio() if options.sync_stdio else None
        key = None if public is None else public[2]
        job = _job(options, module, name, function, identifiers, exchange, key)
        failures = Failures(job, function, module.path)
        job.on_failure = failures.on_failure
        scope.start(failures.tell())
        scope.start(job.watch())
        urls: tuple[str, ...] = ()
        if public is not None:
            joining = join_public_server(options, *public, job, name, scope, card)
            urls = await first_of(asyncio.create_task(joining), interrupted)
        elif options.where is Where.LOCAL_NETWORK:
            urls = await serve_local_network(options, job, name, scope, card)
        if options.local or (not options.start_idle and function.context == "worker"):
            compute_on_this_machine(options, job, scope)
        how_to_join = HowToJoin(urls, options.allow_net, needs_page=function.context == "page")
        scope.start(say_what_we_wait_for(job, how_to_join))
        finish = await _until_over(job, scope.tasks, interrupted)
        await first_of(asyncio.create_task(failures.told()), interrupted)
    try:
        status = await exit_status(job, finish, failures, interrupted)
    except PandoError as error:
        if exchange is not None:
            await _take_leave(exchange, interrupted, str(error))
        raise
    if exchange is not None:
        await _take_leave(exchange, interrupted)
    return status


def _public_server(options: Options) -> tuple[ServerUrl, str, UserKey] | None:
    """Returns the public server, its secret and the user's key, or None when the run does without a server.

    Raises:
        UsageError: the options name no server, the secret is missing or too short, or the key cannot be used.
    """
    if options.host is None or options.local:
        return None
    return ServerUrl.of(options.host), secret_of(options), _user_key(options)


def _user_key(options: Options) -> UserKey:
    if options.key_file is not None:
        return read_or_draw(options.key_file)
    key, said = usual_key()
    if said:
        console.say(f"pando: {said}")
    return key


async def _bundle(options: Options, module: Module, interrupted: Interruption, scope: RunScope) -> Bundle:
    bundling = asyncio.create_task(bundle(module, options.context))
    scope.push_async_callback(cancel, bundling)
    if options.where is Where.LOCAL_NETWORK:
        await asyncio.to_thread(load_server)  # while Deno bundles
    return await first_of(bundling, interrupted)


async def _until_over(job: Job, started: list[asyncio.Task[Any]], interrupted: Interruption) -> Finish:
    """Waits for the end of the run, good or bad, and takes leave of the volunteers.

    Raises:
        Interrupted: a signal came first.
        Exception: what a task of the run raised, or why the results cannot be written.
    """
    goodbye = ClientGoodbye("stopped", "the run was stopped")
    try:
        ends: list[asyncio.Future[Any]] = [job.outcome, interrupted, *started]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in started:
            if task.done():
                task.result()
        if interrupted.done() and not job.outcome.done():
            raise interrupted.result()
        finish = job.outcome.result()
        if finish.failure is None and finish.input_error is None:
            goodbye = ClientGoodbye("done", "the job is done")
    finally:
        await job.close(goodbye)
    return finish


async def _take_leave(exchange: SyncStdio, interrupted: Interruption, error: str | None = None) -> None:
    """Lets the other end of pull-sync know that there are no more results. It may take its time to ask for one."""
    leaving = asyncio.create_task(exchange.finish(error))
    try:
        async with asyncio.timeout(None if error is None else FAREWELL_SECONDS):
            await first_of(leaving, interrupted)
    except TimeoutError:
        return  # the error is printed all the same


def _job(
    options: Options,
    module: Module,
    name: str,
    function: Bundle,
    identifiers: Callable[[], str],
    exchange: SyncStdio | None,
    key: UserKey | None,
) -> Job:
    limits = SessionLimits(options.heartbeat / 1000, options.bootstrap_timeout, options.max_result, options.timeout)
    digest = hashlib.sha256(function.script).hexdigest()
    info = HelloInfo(
        job=name,
        function=BlobInfo(digest=digest, bytes=len(function.script)),
        title=module.title,
        heartbeat_ms=options.heartbeat,
        timeout_ms=None if options.timeout is None else max(1, round(options.timeout * 1000)),
        max_result=options.max_result,
        context=function.context,
        allow_net=options.allow_net,
    )
    policy = Policy(
        window=options.window,
        retries=options.retries,
        on_error=options.on_error,
        ordered=not options.unordered,
        copies=options.speculate,
    )
    binary: Callable[[bytes], bytes] = Raw if options.binary_output else b64encode
    blobs = {digest: function.script}
    prove = None if key is None else partial(_proof, key, name)
    coordinator = Coordinator(info, policy, limits, _credit(options), binary, blobs, prove)
    if exchange is not None:
        job = Job(coordinator, exchange, identifiers, exchange.open)
        exchange.stopped = job.stop
        return job
    output = partial(ResultWriter, raw=options.binary_output)
    if not options.stdin:
        return Job(coordinator, Arguments(options.items), identifiers, output)
    source = StandardInput()
    job = Job(coordinator, source, identifiers, output)
    source.when_empty(job.stop)
    return job


def _proof(key: UserKey, job: str, binding: str) -> JobProof:
    return JobProof(key=key.public, signature=key.sign(job, binding))


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

"""A run from its options to its exit status: bundles, serves, lends, writes, takes leave.

This is where the parts meet. Everything is started in the order in which a user wants to hear of problems: wrong
options first, then the module, then the server; nobody is asked for help before all three are known to be right.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import secrets
import signal
import sys
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pando_client import console
from pando_client.coordination.coordinator import Coordinator
from pando_client.function.bundle import Bundle, bundle
from pando_client.function.changes import Watch
from pando_client.function.stack_trace import FRAMES_SHOWN, frames, traced
from pando_client.job.job import LAST_WORDS_SECONDS, Job
from pando_client.lending.instructions import Failure, Finish, Policy
from pando_client.options import Options, Where, secret_of, server_of
from pando_client.run.arrivals import Crew, cancel, load_server, on_local_network, on_this_machine, through_server
from pando_client.run.progress import say_what_we_wait_for
from pando_client.session.flow_control import AutoCredit, Credit, FixedCredit
from pando_client.session.session import SessionLimits
from pando_client.stdio.input import Arguments, Raw, Results, Source, StandardInput
from pando_client.stdio.sync_stdio import SyncStdio
from pando_shared.allowed_hosts import ANYTHING
from pando_shared.errors import FunctionError, ItemFailed, PandoError
from pando_shared.text import printable
from pando_shared.wire.codec import encode, error_info
from pando_shared.wire.messages import ClientGoodbye, Hello, HelloInfo


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
    interrupted = _catch_signals()
    if not options.watch:
        return await _run_once(options, interrupted, lambda _: None)
    watch = Watch(options.module)
    while True:
        await _run_until_changed(options, watch, interrupted)
        watch = Watch(options.module, watch.files)


async def _run_until_changed(options: Options, watch: Watch, interrupted: asyncio.Future[int]) -> None:
    """Runs the job, and returns when a file that the function was made of has changed, also if it has no end."""
    running = asyncio.create_task(_run_once(options, interrupted, lambda bundle: watch.on(bundle.files)))
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
            console.say(f"pando: waiting for a change of {printable(options.module)}")
            await _first_of(changing, interrupted)
    finally:
        await cancel(running, changing)


async def _run_once(options: Options, interrupted: asyncio.Future[int], bundled: Callable[[Bundle], None]) -> int:
    server = server_of(options.host) if options.host is not None and not options.local else None
    secret = secret_of(options) if server else ""
    async with Crew() as crew:
        bundling: asyncio.Task[Bundle] = asyncio.create_task(bundle(options.module, options.context))
        crew.push_async_callback(cancel, bundling)
        if options.where is Where.LOCAL_NETWORK:
            await asyncio.to_thread(load_server)  # while Deno bundles
        function: Bundle = await _first_of(bundling, interrupted)
        bundled(function)
        _refuse_without_page(options, function)
        identifiers = _identifiers(options.seed)
        name = identifiers()
        exchange = SyncStdio() if options.sync_stdio else None
        job = _job(options, name, function, identifiers, exchange)
        crew.start(job.watch())
        waiting_for = "the volunteer on this machine"
        if options.where is Where.LOCAL_NETWORK:
            waiting_for = await on_local_network(options, job, name, crew)
        elif server is not None:
            joining = asyncio.create_task(through_server(options, server, secret, job, name, crew))
            waiting_for = await _first_of(joining, interrupted)
        if options.local or (not options.start_idle and function.context == "worker"):
            on_this_machine(options, job, crew)
        waiting_for += _conditions(options, function)
        crew.start(say_what_we_wait_for(job, waiting_for, local=options.local))
        finish = await _until_over(job, crew.tasks, interrupted)
    try:
        status = await _verdict(job, finish, function, options.module, interrupted)
    except PandoError as error:
        if exchange is not None:
            await _take_leave(exchange, interrupted, str(error))
        raise
    if exchange is not None:
        await _take_leave(exchange, interrupted)
    return status


async def _take_leave(exchange: SyncStdio, interrupted: asyncio.Future[int], error: str | None = None) -> None:
    """Lets the other end of pull-sync know that there are no more results. It may take its time to ask for one."""
    leaving = asyncio.create_task(exchange.finish(error))
    if error is not None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await _first_of(leaving, interrupted)
    else:
        await _first_of(leaving, interrupted)


def _refuse_without_page(options: Options, function: Bundle) -> None:
    """Says what cannot work, because this machine has no page by itself.

    Raises:
        FunctionError: nobody could compute.
    """
    if function.context == "worker":
        return
    if options.local:
        raise FunctionError(
            f"{printable(options.module)} needs a page (context page), and --local has none: "
            "leave --local out, and open the printed address in a browser on this machine"
        )
    if not options.start_idle:
        console.say("pando: this machine has no page for the function: it computes in browsers only (context page)")


def _conditions(options: Options, function: Bundle) -> str:
    """What a volunteer must be like, for the line that says what we wait for."""
    page = " (a volunteer without a browser has no page for the function)" if function.context == "page" else ""
    if not options.allow_net or options.local:
        return page
    hosts = "any host" if ANYTHING in options.allow_net else ", ".join(options.allow_net)
    return f"{page} and allow the function to reach {hosts}"


async def _until_over(job: Job, started: list[asyncio.Task[Any]], interrupted: asyncio.Future[int]) -> Finish:
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
    return finish


async def _verdict(job: Job, finish: Finish, function: Bundle, module: Path, interrupted: asyncio.Future[int]) -> int:
    if isinstance(finish.input_error, PandoError):
        raise finish.input_error
    if finish.failure is not None:
        explaining = asyncio.create_task(_why_it_failed(job, finish.failure, function, module))
        raise ItemFailed(await _first_of(explaining, interrupted))
    if count := job.coordinator.lender.failed_count:
        shown = ", ".join(str(index + 1) for index in job.coordinator.lender.failed[:20]) + (
            ", …" if count > 20 else ""
        )
        items = f"{count} items, which have" if count > 1 else "1 item, which has"
        console.error(f"the function failed on {items} no result: {shown}")
        return 1
    return 0


async def _why_it_failed(job: Job, failure: Failure, function: Bundle, module: Path) -> str:
    """Names the item, the error and where in the user's files it came from, and who tried."""
    error = error_info(failure.error)
    stack = await traced(error.stack, function.source_map) if error.stack else ""
    for line in stack.splitlines():
        console.debug(line)
    times = len(failure.volunteers)
    names = sorted(
        {name for volunteer in failure.volunteers if (name := job.coordinator.name_of(volunteer)) is not None}
    )
    calls = frames(stack, module.parent)
    return (
        f"the function failed on item {failure.index + 1} ({printable(failure.item.decode(), 60)}),"
        f" {f'{times} times' if times > 1 else 'once'}: {printable(error.message)}"
        + "".join(f", at {printable(call, 120)}" for call in calls[:FRAMES_SHOWN])
        + (", …" if len(calls) > FRAMES_SHOWN else "")
        + (f" (on {', '.join(names)})" if names else "")
    )


def _job(
    options: Options, name: str, function: Bundle, identifiers: Callable[[], str], exchange: SyncStdio | None
) -> Job:
    limits = SessionLimits(options.heartbeat / 1000, options.bootstrap_timeout, options.max_result)
    info = HelloInfo(
        job=name,
        title=printable(options.module.name),
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
    coordinator = Coordinator(encode(Hello(info, function.script)), policy, limits, _credit(options), binary)
    if exchange is not None:
        job = Job(coordinator, exchange, identifiers, exchange.open)
        exchange.stopped = job.stop
        return job
    source: Source = StandardInput() if options.stdin else Arguments(options.items)
    return Job(coordinator, source, identifiers, partial(Results, raw=options.binary_output))


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
        await cancel(task)
        raise Interrupted(interrupted.result())
    return task.result()

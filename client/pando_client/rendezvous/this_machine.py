"""A volunteer on this machine: `--start-idle=false` and `--local`. It is the headless volunteer, at the end of a pipe.

A pipe and not the server, so that it belongs to this job, works without any network, and ends with this process.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence

from pando_client import console
from pando_client.channels.pipe import PipeChannel
from pando_client.function.deno import command
from pando_client.function.deno_process import start
from pando_client.job.job import Job
from pando_client.options import Options
from pando_client.rendezvous.function_console import pass_on
from pando_client.tasks import RunScope, cancel
from pando_shared import machine
from pando_shared.allowed_hosts import ANYTHING, addresses
from pando_shared.errors import ToolError
from pando_shared.limits import MAX_FRAME_BYTES

MAX_CRASHES = 3
"""Crashes in a row after which no more are started."""
CRASH_SECONDS = 5.0
"""Lifetime of a volunteer up to which its end is a crash, unless it was at work: then an item may have ended it."""
UNNAMED = "this machine"
"""What a machine without a name is called."""
LAST_LINES_SECONDS = 1.0
"""Time in which what a volunteer that has ended wrote before is read."""
RESTART_DELAY_SECONDS = 0.5
"""Time from the end of a volunteer to the start of the next one."""


def compute_on_this_machine(options: Options, job: Job, scope: RunScope) -> None:
    """Starts a volunteer on this machine: with `--local` the only one, of one slot; otherwise one of all cores."""
    cores = 1 if options.local else os.cpu_count() or 1
    scope.start(_compute(job, cores, options.allow_net, needed=options.local))


async def _compute(job: Job, cores: int, allow_net: Sequence[str], *, needed: bool) -> None:
    """Computes on this machine; unless it is `needed`, the run goes on when that does not work."""
    try:
        name = machine.name() or UNNAMED
        await keep_volunteer(job.attend, lambda: job.coordinator.closing is None, cores, name, allow_net)
    except ToolError as error:
        if needed:
            raise
        console.say(f"pando: {error}; the run goes on without it")
        await asyncio.get_running_loop().create_future()


async def keep_volunteer(
    attend: Callable[[PipeChannel], Awaitable[bool]],
    wanted: Callable[[], bool],
    cores: int,
    device: str,
    allow_net: Sequence[str] = (),
) -> None:
    """Runs a volunteer on this machine, and another one when it dies, until none is wanted.

    Args:
        attend: serves it, until its end; returns whether it ended while it was at work.
        wanted: whether there should be another one.
        cores: slots that it lends.
        device: what it is called.
        allow_net: hosts that the function may reach.

    Raises:
        ToolError: it does not run at all.
    """
    crashes = 0
    while True:
        began = asyncio.get_running_loop().time()
        at_work, status = await _run_volunteer(attend, cores, device, allow_net)
        if not wanted():
            return
        lived = asyncio.get_running_loop().time() - began
        crashes = crashes + 1 if lived < CRASH_SECONDS and not at_work else 0
        if crashes >= MAX_CRASHES:
            raise ToolError(f"the volunteer on this machine ended {crashes} times in a row ({_in_words(status)})")
        console.debug(f"the volunteer on this machine ended ({_in_words(status)})")
        await asyncio.sleep(RESTART_DELAY_SECONDS)


async def _run_volunteer(
    attend: Callable[[PipeChannel], Awaitable[bool]], cores: int, device: str, allow_net: Sequence[str]
) -> tuple[bool, int]:
    """Runs one volunteer to its end; returns whether it was at work then, and the exit status of its process."""
    permissions, arguments = [], [f"--cores={cores}", f"--device={device}"]
    if allow_net:
        # Of Deno's whole process: its workers cannot have more.
        permissions.append("--allow-net" if ANYTHING in allow_net else f"--allow-net={','.join(addresses(allow_net))}")
        arguments.append(f"--allow-net={','.join(allow_net)}")
    process = await start(
        command("pipe.js", permissions, arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=4 * MAX_FRAME_BYTES,
    )
    assert process.stderr is not None
    reading = asyncio.create_task(pass_on(process.stderr))
    try:
        at_work = await attend(PipeChannel(process))
    finally:
        if process.returncode is None:
            process.kill()
        status = await process.wait()
        # The last lines may still be on their way to us.
        await asyncio.wait({reading}, timeout=LAST_LINES_SECONDS)
        await cancel(reading)
    return at_work, status


def _in_words(status: int) -> str:
    """Says how a process ended: `status` is below 0 if it was by a signal."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"

"""A volunteer on this machine: `--start-idle=false` and `--local`. It is the headless volunteer, at the end of a pipe.

A pipe and not the server, so that it belongs to this job, works without any network, and ends with this process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pando_client import console
from pando_client.channels.channel import PipeChannel
from pando_client.function.deno import command
from pando_shared.allowed_hosts import ANYTHING, addresses
from pando_shared.errors import ToolError
from pando_shared.limits import MAX_FRAME_BYTES

MAX_CRASHES = 3
"""In a row, each within `QUICK` seconds: then it is not the items' fault."""
QUICK = 5.0
AGAIN_AFTER = 0.5


async def volunteer_here(
    attend: Callable[[PipeChannel], Awaitable[None]],
    wanted: Callable[[], bool],
    cores: int,
    device: str,
    allow_net: Sequence[str] = (),
) -> None:
    """Runs a volunteer on this machine, and another one when it dies, until none is wanted.

    Args:
        attend: serves it, until its end.
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
        status = await _one_life(attend, cores, device, allow_net)
        if not wanted():
            return
        crashes = crashes + 1 if asyncio.get_running_loop().time() - began < QUICK else 0
        if crashes >= MAX_CRASHES:
            raise ToolError(f"the volunteer on this machine ended {crashes} times in a row (exit status {status})")
        console.debug(f"the volunteer on this machine ended (exit status {status})")
        await asyncio.sleep(AGAIN_AFTER)


async def _one_life(
    attend: Callable[[PipeChannel], Awaitable[None]], cores: int, device: str, allow_net: Sequence[str]
) -> int:
    permissions, arguments = [], [f"--cores={cores}", f"--device={device}"]
    if allow_net:
        # Of Deno's whole process: its workers cannot have more.
        permissions.append("--allow-net" if ANYTHING in allow_net else f"--allow-net={','.join(addresses(allow_net))}")
        arguments.append(f"--allow-net={','.join(allow_net)}")
    process = await asyncio.create_subprocess_exec(
        *command("pipe.js", permissions, arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=None if console.debug_wanted(console.DEBUG_NAME) else asyncio.subprocess.DEVNULL,
        limit=4 * MAX_FRAME_BYTES,
        # Its own session: Ctrl-C in the terminal is ours to handle.
        start_new_session=True,
    )
    try:
        await attend(PipeChannel(process))
    finally:
        if process.returncode is None:
            process.kill()
        status = await process.wait()
    return status

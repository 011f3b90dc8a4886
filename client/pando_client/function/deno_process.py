"""Processes of Deno: started with words for what this machine refuses, stopped and continued together with this one."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence
from typing import Any

from pando_client.function.deno_folders import environment
from pando_shared import machine
from pando_shared.errors import ToolError

_started: set[asyncio.subprocess.Process] = set()
"""Those that may be running."""


async def start(line: Sequence[str], **streams: Any) -> asyncio.subprocess.Process:
    """Starts a process in a session of its own, so that Ctrl-C and Ctrl-Z in the terminal are ours to handle.

    Args:
        line: what `deno.command` returns.
        streams: as for `asyncio.create_subprocess_exec`.

    Raises:
        ToolError: this machine refuses; the text says what, and the way out.
    """
    try:
        process = await asyncio.create_subprocess_exec(*line, env=environment(), start_new_session=True, **streams)
    except OSError as error:
        raise ToolError(f"Deno cannot be started: {machine.in_words(error)}") from None
    for ended in [old for old in _started if old.returncode is not None]:
        _started.discard(ended)
    _started.add(process)
    return process


def signal_all(number: int) -> None:
    """Sends a signal to all that are running, and to what they have started."""
    for process in _started:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)

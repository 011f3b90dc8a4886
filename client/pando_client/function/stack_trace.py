"""Stacks of the function's errors, in terms of the user's files."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pando_client import console
from pando_client.function.deno import command
from pando_client.function.deno_process import start
from pando_shared.errors import ToolError

TRACE_SECONDS = 10.0
"""Time that the tracer may take."""
CALLS_SHOWN = 4
"""Calls of a stack that are printed, the last ones."""
PACKAGES = "npm:"
"""Begins the names of files of packages that were installed for this user, and not beside the module."""


class Call(BaseModel):
    """A function that was called, and the place in the user's files that it had come to; both numbers from 1."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    """Empty if it has none."""
    file: str
    """Relative to the module's folder."""
    line: int
    column: int

    def beside(self, folder: Path) -> str:
        """Returns `name (file:line:column)`, or the place alone if there is no name.

        Args:
            folder: of the module.
        """
        file = self.file if self.file.startswith(PACKAGES) else os.path.normpath(folder / self.file)
        place = f"{file}:{self.line}:{self.column}"
        return f"{self.name} ({place})" if self.name else place


class TracerOutcome(BaseModel):
    """What `tracer.js` prints."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stack: str
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Trace:
    """What is known of where an error came from."""

    stack: str = ""
    """As the volunteer's engine wrote it; what is known is replaced by places in the user's files."""
    calls: tuple[Call, ...] = ()
    """Those in the user's files and in packages, the last one first, and no others."""


async def traced(stack: str, source_map: str) -> Trace:
    """Returns where an error came from.

    Args:
        stack: as a volunteer sent it, so it may be anything.
        source_map: of the bundle; JSON.

    If the tracer fails, nothing is known: this serves only to explain.
    """
    unknown = Trace(stack)
    try:
        process = await start(
            command("tracer.js", ["--no-remote", "--no-lock"], []),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except ToolError as error:
        console.debug(f"no tracer: {error}")
        return unknown
    try:
        async with asyncio.timeout(TRACE_SECONDS):
            output, _ = await process.communicate(json.dumps({"map": source_map, "stack": stack}).encode())
        outcome = TracerOutcome.model_validate_json(output)
    except (TimeoutError, ValidationError) as error:
        console.debug(f"the tracer failed: {error}")
        return unknown
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Trace(outcome.stack, outcome.calls)

"""Stacks of the function's errors, in terms of the user's files."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pando_client import console
from pando_client.function.deno import command
from pando_client.function.deno_process import start
from pando_shared.errors import ToolError

TRACE_SECONDS = 10.0
"""Time that the tracer may take."""
FRAMES_SHOWN = 4
"""Calls of a stack that are printed, the last ones."""
EXPORT = "/pando/1.0.0"
"""The end of the name that engines give to the function itself, unless it has one."""
MAX_LINES = 200
"""Lines of a stack that are looked at: a volunteer may send anything as a stack."""
MAX_LINE_CHARACTERS = 1000
"""Characters of a line that is looked at."""
_FRAME = re.compile(r"(?:at (?P<v8>.*)|(?P<name>[^@]*)@(?P<place>.*))$")
"""`at name (place)` in V8, `name@place` in Firefox and Safari."""
_PLACE = re.compile(r"^(?P<file>[^()\s][^()]*?):(?P<line>\d+):(?P<column>\d+)$")


class TracerOutcome(BaseModel):
    """What `tracer.js` prints."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stack: str


async def traced(stack: str, source_map: str) -> str:
    """Returns the stack with the positions of the bundle replaced by those in the user's files.

    Args:
        stack: as a volunteer sent it, so it may be anything.
        source_map: of the bundle; JSON.

    What cannot be mapped stays as it is; so does all of it if the tracer fails, since this serves only to explain.
    """
    try:
        process = await start(
            command("tracer.js", ["--no-remote", "--no-lock"], []),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except ToolError as error:
        console.debug(f"no tracer: {error}")
        return stack
    try:
        async with asyncio.timeout(TRACE_SECONDS):
            output, _ = await process.communicate(json.dumps({"map": source_map, "stack": stack}).encode())
        return TracerOutcome.model_validate_json(output).stack
    except (TimeoutError, ValidationError) as error:
        console.debug(f"the tracer failed: {error}")
        return stack
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def frames(stack: str, folder: Path) -> list[str]:
    """Returns the calls that led to an error, the last one first: `name (file:line:column)`.

    Args:
        stack: as browsers write it, traced.
        folder: of the module, to which the names of files are relative.
    """
    found: list[str] = []
    for line in stack.splitlines()[:MAX_LINES]:
        frame = _FRAME.match(line.strip()) if len(line) <= MAX_LINE_CHARACTERS else None
        if frame is None:
            continue
        name, place = frame["name"] or "", frame["place"]
        if frame["v8"] is not None:
            name, _, place = frame["v8"].rpartition(" (")
            place = place.removesuffix(")")
        if (position := _PLACE.match(place)) is not None:
            file = os.path.normpath(folder / position["file"])
            where = f"{file}:{position['line']}:{position['column']}"
            found.append(where if not name or name.endswith(EXPORT) else f"{name} ({where})")
    return found

"""What the function writes to its console on this machine: its author reads it on standard error."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, ConfigDict, ValidationError

from pando_client import console
from pando_shared.text import printable

LINE_CHARACTERS = 500
"""Of a line that is printed; a volunteer cuts them there, too."""


class ConsoleLine(BaseModel):
    """A line of `pipe.js` on its standard error: what the function wrote."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    console: str


async def pass_on(errors: asyncio.StreamReader) -> None:
    """Prints what the function of a volunteer on this machine writes, until the volunteer has ended.

    What else the volunteer says there is for whoever debugs it.

    Args:
        errors: its standard error.
    """
    while True:
        try:
            line = await errors.readline()
        except ValueError:
            continue  # longer than any line of the function; the reader has thrown it away
        if not line:
            return
        try:
            said = ConsoleLine.model_validate_json(line)
        except ValidationError:
            console.debug(line.decode("utf-8", "replace").rstrip())
        else:
            console.say("console: " + printable(said.console.expandtabs(4), LINE_CHARACTERS))

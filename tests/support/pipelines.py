"""Examples as their users run them: in a copy of their folder, by the command lines that are in their README."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pando_client.function.deno import deno
from tests.support.processes import Outcome
from tests.support.programs import BIN, Client, Programs, programs_in

EXAMPLES = Path(__file__).parents[2] / "examples"


class Example:
    """A copy of an example, with volunteers on this machine."""

    def __init__(self, programs: Programs) -> None:
        self.programs = programs
        self.folder = programs.folder

    def commands(self, says: str) -> list[str]:
        """The lines in the README's code blocks that hold `says`."""
        blocks = re.findall(r"^```\n(.*?)^```$", (self.folder / "README.md").read_text(), re.MULTILINE | re.DOTALL)
        return [line for block in blocks for line in block.splitlines() if says in line]

    async def start(self, line: str) -> Client:
        """Starts a line of shell; what a user has on the path is there, and a failure anywhere in it counts."""
        path = f"{BIN}:{Path(deno()).parent}:{os.environ['PATH']}"
        return await self.programs.start("bash", "-o", "pipefail", "-c", line, env={"PATH": path})

    async def run(self, line: str) -> Outcome:
        """Runs a line of shell to its end, which has to be a good one and without complaints."""
        outcome = await (await self.start(line)).finish()
        assert (outcome.status, outcome.complaints) == (0, []), outcome
        return outcome

    async def install(self) -> None:
        """Installs the packages of the example as its README says."""
        [line] = self.commands("install")
        await self.run(f"{line} --quiet")


@asynccontextmanager
async def example(name: str, folder: Path, here: bool = True) -> AsyncIterator[Example]:
    """A copy of an example in a folder that is its user's home too.

    The configuration file of that user says that any port will do, and that this machine computes if `here`: so the
    command lines stay as they are.
    """
    copy = folder / name
    shutil.copytree(EXAMPLES / name, copy, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    (copy / ".pando").mkdir()
    (copy / ".pando" / "config.json").write_text(json.dumps({"start-idle": not here, "port": 0}))
    async with programs_in(copy) as programs:
        yield Example(programs)
        await programs.nothing_is_left()

"""Deno: bundles the function, and runs volunteers on this machine in a sandbox. It comes with Pando, from PyPI."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from pando_shared.errors import ToolError

ASSETS = Path(__file__).parents[1] / "assets"
"""The programs for Deno, bundled from `volunteer-web/` when Pando was built."""


def deno() -> str:
    """Returns the path of the Deno binary.

    Raises:
        ToolError: there is none.
    """
    # Beside this Python first: the one that was installed with us.
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    found = shutil.which("deno", path=folders)
    if found is None:
        raise ToolError("Deno is missing; `pip install deno` brings it back")
    return found


def command(program: str, permissions: list[str], arguments: list[str]) -> list[str]:
    """Returns the command that runs one of the bundled programs.

    Args:
        program: its name, such as `pipe.js`.
        permissions: Deno's flags; without any it may do nothing but compute and use its standard streams.
        arguments: for the program.

    Raises:
        ToolError: Deno or the program is missing.
    """
    path = ASSETS / program
    if not path.is_file():
        raise ToolError(f"{program} was not built; install Pando again with `pip install .`")
    # A worker asks for it when an item may never get a result (`worker/open_item.ts`).
    collect = "--v8-flags=--expose-gc"
    # What these programs import is fixed when they are built: the clock may not forbid what is cached.
    undated = "--minimum-dependency-age=0"
    flags = ["--quiet", "--no-prompt", "--no-config", undated, "--unstable-worker-options", collect, *permissions]
    return [deno(), "run", *flags, str(path), *arguments]

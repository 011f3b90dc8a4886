"""`pando-volunteer URL`: lends this machine's cores to the job that is served at URL, through Deno."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from pando_client import console
from pando_client.function.deno import command
from pando_shared import __version__
from pando_shared.errors import PandoError

USAGE = """\
usage: pando-volunteer URL [--cores=N] [--device=NAME] [--protocol=webrtc|websocket] [--allow-net[=HOSTS]]

Lends cores of this machine to the job that is served at URL, until it is stopped (Ctrl-C or SIGTERM hand back what was
not finished). The function runs in a sandbox without any permission,
but for those hosts that you allow; jobs that ask for others are not taken, nor those that need a page.

  --cores=N          cores to lend (all)
  --device=NAME      what this volunteer is called (the machine's name)
  --protocol=P       how to connect, webrtc or websocket (what the server prefers)
  --allow-net=HOSTS  what functions may reach: NAME or NAME:PORT, comma-separated; all without HOSTS (nothing)
  -h, --help         show this and exit
  -v, --version      show the version and exit"""

PERMISSIONS = ["--allow-net", "--allow-env", "--allow-sys"]
"""Of the volunteer itself, for WebRTC; its workers, which run the function, have none."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The program: becomes Deno, so that signals reach it directly."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        sys.exit(console.answered(USAGE, "pando-volunteer") or (0 if given else 2))
    if given[0] in ("-v", "--version"):
        sys.exit(console.answered(f"pando-volunteer {__version__}", "pando-volunteer"))
    try:
        line = command("headless.js", PERMISSIONS, given)
    except PandoError as error:
        console.say(f"pando-volunteer: {error}")
        sys.exit(error.exit_status)
    os.execv(line[0], line)

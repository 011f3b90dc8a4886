"""`pando-volunteer URL`: lends this machine's cores to the job that is served at URL, through Deno."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from pando_client import console
from pando_client.command import last_words
from pando_client.command.main import open_standard_streams
from pando_client.function.deno import command
from pando_client.function.deno_failures import why
from pando_client.function.deno_folders import environment
from pando_client.rendezvous import outbound as way
from pando_shared import __version__, machine
from pando_shared.errors import PandoError, ToolError

USAGE = """\
usage: pando-volunteer URL [--cores=N] [--device=NAME] [--protocol=webrtc|websocket] [--allow-net[=HOSTS]]

Lends cores of this machine to the job that is served at URL, until it is stopped (Ctrl-C, SIGTERM or SIGHUP hand back
what was not finished). The function runs in a sandbox without any permission,
but for those hosts that you allow; jobs that ask for others are not taken, nor those that need a page.

  --cores=N          cores to lend (all)
  --device=NAME      what this volunteer is called (the machine's name)
  --protocol=P       how to connect, webrtc or websocket (what the server prefers)
  --allow-net=HOSTS  what functions may reach: NAME or NAME:PORT, comma-separated; all without HOSTS (nothing)
  -h, --help         show this and exit
  -v, --version      show the version and exit"""

PERMISSIONS = ["--allow-net", "--allow-env", "--allow-sys"]
"""Of the volunteer itself, for WebRTC; its workers, which run the function, have none."""
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MIN_DESCRIPTORS = 40
"""What Deno and a volunteer of a core or two open."""
PROBE_SECONDS = 20.0
"""Time in which Deno starts, however slow the machine."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The program: becomes Deno, so that signals reach it directly."""
    open_standard_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        sys.exit(console.answered(USAGE, "pando-volunteer") or (0 if given else 2))
    if given[0] in ("-v", "--version"):
        sys.exit(console.answered(f"pando-volunteer {__version__}", "pando-volunteer"))
    try:
        line = command("headless.js", PERMISSIONS, [*given, *_added()])
        _become(line, trusting(environment()))
    except PandoError as error:
        console.say(f"pando-volunteer: {error}")
        sys.exit(error.exit_status)
    except OSError as error:
        console.say(f"pando-volunteer: Deno cannot be started: {machine.in_words(error)}")
        sys.exit(1)


def _added() -> list[str]:
    """Returns what the user need not say."""
    added = ["--status=stdout"]
    if name := machine.name():
        added.append(f"--machine={name}")  # what the device is called unless an option or the address says it
    # nohup and the like: what is ignored when we start stays ignored.
    ignored = [number.name for number in ENDING_SIGNALS if signal.getsignal(number) is signal.SIG_IGN]
    return [*added, f"--ignore={','.join(ignored)}"] if ignored else added


def trusting(env: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment with which Deno trusts whom this machine trusts, too: `SSL_CERT_FILE` counts then.

    Args:
        env: the environment; what it says of it itself (`DENO_TLS_CA_STORE`) stays.

    Raises:
        UsageError: a variable names what cannot be read.
    """
    # A folder or file that is not there ends Deno's attempts with an error of its own.
    way.readable("SSL_CERT_FILE", env)
    way.readable("SSL_CERT_DIR", env)
    return {"DENO_TLS_CA_STORE": "system,mozilla", **env}


def _become(line: list[str], env: dict[str, str]) -> NoReturn:
    """Becomes Deno, whose status lines go to standard error, and whatever else it says to a reader of last words.

    Raises:
        OSError: this machine refuses.
        ToolError: Deno does not start here.
    """
    if machine.is_short_of_files(MIN_DESCRIPTORS):
        raise OSError(errno.EMFILE, "")
    if machine.is_short_of_addresses():
        _probe(line[0], env)
    reading, writing = os.pipe()
    last_words.report_in_background(reading, (writing,))
    os.dup2(2, 1)
    os.dup2(writing, 2)
    os.close(reading)
    os.close(writing)
    os.execve(line[0], line, env)


def _probe(deno: str, env: dict[str, str]) -> None:
    """Starts Deno once, to have a clean end with words where it cannot start.

    Raises:
        OSError: this machine refuses.
        ToolError: it does not start.
    """
    try:
        done = subprocess.run(
            [deno, "eval", "--quiet", "0"],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return
    if done.returncode != 0:
        raise ToolError(f"Deno does not start: {why(done.stderr.decode('utf-8', 'replace'), done.returncode)}")

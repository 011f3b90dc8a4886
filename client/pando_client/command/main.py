"""`pando`, the program: its standard streams, its errors and its exit status.

What is heavy is imported late, so that `--help` is instant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from pando_client import console
from pando_client.command.arguments import config_files, parse, parser
from pando_shared import __version__
from pando_shared.errors import PandoError, UsageError


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The program. Ends the process with the exit status that `pando --help` explains."""
    open_standard_streams()
    status = exit_status(sys.argv[1:] if arguments is None else arguments)
    # Not sys.exit: a thread that waits for standard input must not keep the program alive. Nothing is lost by it: what
    # `console` prints is flushed at once, and results never go through `sys.stdout`.
    os._exit(status)


def exit_status(arguments: Sequence[str]) -> int:
    """Does what the command line says, prints what is wrong with it, and returns the exit status."""
    try:
        given = parse(arguments)
        if given.pop("help", False):
            console.result(parser().format_help().rstrip("\n"))
            return 0
        if given.pop("version", False):
            console.result(f"pando {__version__}")
            return 0
        return run_job(given)
    except PandoError as error:
        console.error(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # the last edge: no traceback ever reaches a user
        console.error(f"an error in Pando itself, please report it: {type(error).__name__}: {error}")
        if console.debug_wanted(console.DEBUG_NAME):
            raise
        return 1


def run_job(given: dict[str, object]) -> int:
    """Runs a job; `given` is what the command line says.

    Raises:
        PandoError: the options do not go together, or the run failed.
    """
    if not given.get("module"):
        raise UsageError("MODULE is missing; see pando --help")
    if "secret" in given:
        console.say("pando: --secret can be read by other users of this machine; PANDO_SECRET or --secret-file cannot")
    from pando_client.options import load  # late: pydantic

    options = load(given, config_files())
    if (options.stdin or options.sync_stdio) and options.items:
        raise UsageError("items come from the command line or from standard input, not from both")
    if options.sync_stdio and options.binary_output:
        raise UsageError("--binary-output does not go with --sync-stdio, whose results are lines of JSON")
    if options.watch and (options.stdin or options.sync_stdio or not options.local):
        raise UsageError("--watch runs the items of the command line again and again: it needs --local, and no --stdin")
    from pando_client.run.run import run  # late: everything

    return run(options)


def open_standard_streams() -> None:
    """Makes sure that descriptors 0 to 2 are open: otherwise a socket gets one of them, and results go into it."""
    # In this order, because `open` takes the lowest number that is free. Standard output is opened for reading, so that
    # the first result says that it is closed.
    for descriptor, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)

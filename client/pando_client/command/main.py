"""`pando`, the program: its standard streams, its errors and its exit status.

What is heavy is imported late, so that `--help` is instant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from pando_client import console
from pando_client.command import configuration
from pando_client.command.arguments import CommandLine, parse
from pando_client.command.help import help_text
from pando_shared import __version__, machine
from pando_shared.errors import PandoError
from pando_shared.standard_streams import open_standard_streams as open_standard_streams

SHORT_HELP = """\
pando: there is no function to map
usage: pando MODULE [OPTIONS] ITEM…
For example, on this machine alone:  pando -e 'x => x * x' --local 1 2 3
See pando --help for the options."""
"""What `pando` alone says."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The program. Ends the process with the exit status that `pando --help` explains."""
    open_standard_streams()
    status = exit_status(sys.argv[1:] if arguments is None else arguments)
    # Not sys.exit: a thread that waits for standard input must not keep the program alive. Nothing is lost by it: what
    # `console` prints is flushed at once, and results never go through `sys.stdout`.
    os._exit(status)


def exit_status(arguments: Sequence[str]) -> int:
    """Does what the command line says, prints what is wrong with it, and returns the exit status."""
    if not arguments:
        for text in SHORT_HELP.splitlines():
            console.say(text)
        return 2
    try:
        line = parse(arguments)
        if "help" in line.questions:
            console.result(help_text())
            return 0
        if line.questions:
            console.result(f"pando {__version__}")
            return 0
        return run_job(line)
    except PandoError as error:
        console.error(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # the last edge: no traceback ever reaches a user
        if (refused := machine.in_words(error)) is not None:
            console.debug(repr(error))
            console.error(refused)
            return 1
        console.error(f"an error in Pando itself, please report it: {type(error).__name__}: {error}")
        if console.debug_wanted(console.DEBUG_NAME):
            raise
        return 1


def run_job(line: CommandLine) -> int:
    """Runs a job.

    Raises:
        PandoError: the options do not go together, or the run failed.
    """
    found = configuration.read(configuration.files())
    configuration.forget_useless_home()
    for warning in (*line.warnings, *found.warnings):
        console.error(warning)
    if "secret" in line.given:
        console.say("pando: --secret can be read by other users of this machine; PANDO_SECRET or --secret-file cannot")
    from pando_client.command import usage, values  # late: pydantic
    from pando_client.function.module import module_of
    from pando_client.stdio.descriptors import refuse_closed_input, refuse_closed_output

    options = values.merged(line, found)
    usage.check(options)
    if options.stdin or options.sync_stdio or options.module == "-":
        refuse_closed_input()
    refuse_closed_output()
    if options.module == "-" and os.isatty(0):
        console.note("the function is read from this terminal, up to Ctrl-D")
    module = module_of(options.module or "", options.eval)
    from pando_client.run.run import run  # late: everything

    return run(options, module)

"""What does not go together on a command line, and what is missing from it."""

from __future__ import annotations

from pathlib import Path

from pando_client.options import Options
from pando_client.stdio.descriptors import is_same_file, what_waits_in
from pando_shared.errors import UsageError
from pando_shared.text import printable

NAMES = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
"""Of standard input."""


def check(options: Options) -> None:
    """Looks at the options together.

    Raises:
        UsageError: they do not go together, or there is nothing to do.
    """
    reads_items = options.stdin or options.sync_stdio
    if options.eval is None and not options.module:
        raise UsageError(
            "there is no function: name the file of its module before the items, or give it with -e; see pando --help"
        )
    if reads_items and options.items:
        raise UsageError("items come from the command line or from standard input, not from both")
    if options.sync_stdio and options.binary_output:
        raise UsageError("--binary-output does not go with --sync-stdio, whose results are lines of JSON")
    if options.watch and (reads_items or not options.local):
        raise UsageError("--watch runs the items of the command line again and again: it needs --local, and no --stdin")
    if _is_from_standard_input(options):
        _check_function_on_standard_input(options, reads_items)
    elif not reads_items and not options.items:
        raise UsageError(_no_items(options))


def _is_from_standard_input(options: Options) -> bool:
    """Whether the function comes from there, by one of its names."""
    if options.eval is not None or options.module is None:
        return False
    # A pipe may have any name. A file is read for each of its names anew, but nobody means that by one of these.
    path = Path(options.module)
    return options.module in NAMES or (what_waits_in() == "a pipe" and is_same_file(path))


def _check_function_on_standard_input(options: Options, reads_items: bool) -> None:
    """Looks at the options of a run whose function comes from standard input.

    Raises:
        UsageError: the items cannot come from there too, and have to come from somewhere.
    """
    assert options.module is not None
    if reads_items:
        raise UsageError(
            f"standard input cannot hold both the function ({printable(options.module)}) and the items (--stdin):"
            " give the function as a file or with -e, or the items as arguments"
        )
    if not options.items:
        raise UsageError("there are no items: standard input holds the function, so give the items as arguments")


def _no_items(options: Options) -> str:
    where = "MODULE" if options.eval is None else "the function"
    waiting = what_waits_in()
    if waiting is None:
        return f"there are no items: give some after {where}, or --stdin to read them from standard input"
    return (
        f"there are no items: standard input is {waiting}, and only --stdin reads items from it"
        f" (otherwise give some after {where})"
    )

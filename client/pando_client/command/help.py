"""What `pando --help` prints."""

from __future__ import annotations

import shutil
import textwrap

from pando_client.command.option_table import OPTIONS, Kind, Option

USAGE = "usage: pando MODULE [OPTIONS] ITEM…"
MAX_COLUMNS = 120
"""Columns of the text: longer lines are hard to read."""
MIN_COLUMNS = 40
"""Columns below which lines are not broken any more."""
NAME_COLUMNS = 26
"""Columns for the names of options; a longer name has a line of its own."""

ABOUT = "Maps a JavaScript function over a stream of values, with the help of all who open a web page."
WORDS = (
    ("MODULE", "file of the JavaScript module; - reads it from standard input"),
    ("ITEM", "items, unless they come from --stdin; each is passed on as it is typed, 0x10 and 007 too"),
)
EPILOG = (
    "The module exports the function:  module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, result) }",
    "Each item reaches it as a string; each result is printed on a line of its own, in the order of the items.",
    "Options that are true or false may be followed by that word, or by =true, =false; --no-… means false."
    " Everything after -- is an item, also what begins with a hyphen.",
    "Exit status: 0 all done, 1 the run failed, 2 wrong usage, 128 + N ended by signal N (130 for Ctrl-C).",
)


def help_text(columns: int | None = None) -> str:
    """Returns all that is to be said of the command line.

    Args:
        columns: of the longest line; those of the terminal if None.
    """
    width = min(columns or shutil.get_terminal_size().columns, MAX_COLUMNS)
    width = max(width, MIN_COLUMNS)
    lines = [USAGE, "", *_wrapped(ABOUT, width), ""]
    for word, text in WORDS:
        lines += _entry(word, text, width)
    lines += ["", "options:"]
    for option in OPTIONS:
        lines += _entry(_names(option), option.help, width)
    lines.append("")
    for paragraph in EPILOG:
        lines += _wrapped(paragraph, width)
    return "\n".join(lines)


def _names(option: Option) -> str:
    value = {Kind.FLAG: "", Kind.LIST: f"[={option.metavar}]", Kind.QUESTION: ""}.get(option.kind, f"={option.metavar}")
    long = f"--{option.name}{value}"
    return f"{option.short}, {long}" if option.short else long


def _entry(name: str, text: str, width: int) -> list[str]:
    indent = " " * min(NAME_COLUMNS, width // 3)
    head = f"  {name}"
    lines = _wrapped(text, width, indent)
    if len(head) + 2 <= len(indent):
        return [head.ljust(len(indent)) + lines[0].lstrip(), *lines[1:]]
    return [head, *lines]


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    wrap = textwrap.TextWrapper(width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    wrap.break_long_words = False
    return wrap.wrap(text)

"""What the client says on standard error: lines for a person, and nothing that a terminal could act on."""

from __future__ import annotations

import fnmatch
import locale
import os
import sys

from pando_shared.errors import OutputError
from pando_shared.text import printable

DEBUG_NAME = "pando-computing"
PLAINER = {"…": "...", "“": '"', "”": '"', "→": "->"}
"""What our own texts have that an old encoding may lack, and what stands for it there."""


def say(text: str) -> None:
    """Prints one line. Foreign strings in it must have gone through `printable`."""
    if sys.stderr is None:
        return  # closed when we started; `print` would take standard output instead
    try:
        print(encodable(text, sys.stderr.encoding), file=sys.stderr, flush=True)  # noqa: T201 - the one place that prints
    except (OSError, ValueError):
        return  # it is closed by now, and there is no other way to tell the user


def encodable(text: str, encoding: str | None) -> str:
    """Returns the text in characters that an encoding has, the others replaced or escaped.

    Args:
        text: what is to be written.
        encoding: of the stream; None if it has none.

    >>> encodable("1, …: é", "ascii")
    '1, ...: \\\\xe9'
    """
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        plain = "".join(PLAINER.get(character, character) for character in text)
        return plain.encode(encoding or "utf-8", "backslashreplace").decode(encoding or "utf-8")
    return text


def error(text: str) -> None:
    """Prints an error on one line; foreign characters in it are made safe."""
    say("pando: " + printable(text, 2000))


def is_terminal() -> bool:
    """Whether a person reads along."""
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def columns() -> int | None:
    """Returns how wide the terminal is that a person reads; None if it does not say."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or None
    except (AttributeError, OSError, ValueError):
        return None


def encoding() -> str:
    """Returns the encoding that the person's terminal has as far as is known."""
    if sys.flags.utf8_mode and "PYTHONUTF8" not in os.environ and "PYTHONIOENCODING" not in os.environ:
        # Python writes UTF-8 also where the locale says that there are no other characters than ASCII's.
        return locale.getencoding()
    return (sys.stderr and sys.stderr.encoding) or "ascii"


def debug_wanted(name: str, patterns: str | None = None) -> bool:
    """Whether `DEBUG` (comma-separated, with wildcards, as in the npm package `debug`) names `name`.

    Args:
        name: such as `pando-computing:monitoring`.
        patterns: instead of the environment's.
    """
    wanted = os.environ.get("DEBUG", "") if patterns is None else patterns
    parts = [part for part in wanted.replace(",", " ").split() if part]
    if any(fnmatch.fnmatchcase(name, part[1:]) for part in parts if part.startswith("-")):
        return False
    return any(fnmatch.fnmatchcase(name, part) for part in parts)


def note(text: str) -> None:
    """Prints what is good to know for a user who watches: on a terminal, or with DEBUG=pando-computing."""
    if is_terminal() or debug_wanted(DEBUG_NAME):
        say("pando: " + printable(text, 500))


def debug(text: str) -> None:
    """Prints a detail with DEBUG=pando-computing."""
    if debug_wanted(DEBUG_NAME):
        say(f"{DEBUG_NAME} {printable(text, 500)}")


def answered(text: str, program: str) -> int:
    """Prints what a program was asked for, or why that cannot be done; returns the exit status.

    Args:
        text: what was asked for.
        program: its name.
    """
    try:
        result(text)
    except OutputError as error:
        say(f"{program}: {error}")
        return error.exit_status
    return 0


def result(text: str) -> None:
    """Prints what was asked for, such as the version, on standard output.

    Raises:
        OutputError: it cannot be written. That its reader has gone is no error.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    try:
        print(encodable(text, sys.stdout.encoding), flush=True)  # noqa: T201 - the one place that prints
    except BrokenPipeError:
        return
    except OSError as error:
        raise OutputError(f"standard output cannot be written: {error.strerror}") from None

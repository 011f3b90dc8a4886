"""The command line of `pando`, taken apart.

Not by argparse: it drops every `--` after the first, takes `-5` for an item and `-x` for an option, and cannot let a
flag take `true` or `false` from the next word, as the original's parser does. The rules (`docs/command-line.md`):

- Before the first `--`, a word that begins with a hyphen is an option, but for `-` alone. After it nothing is.
- The word after a flag is its value if it is exactly `true` or `false`; with `=` there are more words for these two.
- Every other word is a positional one: the module first, unless `--eval` gives the function, and then the items.
- Of two values the last one counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pando_client.command.option_table import BY_NAME, BY_WORD, Kind, Option
from pando_shared.errors import UsageError
from pando_shared.near_miss import near_miss
from pando_shared.text import printable

HELP = "see pando --help"
TRUE_AND_FALSE = ("true", "false")
LIKE_TRUE_OR_FALSE = ("true", "false", "yes", "no", "on", "off")
MAX_SHOWN = 60
"""Characters of a word that are shown."""


@dataclass(slots=True)
class CommandLine:
    """What the command line says.

    Attributes:
        given: the values of the options in it, by their names in `Options`.
        module: the file of the function; None when there is none.
        items: those in it.
        questions: `help`, `version`.
        warnings: what may have been meant otherwise.
    """

    given: dict[str, str] = field(default_factory=dict)
    module: str | None = None
    items: list[str] = field(default_factory=list)
    questions: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)


def parse(arguments: Sequence[str]) -> CommandLine:
    """Takes a command line apart; what its values mean is not looked at.

    Raises:
        UsageError: there is no such option, or its value is missing.
    """
    found = CommandLine()
    options, after = _split(arguments)
    if asked := {option.name for word in options if (option := BY_WORD.get(word)) and option.kind is Kind.QUESTION}:
        # Whatever else is wrong: who asks how it is done is told.
        found.questions = asked
        return found
    words: list[str] = []
    rest = _Words(options)
    for word in rest:
        if word.startswith("-") and word != "-":
            _take_option(word, rest, found)
        else:
            words.append(word)
    words += after
    if "eval" not in found.given and words:
        found.module = words.pop(0)
    found.items = [_as_utf8(word) for word in words]
    return found


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Returns what comes before the first `--` and what comes after it, whatever it looks like."""
    if "--" not in arguments:
        return arguments, ()
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


class _Words(Iterator[str]):
    """Words of a command line, of which the next one can be looked at before it is taken."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._at = 0

    def __next__(self) -> str:
        if self._at == len(self._words):
            raise StopIteration
        self._at += 1
        return self._words[self._at - 1]

    @property
    def coming(self) -> str | None:
        """The next word, or None at the end."""
        return self._words[self._at] if self._at < len(self._words) else None


def _take_option(word: str, rest: _Words, found: CommandLine) -> None:
    """Takes one option and its value.

    Raises:
        UsageError: there is no such option, or its value is missing or one too many.
    """
    name, equals, value = word.partition("=")
    option, negated = BY_WORD.get(name), False
    if option is None and name.startswith("--no-"):
        option, negated = BY_NAME.get(name.removeprefix("--no-")), True
        if option is not None and option.kind not in (Kind.FLAG, Kind.LIST):
            option = None
    if option is None:
        raise UsageError(_no_such_option(name))
    if equals and (negated or option.kind is Kind.QUESTION):
        raise UsageError(f"{name} takes no value; {HELP}")
    if negated:
        value = "false"
    elif not equals:
        value = _value_of(option, name, rest, found)
    if option.key != "secret_file":  # a path is bytes, whatever they mean
        value = _as_utf8(value)
        if not _is_text(value):
            raise UsageError(f"the value of {name} is not valid UTF-8")
    found.given[option.key] = value


def _value_of(option: Option, name: str, rest: _Words, found: CommandLine) -> str:
    """Returns the value of an option that has none behind an equals sign.

    Raises:
        UsageError: it needs one.
    """
    coming = rest.coming
    if option.kind is Kind.VALUE:
        # What looks like an option is one: somebody forgot the value. A number may be a value that is out of range.
        if coming is None or re.match(r"-[^\d]", coming):
            example = f"{name} {option.metavar}" if option.short else f"{name}={option.metavar}"
            raise UsageError(f"{name} needs a value: {example}; {HELP}")
        return next(rest)
    if coming in TRUE_AND_FALSE:
        return next(rest)
    if coming is not None and coming.lower() in LIKE_TRUE_OR_FALSE:
        found.warnings.append(
            f"{coming} after {name} is taken for an item; if it is meant for the option, write {name}={coming.lower()}"
        )
    return "true"


def _no_such_option(name: str) -> str:
    shown = printable(_as_utf8(name), MAX_SHOWN)
    meant = near_miss(name.lstrip("-"), BY_NAME)
    if meant is not None:
        return f"there is no option {shown}; did you mean --{meant}? (pando --help lists all of them)"
    if name.startswith("--"):
        return f"there is no option {shown}; {HELP}"
    return f"there is no option {shown}; if it is an item, put -- before the items: pando MODULE -- {shown}"


def _as_utf8(word: str) -> str:
    """Returns a word as it was typed, whatever encoding Python was told that it is in, if it is UTF-8."""
    try:
        return word if _is_text(word) else os.fsencode(word).decode()
    except ValueError:  # it is not UTF-8 either
        return word


def _is_text(word: str) -> bool:
    """Whether Python could decode it: what it could not is in half characters."""
    return word.isascii() or not re.search("[\ud800-\udfff]", word)

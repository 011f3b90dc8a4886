"""The configuration file: found, read, and named in every complaint about it.

A file that is not there is no fault, in whatever way it is not there. One that is there and cannot be read is: the user
counts on what it says.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pando_client.command.option_table import BY_NAME
from pando_shared.errors import UsageError
from pando_shared.near_miss import hyphenated, near_miss
from pando_shared.text import printable

NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
"""Errors of looking for a file that mean that there is none. So does EACCES: of a folder that we may not look into."""
ONLY_TYPED = ("module", "item", "items", *(option.name for option in BY_NAME.values() if not option.in_file))
"""What only the command line says."""
MAX_BYTES = 1 << 20
"""Bytes of the file; a longer one was put there by mistake."""
MAX_WARNINGS = 10
"""Unknown keys that are named."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a configuration file says.

    Attributes:
        file: which one; None if there is none.
        values: of the options, by their names in `Options`: text, as on the command line, or JSON's lists and objects.
        keys: how the file spells these names.
        warnings: what in it has no effect.
    """

    file: Path | None = None
    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[str, ...] = ()


def files() -> list[Path]:
    """Where a configuration file may be; the first that exists counts."""
    # Not `Path.expanduser`, which raises where it is not known whose home is meant; then there is no file.
    return [Path(os.path.expanduser("~/.pando/config.json")), Path(__file__).parents[1] / "config.json"]  # noqa: PTH111


def forget_useless_home() -> None:
    """Takes HOME from the environment if nothing can be looked for there, as in HOME=/dev/null; Deno would fail."""
    home = os.environ.get("HOME")
    try:
        if home is not None:
            os.stat(os.path.join(home, ".npmrc"))  # noqa: PTH116, PTH118 - a variable may hold what no path may
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        del os.environ["HOME"]


def read(candidates: Sequence[Path]) -> Configuration:
    """Reads the first of the files that exists.

    Raises:
        UsageError: it cannot be read, or is not JSON.
    """
    for file in candidates:
        if not _exists(file):
            continue
        if file.is_dir():
            warning = f"{printable(file)} is a folder and no configuration file: nothing is read from it"
            return Configuration(file, warnings=(warning,))
        return _understood(file, _parsed(file))
    return Configuration()


def _exists(file: Path) -> bool:
    try:
        file.stat()
    except OSError as error:
        if error.errno in (*NOT_THERE, errno.EACCES):
            return False
        raise _unreadable(file, error.strerror) from None
    except ValueError:  # a name that this system's encoding does not have
        return False
    return True


def _parsed(file: Path) -> object:
    """Returns what the file holds; None when it is empty.

    Raises:
        UsageError: it cannot be read, or is not JSON.
    """
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode) and not os.path.samestat(found, Path(os.devnull).stat()):
            raise _unreadable(file, "it is not a file")  # of a pipe or a device there may be no end
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise _unreadable(file, f"it is longer than {MAX_BYTES} bytes")
        text = content.decode("utf-8-sig")
        return json.loads(text) if text.strip() else None
    except OSError as error:
        raise _unreadable(file, error.strerror) from None
    except UnicodeDecodeError:
        raise _unreadable(file, "it is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise _unreadable(file, f"it is not valid JSON at line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets in brackets
        raise _unreadable(file, "its JSON has numbers that are too long or is nested too deeply") from None


def _unreadable(file: Path, why: str | None) -> UsageError:
    return UsageError(f"the configuration file {printable(file)} cannot be read: {why}")


def _understood(file: Path, content: object) -> Configuration:
    if content is None:
        return Configuration(file)
    if not isinstance(content, dict):
        raise UsageError(f"the configuration file {printable(file)} does not hold an object, such as {{}}")
    values: dict[str, Any] = {}
    keys: dict[str, str] = {}
    warnings: list[str] = []
    for key, value in content.items():
        option = BY_NAME.get(hyphenated(key))
        if option is None or not option.in_file:
            warnings.append(f"{_no_such_key(key)} (in {printable(file)})")
            continue
        values.pop(option.key, None)
        if value is not None:  # null is the default
            values[option.key] = _as_typed(value)
            if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
                shown = printable(json.dumps(key), 60)
                raise UsageError(f"the value of {shown} in {printable(file)} has half a character in it")
        keys[option.key] = key
    if len(warnings) > MAX_WARNINGS:
        more = len(warnings) - MAX_WARNINGS
        warnings[MAX_WARNINGS:] = [f"{more} more keys of {printable(file)} have no effect"]
    return Configuration(file, values, keys, tuple(warnings))


def _as_typed(value: object) -> object:
    """Returns a value as it would stand on the command line: what is right there is right here."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # JSON has one kind of number
    if isinstance(value, int | float):
        return str(value)
    return value


def _no_such_key(key: str) -> str:
    shown = printable(json.dumps(key, ensure_ascii=False), 60)
    if hyphenated(key) in ONLY_TYPED:
        return f"{shown} has no effect in a configuration file: it comes from the command line"
    meant = near_miss(key, (option.name for option in BY_NAME.values() if option.in_file))
    hint = "" if meant is None else f"; did you mean {json.dumps(meant)}?"
    return f"{shown} is no option and has no effect{hint}"

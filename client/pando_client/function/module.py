"""Where the function comes from: a file, or a text (`--eval`, standard input, a pipe) that is in no file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pando_shared.errors import FunctionError
from pando_shared.limits import MAX_UNPACKED_BUNDLE_BYTES
from pando_shared.text import printable

TITLE_CHARACTERS = 80
"""Characters of an expression that are its title."""
READ_BYTES = 1 << 16
"""Bytes of one read."""


@dataclass(frozen=True, slots=True)
class Module:
    """Where the function comes from.

    Attributes:
        name: what it is called in errors: the path as it was typed, `-e` or `standard input`.
        title: what its volunteers read.
        folder: in which it finds the files and packages that it requires.
        text: of one that is in no file.
        is_expression: whether the text is rather an expression than a module.
    """

    name: str
    title: str
    folder: Path
    text: str | None = None
    is_expression: bool = False

    @property
    def path(self) -> Path:
        """The file; of a text, where a file of it would be."""
        return Path(self.name) if self.text is None else self.folder / "function"


def module_of(name: str, expression: str | None = None) -> Module:
    """Finds the module, and reads it if it is in no file; whether a file is there is looked at when it is bundled.

    Args:
        name: the path of its file, or of a pipe; `-` is standard input.
        expression: the function itself, instead.

    Raises:
        FunctionError: the text cannot be read, or there is nothing in it.
    """
    here = Path()
    if expression is not None:
        if not expression.strip():
            raise FunctionError("the function after -e is empty: give one, such as -e 'x => x * x'")
        return Module("-e", printable(expression, TITLE_CHARACTERS), here, expression, is_expression=True)
    if name == "-":
        return Module("standard input", "a function from standard input", here, _text(0, "standard input"))
    path = Path(name)
    if not _is_stream(path):
        return Module(name, printable(path.name), path.parent)
    shown = f"the module {printable(name)}"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise FunctionError(f"{shown} cannot be read: {error.strerror}") from None
    try:
        return Module(name, printable(name), here, _text(descriptor, shown))
    finally:
        os.close(descriptor)


def _is_stream(path: Path) -> bool:
    """Whether there is a pipe or a device, which can be read once."""
    try:
        return path.is_fifo() or path.is_char_device()
    except (OSError, ValueError):
        return False


def _text(descriptor: int, shown: str) -> str:
    """Reads a text to its end.

    Raises:
        FunctionError: it cannot be read, has no end, or is not UTF-8.
    """
    content = bytearray()
    try:
        while piece := os.read(descriptor, READ_BYTES):
            content += piece
            if len(content) > MAX_UNPACKED_BUNDLE_BYTES:
                raise FunctionError(f"{shown} is longer than a function may be: {MAX_UNPACKED_BUNDLE_BYTES} bytes")
    except OSError as error:
        raise FunctionError(f"{shown} cannot be read: {error.strerror}") from None
    if not content.strip():
        raise FunctionError(f"{shown} is empty: there is no function in it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FunctionError(f"{shown} is not UTF-8 text (byte {error.start + 1})") from None

"""What the standard descriptors are, found out without reading or writing anything."""

from __future__ import annotations

import array
import fcntl
import os
import select
import stat
import termios
from pathlib import Path

from pando_shared.errors import InputError, OutputError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""U+FEFF in UTF-8: what some editors begin a file with, to say that it is UTF-8. It is no part of the text."""


def refuse_closed_input(descriptor: int = 0) -> None:
    """Makes sure that something can be read.

    Raises:
        InputError: the descriptor is closed, or open for writing only.
    """
    if not _is_open(descriptor, os.O_WRONLY):
        raise InputError("standard input cannot be read: it is closed")


def refuse_closed_output(descriptor: int = 1) -> None:
    """Makes sure that results can be written.

    Raises:
        OutputError: the descriptor is closed, or open for reading only.
    """
    if not _is_open(descriptor, os.O_RDONLY):
        raise OutputError("the results cannot be written: standard output is closed")


def _is_open(descriptor: int, but_not_for: int) -> bool:
    try:
        return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != but_not_for
    except OSError:
        return False


def what_waits_in(descriptor: int = 0) -> str | None:
    """Returns what a descriptor was connected with, "a pipe" or "a file"; None for a terminal, a device, or nothing."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return None
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return "a pipe"
    return "a file" if stat.S_ISREG(mode) else None


def is_same_file(path: Path, descriptor: int = 0) -> bool:
    """Whether a path leads to what a descriptor is, as `/dev/stdin` does."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except (OSError, ValueError):
        return False


def is_at_end(descriptor: int = 0, wait: bool = False) -> bool:
    """Whether reading a descriptor would give nothing at all. What may still come is no end.

    Args:
        descriptor: what to look at.
        wait: until something can be read, or the end is known.
    """
    try:
        return _is_at_end(descriptor, None if wait else 0)
    except OSError:
        return False  # reading will say what is wrong


def _is_at_end(descriptor: int, milliseconds: int | None) -> bool:
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode):
        return os.pread(descriptor, 4, os.lseek(descriptor, 0, os.SEEK_CUR)) in (b"", BYTE_ORDER_MARK)
    if stat.S_ISCHR(found.st_mode) and os.path.samestat(found, Path(os.devnull).stat()):
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(milliseconds):
        return False
    there = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, there)
    # It can be read without waiting, and there is nothing to read.
    return there[0] == 0

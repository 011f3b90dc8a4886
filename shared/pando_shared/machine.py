"""What this machine refuses, in words for a person: files, memory, processes, space.

The errors of the system are those of errno(3); their limits those of getrlimit(2). It imports nothing late: when files
or memory run out, that would fail as well.
"""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Callable

from pando_shared.text import printable

try:
    import resource
except ImportError:  # not on every system
    _limits: Callable[[str], int | None] = lambda _: None  # noqa: E731
else:

    def _limits(name: str) -> int | None:
        """Returns a soft limit of this process, such as `RLIMIT_AS`; None if there is none."""
        number = getattr(resource, name, None)
        soft = resource.RLIM_INFINITY if number is None else resource.getrlimit(number)[0]
        return None if soft == resource.RLIM_INFINITY else soft


MIB = 1 << 20
NAME_CHARACTERS = 64
"""Of this machine's name that are shown."""
_IN_TEXT = (
    (r"too many open files|os error 24", errno.EMFILE),
    (r"no space left on device|os error 28|disk quota exceeded", errno.ENOSPC),
    (r"cannot allocate memory|failed to map segment|out of memory|os error 12\b|allocation failed", errno.ENOMEM),
    (
        r"can't start new thread|unable to create worker threads|resource temporarily unavailable|os error 11\b",
        errno.EAGAIN,
    ),
    (r"read-only file system|os error 30", errno.EROFS),
)
"""What runtimes and libraries say instead of an error of the system."""


def in_words(error: BaseException) -> str | None:
    """Returns what this machine refused and the way out; None if the error is about something else.

    Args:
        error: an `OSError`, or what Python makes of one: `MemoryError`, an `ImportError` of a shared library, the
            `RuntimeError` of a thread that cannot be started.
    """
    if isinstance(error, MemoryError):
        return refusal(errno.ENOMEM)
    before = error.__cause__ or error.__context__
    if isinstance(error, RuntimeError) and before is not None and (words := in_words(before)) is not None:
        return words  # of an event loop that could not be made, and then not be closed either
    if isinstance(error, ImportError | RuntimeError):
        number = number_in(str(error))
        return None if number is None else refusal(number)
    if not isinstance(error, OSError):
        return None
    file = "" if error.filename is None else printable(os.fsdecode(error.filename))
    return refusal(error.errno or 0, file) or _other(error, file)


def refusal(number: int, file: str = "") -> str | None:
    """Returns the words for an error of the system.

    Args:
        number: as in `errno`.
        file: what it was about, if that is known; printable.
    """
    match number:
        case errno.EMFILE:
            return f"this program may open no more than {_limits('RLIMIT_NOFILE')} files: raise the limit (ulimit -n)"
        case errno.ENFILE:
            return "too many files are open on this machine: close other programs"
        case errno.ENOSPC | errno.EDQUOT:
            return f"there is no space left {f'for {file}' if file else 'on a disk of this machine'}: free some"
        case errno.ENOMEM:
            return _no_memory()
        case errno.EAGAIN if _limits("RLIMIT_AS") is not None:
            return _no_memory()  # for the stack of a thread
        case errno.EAGAIN:
            return f"this user may start no more {_processes()}: end some, or raise the limit (ulimit -u)"
        case errno.EACCES | errno.EPERM:
            return f"{file or 'a file that is needed'} is not for this user: its permissions forbid it"
        case errno.EROFS:
            return f"{file or 'a folder that is needed'} cannot be written: its file system is read-only"
        case errno.ENOEXEC:
            return f"{file or 'a program that is needed'} does not run on this kind of machine"
        case _:
            return None


def number_in(text: str) -> int | None:
    """Returns the error of the system that a text of a program or a library tells of; None if it tells of none."""
    return next((number for pattern, number in _IN_TEXT if re.search(pattern, text, re.IGNORECASE)), None)


def is_short_of_files(needed: int = 256) -> bool:
    """Whether this process may open fewer files than that."""
    files = _limits("RLIMIT_NOFILE")
    return files is not None and files < needed


def is_short_of_addresses() -> bool:
    """Whether there is a limit to the addresses of this process, of which Deno takes many more than it has memory."""
    return _limits("RLIMIT_AS") is not None


def name() -> str:
    """Returns what this machine is called, printable and cut; empty if it has no name."""
    try:
        return printable(socket.gethostname().strip(), NAME_CHARACTERS)
    except (OSError, UnicodeError):
        return ""


def _other(error: OSError, file: str) -> str:
    if (error.errno or 0) < 0 and is_short_of_files():
        return str(refusal(errno.EMFILE))  # libuv says no more than that something is missing
    why = printable((error.strerror or type(error).__name__).lower())
    return f"{file} cannot be used: {why}" if file else f"the system says: {why}"


def _no_memory() -> str:
    allowed = _limits("RLIMIT_AS")
    if allowed is None:
        return "there is not enough memory: close other programs"
    return f"this program may have no more than {allowed // MIB} MiB of addresses: raise the limit (ulimit -v)"


def _processes() -> str:
    allowed = _limits("RLIMIT_NPROC")
    return "processes or threads" if allowed is None else f"than {allowed} processes and threads"

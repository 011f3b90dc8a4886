"""What Deno says when it ends in an unusual way, in words: for `pando-volunteer`, which is Deno by then.

A small process reads what Deno writes to its standard error, which is nothing as long as all is well, and says at its
end why that came. It is out of reach of the terminal's signals, since Deno may say something until it has ended.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import BinaryIO

from pando_client import console
from pando_client.function.deno_failures import is_serious, why

KEPT_BYTES = 64 * 1024
"""Of what Deno says: a stack is longer than what it begins with, but not by that much."""


def report_in_background(reading: int, others: Iterable[int] = ()) -> None:
    """Starts the process that reads.

    Args:
        reading: the descriptor from which it reads; it says why Deno ended on this process's standard error.
        others: descriptors that it must not hold open.

    Raises:
        OSError: this machine refuses to start it.
    """
    child = os.fork()
    if child != 0:
        os.waitpid(child, 0)
        return
    # Twice, so that Deno has no child of which it does not know.
    try:
        if os.fork() == 0:
            os.setsid()
            for descriptor in (0, 1, *others):
                os.close(descriptor)
            with os.fdopen(reading, "rb") as errors:
                report(errors)
    finally:
        os._exit(0)


def report(errors: BinaryIO) -> None:
    """Reads to the end, and says why Deno ended if that is to be told.

    Args:
        errors: what Deno writes to its standard error.
    """
    kept = b""
    for line in errors:
        if len(kept) < KEPT_BYTES:
            kept += line
        console.debug(line.decode("utf-8", "replace").rstrip())
    text = kept.decode("utf-8", "replace")
    if is_serious(text):
        console.say(f"pando-volunteer: it ended: {why(text)}")

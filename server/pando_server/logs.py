"""The log that the operator reads: few lines, printable, without secrets and without session descriptions.

A peer can cause any number of errors; it must not be able to cause as many lines.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from pando_shared.text import printable

INTERVAL_SECONDS = 60.0
"""In this time there is one line of each kind for each peer."""
MAX_REMEMBERED = 1_000
"""Pairs of a kind and a peer that are remembered."""

log = logging.getLogger("pando_server")


class LogLimiter:
    """Says whether a line of one kind about one peer is due."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_lines: dict[tuple[str, str], float] = {}

    def __len__(self) -> int:
        """Returns how many pairs of a kind and a peer are remembered."""
        return len(self._last_lines)

    def due(self, kind: str, peer: str) -> bool:
        """Returns whether to write a line, and notes that it is written."""
        now = self._clock()
        last = self._last_lines.get((kind, peer))
        if last is not None and now - last < INTERVAL_SECONDS:
            return False
        if len(self._last_lines) >= MAX_REMEMBERED:
            self._last_lines.clear()
        self._last_lines[kind, peer] = now
        return True


def limited_warn() -> Callable[[str, str], None]:
    """Returns a function that takes a kind and a line, and writes one line of each kind in a minute."""
    limiter = LogLimiter()

    def warn(kind: str, text: str) -> None:
        if limiter.due(kind, ""):
            log.warning("%s", text)

    return warn


class LibraryFilter(logging.Filter):
    """Makes a library's record one printable line, and lets one of each kind through in a minute.

    What libraries log on errors holds tracebacks and the message that caused them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._log_limiter = LogLimiter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites `record` in place."""
        text = record.getMessage().strip()
        if record.exc_info and record.exc_info[1] is not None:
            text += f" ({type(record.exc_info[1]).__name__})"
        record.msg, record.args, record.exc_info, record.exc_text = printable(text), (), None, None
        return self._log_limiter.due(str(record.msg), record.name)


def library_logger(name: str) -> logging.Logger:
    """Returns the logger `name` of a library, filtered."""
    logger = logging.getLogger(name)
    if not any(isinstance(found, LibraryFilter) for found in logger.filters):
        logger.addFilter(LibraryFilter())
    return logger


def log_to_stderr() -> None:
    """Sets up logging for the program `pando-server`; an embedded server writes where its program writes."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    log.setLevel(logging.INFO)
    library_logger("asyncio")

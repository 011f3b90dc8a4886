"""Results out, in a thread of its own so that the event loop never waits for the reader.

A thread, not `connect_write_pipe`, because standard output may be a slow terminal or a regular file; a daemon thread,
because a write that never ends must not keep the program alive.
"""

from __future__ import annotations

import asyncio
import errno
import os
import queue
import select
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from pando_shared.errors import OutputError

Wrote = Callable[[int], None]
"""Hears in the event loop how many more results are written."""
OutputFailed = Callable[[OutputError | BrokenPipeError], None]
"""Hears in the event loop, once, why no more can be written; BrokenPipeError when the reader has gone."""
MAX_RESULTS_PER_WRITE = 10_000
"""Results of one write: joining needs 80 bytes for each, besides their text."""


class Output(Protocol):
    """Where results go."""

    def write(self, results: Sequence[bytes]) -> None:
        """Takes results, in order; says later how many of them are written."""


class Raw(bytes):
    """A result that is written as it is, without a newline."""


class ResultWriter:
    """Results to a file descriptor, one a line, in a thread; what has gathered meanwhile is written at once.

    Args:
        wrote: hears how many.
        failed: hears why not.
        descriptor: where to write, 1 for standard output.
        raw: whether some of the results may be `Raw`, which is looked at only then.
    """

    def __init__(self, wrote: Wrote, failed: OutputFailed, descriptor: int = 1, *, raw: bool = False) -> None:
        self._descriptor = descriptor
        self._raw = raw
        self._wrote = wrote
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[Sequence[bytes]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="stdout", daemon=True)
        self._thread.start()

    def write(self, results: Sequence[bytes]) -> None:
        """Queues results. How many is the lender's business: its window counts them until they are written."""
        self._queue.put(results)

    def _serve(self) -> None:
        while True:
            batch = self._queue.get()
            if len(batch) < MAX_RESULTS_PER_WRITE:
                batch = list(batch)
                while len(batch) < MAX_RESULTS_PER_WRITE and not self._queue.empty():
                    batch += self._queue.get()
            for start in range(0, len(batch), MAX_RESULTS_PER_WRITE):
                if not self._write_piece(batch[start : start + MAX_RESULTS_PER_WRITE]):
                    return
            batch = ()  # not kept while waiting

    def _write_piece(self, results: Sequence[bytes]) -> bool:
        """Writes results and reports it; returns whether more can be written."""
        try:
            if self._raw:
                data = b"".join(part for result in results for part in (result, b"" if type(result) is Raw else b"\n"))
            else:
                data = b"\n".join([*results, b""])  # the last one ends with a newline as well
            self._write_all(memoryview(data))
        except BrokenPipeError as error:
            self._report(self._failed, error)
            return False
        except OSError as error:
            why = "standard output is closed" if error.errno == errno.EBADF else error.strerror
            self._report(self._failed, OutputError(f"the results cannot be written: {why}"))
            return False
        self._report(self._wrote, len(results))
        return True

    def _write_all(self, data: memoryview) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
                # Another program made the descriptor non-blocking (a terminal is shared): wait for room.
                select.select([], [self._descriptor], [])

    def _report(self, callback: Callable[..., None], value: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, value)
        except RuntimeError:
            return  # the loop is closed: the run is over, and there is no one to hear of it

"""Standard input and output as one end of pull-sync (`--sync-stdio`): the shell round `pull_sync`."""

from __future__ import annotations

import asyncio
import contextlib
import select
import threading
from collections import deque
from collections.abc import Callable, Sequence

from pando_client.stdio.input import LineReader, read_standard_input
from pando_client.stdio.output import OutputFailed, ResultWriter, Wrote
from pando_client.stdio.pull_sync import PullSync
from pando_shared.errors import InputError, OutputError

MAX_LINES_AT_ONCE = 64
"""Lines that are passed to the event loop together."""
FAREWELL_SECONDS = 2.0
"""Time that the other end has to ask for the error that ended the run."""
GONE_SECONDS = 1.0
"""Time from the end of the one pipe to that of the other, when a program ends."""


def wait_for_no_reader(descriptor: int = 1) -> None:
    """Returns when nobody can read any more what is written to a pipe or a socket; for a file never."""
    poll = select.poll()
    poll.register(descriptor, 0)
    poll.poll()


class SyncStdio:
    """A source of items and a taker of results that speak pull-sync with the program at the other end of both pipes."""

    def __init__(self) -> None:
        self.stopped: Callable[[InputError | None], None] = lambda _: None
        """Hears, once or more often, that the other end takes no more results, and what is wrong if something is."""
        self._core = PullSync()
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._error: InputError | None = None
        self._broken = False  # what is sent does not arrive
        self._output: ResultWriter | None = None
        self._wrote: Wrote = lambda _: None
        self._failed_to_write: OutputFailed = lambda _: None
        # Of each line that is on its way: how many results it is.
        self._pending: deque[int] = deque()
        self._thread = threading.Thread(target=self._read, name="stdin", daemon=True)

    def open(self, wrote: Wrote, failed: OutputFailed) -> SyncStdio:
        """Begins the exchange."""
        self._wrote = wrote
        self._failed_to_write = failed
        self._output = ResultWriter(self._lines_written, self._not_written)
        self._thread.start()
        threading.Thread(target=self._watch_reader, name="reader", daemon=True).start()
        self._send()
        return self

    async def next(self, count: int) -> list[bytes]:
        """See `Source`: one item at a time, since the next one may depend on the results."""
        while not self._core.items:
            if self._error is not None:
                raise self._error
            if self._core.input_ended:
                if self._core.input_error is not None:
                    raise self._core.input_error
                return []
            self._core.ask()
            self._send()
            self._news.clear()
            await self._news.wait()
        return [self._core.items.popleft()]

    def write(self, results: Sequence[bytes]) -> None:
        """Sends results when they are asked for."""
        self._core.give(results)
        self._send()
        if self._core.gone and not self._broken:
            self.stopped(None)

    async def finish(self, error: str | None = None) -> None:
        """Waits until the other end knows that no more results will come."""
        self._core.finish(error)
        self._send()
        while (not self._core.ended or self._pending) and self._error is None:
            self._news.clear()
            await self._news.wait()

    # The other end

    def _read(self) -> None:
        reader = LineReader(read_standard_input, whole=True)
        try:
            while lines := reader.next(MAX_LINES_AT_ONCE):
                self._loop.call_soon_threadsafe(self._receive, lines)
            self._loop.call_soon_threadsafe(self._closed, reader.rest)
        except InputError as error:
            self._loop.call_soon_threadsafe(self._failed, error)
        except RuntimeError:
            return  # the loop is closed: the run is over

    def _receive(self, lines: Sequence[bytes]) -> None:
        try:
            for line in lines:
                self._core.receive(line)
        except InputError as error:
            self._failed(error)
            return
        except Exception as error:  # noqa: BLE001 - in a callback of the loop it would only be logged
            self._failed(InputError(f"pull-sync failed: {type(error).__name__}"))
            return
        self._send()
        if self._core.aborted:
            self.stopped(None)
        self._news.set()

    def _closed(self, rest: bytes) -> None:
        self._core.closed(rest)
        self._send()
        if self._core.aborted or self._core.gone:
            self.stopped(self._core.input_error)
        self._news.set()

    def _watch_reader(self) -> None:
        wait_for_no_reader()
        # The loop is closed: the run is over.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._reader_gone)

    def _not_written(self, error: OutputError | BrokenPipeError) -> None:
        if not isinstance(error, BrokenPipeError):
            self._failed_to_write(error)
        self._reader_gone()

    def _reader_gone(self) -> None:
        self._broken = True
        self._forget()
        # A program that ends closes one pipe first, and half a line of it may still come.
        self._loop.call_later(GONE_SECONDS, self.stopped, None)

    def _forget(self) -> None:
        self._core.abandoned()
        self._pending.clear()
        self._news.set()

    def _failed(self, error: InputError) -> None:
        self._error = error
        self.stopped(error)
        self._news.set()

    def _send(self) -> None:
        lines = self._core.lines()
        if lines and self._output is not None:
            self._pending.extend(line.startswith(b"0") for line in lines)
            self._output.write(lines)

    def _lines_written(self, count: int) -> None:
        results = sum(self._pending.popleft() for _ in range(min(count, len(self._pending))))
        if results:
            self._wrote(results)
        self._news.set()

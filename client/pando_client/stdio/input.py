"""The two ends of the pipeline: items in, results out, each in a thread of its own so that the event loop never waits.

Threads, not `connect_read_pipe`, because standard input may be a regular file and standard output a slow terminal;
daemon threads, because a read that nobody will answer must not keep the program alive.
"""

from __future__ import annotations

import asyncio
import errno
import os
import queue
import select
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from pando_shared.errors import InputError, OutputError

Wrote = Callable[[int], None]
"""Hears in the event loop how many more results are written."""
OutputFailed = Callable[[OutputError | BrokenPipeError], None]
"""Hears in the event loop, once, why no more can be written; BrokenPipeError when the reader has gone."""
CHUNK = 256 * 1024
"""Bytes of one read."""
AT_ONCE = 10_000
"""Results of one write: joining needs 80 bytes for each, besides their text."""
MAX_ITEM = 16 * 1024 * 1024
"""Bytes of one item."""


def read_standard_input() -> bytes:
    """Returns what is there, as soon as something is; nothing at the end."""
    return os.read(0, CHUNK)


class Source(Protocol):
    """Where items come from."""

    async def next(self, count: int) -> list[bytes]:
        """Returns 1 to `count` items as UTF-8, or none at the end.

        Raises:
            InputError: the items cannot be read any further.
        """


class Arguments:
    """Items from the command line."""

    def __init__(self, items: Sequence[str]) -> None:
        self._items = items
        self._taken = 0

    async def next(self, count: int) -> list[bytes]:
        """See `Source`; what comes before an item that is not UTF-8 is returned first."""
        encoded: list[bytes] = []
        for item in self._items[self._taken : self._taken + count]:
            try:
                encoded.append(item.encode())
            except UnicodeEncodeError:
                if encoded:
                    break
                raise InputError(f"item {self._taken + 1} of the command line is not valid UTF-8") from None
        self._taken += len(encoded)
        return encoded


class LineReader:
    """Cuts bytes into lines, lazily. Lines end with a newline (or a carriage return and a newline), and nothing else.

    Args:
        read: returns the next bytes, none at the end; may block, may raise OSError.
        max_line: bytes of the longest line.
    """

    def __init__(self, read: Callable[[], bytes], max_line: int = MAX_ITEM) -> None:
        self._read = read
        self._max_line = max_line
        self._lines: deque[bytes] = deque()
        self._rest: list[bytes] = []  # of a line that is not complete
        self._rest_size = 0
        self._taken = 0
        self._ended = False

    def next(self, count: int) -> list[bytes]:
        """Returns 1 to `count` lines, or none at the end; reads only when it has none.

        Raises:
            InputError: a read failed, a line is too long, or is not UTF-8. What comes before it is returned first.
        """
        while not self._lines and not self._ended:
            self._fill()
        lines = [self._lines.popleft() for _ in range(min(count, len(self._lines)))]
        return self._checked(lines)

    def _fill(self) -> None:
        try:
            data = self._read()
        except OSError as error:
            raise InputError(f"standard input cannot be read: {error.strerror}") from error
        if not data:
            self._ended = True
            if self._rest:
                self._lines.append(b"".join(self._rest))
            return
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = b"".join([*self._rest, lines[0]])
            self._rest, self._rest_size = [], 0
            if b"\r" in data or lines[0].endswith(b"\r"):
                lines = [line.removesuffix(b"\r") for line in lines]
            self._lines.extend(lines)
        if rest:
            self._rest.append(rest)
            self._rest_size += len(rest)
            if self._rest_size > self._max_line:
                self._lines.append(b"".join(self._rest))
                self._ended = True

    def _checked(self, lines: list[bytes]) -> list[bytes]:
        """Returns the lines before the first bad one; raises when the first is bad."""
        good = 0
        problem = ""
        if b"".join(lines).isascii() and all(len(line) <= self._max_line for line in lines):
            good = len(lines)
        for line in lines[good:]:
            if len(line) > self._max_line:
                problem = f"is longer than {self._max_line} bytes"
                break
            try:
                line.decode()
            except UnicodeDecodeError as error:
                problem = f"is not valid UTF-8 (byte {error.start + 1})"
                break
            good += 1
        self._taken += good
        if problem and good == 0:
            raise InputError(f"line {self._taken + 1} of standard input {problem}")
        self._lines.extendleft(reversed(lines[good:]))
        return lines[:good]


class StandardInput:
    """Items from a file descriptor, one a line, read in a thread and only when asked for.

    Args:
        descriptor: what to read, 0 for standard input.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._reader = LineReader(lambda: os.read(descriptor, CHUNK))
        self._requests: queue.SimpleQueue[tuple[int, asyncio.Future[list[bytes]]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="stdin", daemon=True)

    async def next(self, count: int) -> list[bytes]:
        """See `Source`."""
        if not self._thread.is_alive():
            self._thread.start()
        future: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
        self._requests.put((count, future))
        return await future

    def _serve(self) -> None:
        while True:
            count, future = self._requests.get()
            try:
                lines = self._reader.next(count)
            except InputError as error:
                _tell(future, _fail, error)
            else:
                _tell(future, _succeed, lines)


class Output(Protocol):
    """Where results go."""

    def write(self, results: Sequence[bytes]) -> None:
        """Takes results, in order; says later how many of them are written."""


class Raw(bytes):
    """A result that is written as it is, without a newline."""


class Results:
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
            if len(batch) < AT_ONCE:
                batch = list(batch)
                while len(batch) < AT_ONCE and not self._queue.empty():
                    batch += self._queue.get()
            for start in range(0, len(batch), AT_ONCE):
                if not self._write_piece(batch[start : start + AT_ONCE]):
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
                # Somebody made the descriptor non-blocking (it may be shared with a terminal): wait for room.
                select.select([], [self._descriptor], [])

    def _report(self, callback: Callable[..., None], value: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, value)
        except RuntimeError:
            return  # the loop is closed: the run is over, nobody waits for this


def _tell(future: asyncio.Future[list[bytes]], outcome: Callable[..., None], value: object) -> None:
    try:
        future.get_loop().call_soon_threadsafe(outcome, future, value)
    except RuntimeError:
        return  # the loop is closed: the run is over, nobody waits for this


def _succeed(future: asyncio.Future[list[bytes]], lines: list[bytes]) -> None:
    if not future.done():
        future.set_result(lines)


def _fail(future: asyncio.Future[list[bytes]], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)

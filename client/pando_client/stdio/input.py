"""Items in: from the command line, or from standard input in a thread of its own, so that the event loop never waits.

A thread, not `connect_read_pipe`, because standard input may be a regular file; a daemon thread, because a read that
never returns must not keep the program alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from pando_client.stdio.descriptors import BYTE_ORDER_MARK, is_at_end
from pando_shared.errors import InputError

READ_BYTES = 256 * 1024
"""Bytes of one read, at most."""
MAX_ITEM_BYTES = 16 * 1024 * 1024
"""Bytes of one item, at most."""


def read_standard_input() -> bytes:
    """Returns what is there, as soon as something is; no bytes at the end. May raise OSError."""
    return os.read(0, READ_BYTES)


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

    A byte order mark at the very beginning belongs to the file, not to its first line.

    Args:
        read: returns the next bytes, none at the end; may block, may raise OSError.
        max_line: bytes of the longest line.
        whole: whether a last line without a newline is left in `rest`, and not returned.

    Attributes:
        rest: at the end, what came after the last line.
    """

    def __init__(self, read: Callable[[], bytes], max_line: int = MAX_ITEM_BYTES, *, whole: bool = False) -> None:
        self.rest = b""
        self._whole = whole
        self._read = read
        self._max_line = max_line
        self._lines: deque[bytes] = deque()
        self._rest: list[bytes] = []  # of a line that is not complete
        self._rest_size = 0
        self._taken = 0
        self._ended = False
        self._began = False

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
            data = self._read() if self._began else self._read_beginning()
        except OSError as error:
            raise InputError(f"standard input cannot be read: {error.strerror}") from error
        if not data:
            self._ended = True
            if self._whole:
                self.rest = b"".join(self._rest)
            elif self._rest:
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

    def _read_beginning(self) -> bytes:
        """Returns the first bytes, but for a byte order mark.

        Raises:
            InputError: the mark says that it is no UTF-8.
        """
        data = self._read()
        while data and data != BYTE_ORDER_MARK and BYTE_ORDER_MARK.startswith(data):
            if not (more := self._read()):
                break
            data += more
        self._began = True
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise InputError("standard input is UTF-16 text, not UTF-8: iconv -f UTF-16 -t UTF-8 converts it")
        if data == BYTE_ORDER_MARK:
            return self._read()
        return data.removeprefix(BYTE_ORDER_MARK)

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
        self._descriptor = descriptor
        self._reader = LineReader(lambda: os.read(descriptor, READ_BYTES))
        self._requests: queue.SimpleQueue[tuple[int, asyncio.Future[list[bytes]]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="stdin", daemon=True)

    async def next(self, count: int) -> list[bytes]:
        """See `Source`."""
        if not self._thread.is_alive():
            self._thread.start()
        future: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
        self._requests.put((count, future))
        return await future

    def when_empty(self, callback: Callable[[], None]) -> None:
        """Calls back in the event loop if there will be no item at all, also while nobody asks; reads nothing."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._look, args=(loop, callback), name="stdin-looker", daemon=True).start()

    def _look(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        if is_at_end(self._descriptor, wait=True):
            with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
                loop.call_soon_threadsafe(self._if_untouched, callback)

    def _if_untouched(self, callback: Callable[[], None]) -> None:
        # Otherwise it was not empty, or whoever has asked for an item hears of the end.
        if not self._thread.is_alive():
            callback()

    def _serve(self) -> None:
        while True:
            count, future = self._requests.get()
            try:
                lines = self._reader.next(count)
            except InputError as error:
                _tell(future, _fail, error)
            else:
                _tell(future, _succeed, lines)


def _tell(future: asyncio.Future[list[bytes]], outcome: Callable[..., None], value: object) -> None:
    try:
        future.get_loop().call_soon_threadsafe(outcome, future, value)
    except RuntimeError:
        return  # the loop is closed: the run is over, and there is no one to hear of it


def _succeed(future: asyncio.Future[list[bytes]], lines: list[bytes]) -> None:
    if not future.done():
        future.set_result(lines)


def _fail(future: asyncio.Future[list[bytes]], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)

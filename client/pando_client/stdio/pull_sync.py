"""pull-sync, the core: two programs that feed each other, one value at a time, in both directions.

Theory of operation. Each end is a source (of what it sends) and a sink (of what it asks for). Lines of the other end
go in with `receive`; lines for it are drained with `lines`. A value is sent only when it was asked for, so neither end
runs ahead of the other, and an end that wants no more says so with an abort, which ends both directions. An end that
closes its output between two lines wants no more either: that is how programs stop one that they have started.

What may not live here: descriptors, threads, the lender. The messages are those of the npm package `pull-sync`:

    0 JSON   a value               3   the asker wants no more
    1 JSON   the end: true, or     4   there is something to ask for here
             an error's message    5   greeting: `5 pull-sync: missing sync`
    2        a value is asked for
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence

from pando_shared.errors import InputError
from pando_shared.text import printable

GREETING = b"5 pull-sync: missing sync"
LAST_WORDS = (b"3", b"1true")
"""Lines that need no newline to be whole: nothing comes after them."""


class PullSync:
    """One end of an exchange; it sends results and asks for items."""

    def __init__(self) -> None:
        self.items: deque[bytes] = deque()
        """What came, as UTF-8, and was not taken yet."""
        self.input_ended = False
        """No more items will come."""
        self.input_error: InputError | None = None
        """Why, if it was no regular end."""
        self.aborted = False
        """The other end wants no more results."""
        self.gone = False
        """It cannot have more, because it has closed one of the pipes or both."""
        self.ended = False
        """The other end knows that there are no more results, or need not."""
        self._lines: list[bytes] = [GREETING, b"4"]
        self._results: deque[bytes] = deque()
        self._end: bytes | None = None
        self._asked = 0  # by the other end, for results
        self._asking = False  # this end, for an item
        self._greeted = False
        self._closed = False
        self._count = 0

    def lines(self) -> list[bytes]:
        """Returns what is to be sent now, without line ends."""
        lines, self._lines = self._lines, []
        return lines

    def ask(self) -> None:
        """Asks for an item, unless one is asked for already."""
        if not self._asking and not self.input_ended:
            self._asking = True
            self._lines.append(b"2")

    def give(self, results: Sequence[bytes]) -> None:
        """Sends results, as UTF-8, when they are asked for."""
        self._results.extend(results)
        self._answer()

    def finish(self, error: str | None = None) -> None:
        """Says after the last result, when one more is asked for, that there are none, or why."""
        if self._end is None:
            self._end = b"1" + json.dumps(True if error is None else error, ensure_ascii=False).encode()
        self._answer()

    def receive(self, line: bytes) -> None:
        """Takes a line of the other end.

        Raises:
            InputError: it is no message, or one that may not come now.
        """
        self._count += 1
        if not self._greeted and line != GREETING:
            raise self._other_language(line)
        kind, rest = line[:1], line[1:]
        if kind == b"0" and self._asking:
            self._asking = False
            self.items.append(self._item(rest))
        elif kind == b"1":
            self._ended_there(rest)
        elif kind == b"2" and not rest:
            self._asked += 1
            self._answer()
        elif kind == b"3" and not rest:
            self._asked += 1
            self.aborted = True
            self._results.clear()
            self.finish()
        elif line == GREETING:
            self._greeted = True
        elif line != b"4":
            raise self._wrong(line)

    def closed(self, rest: bytes = b"") -> None:
        """Standard input is at its end, so the other end can ask for no more than it has asked for.

        Args:
            rest: what came after the last line.
        """
        if self._greeted and rest in LAST_WORDS:
            self.receive(rest)
        elif self._greeted or rest:
            self.input_error = self.input_error or self._cut_off(rest)
        else:
            self.input_error = InputError("standard input is empty: with --sync-stdio a program speaks pull-sync there")
        # After a regular end of its items it may still wait for results.
        waits = self.input_ended and self.input_error is None and self._asked > 0
        self.input_ended = True
        self._closed = True
        if not waits:
            self.abandoned()

    def abandoned(self) -> None:
        """The other end takes no more lines: it is gone, or has closed its input."""
        self.gone = True
        self.ended = True
        self._results.clear()

    def _cut_off(self, rest: bytes) -> InputError | None:
        if not rest:
            return None
        if not self._greeted and not GREETING.startswith(rest):
            return self._other_language(rest)
        return InputError(
            "standard input ended in the middle of a line: the program at the other end of pull-sync was cut off"
        )

    def _answer(self) -> None:
        while self._asked and self._results:
            self._asked -= 1
            text = self._results.popleft().decode("utf-8", "replace")
            self._lines.append(b"0" + json.dumps(text, ensure_ascii=False).encode())
        if self._asked and self._end is not None and not self.ended:
            self._lines.append(self._end)
            self.ended = True
        if self._closed and not self._asked:
            self.abandoned()

    def _item(self, text: bytes) -> bytes:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise self._wrong(b"0" + text) from None
        # As `String(value)` has it; of an object, its JSON is worth more than "[object Object]".
        return value.encode("utf-8", "replace") if isinstance(value, str) else text

    def _ended_there(self, text: bytes) -> None:
        self.input_ended = True
        self._asking = False
        try:
            why = json.loads(text)
        except (ValueError, RecursionError):
            raise self._wrong(b"1" + text) from None
        if why is not True:
            self.input_error = InputError(f"the other end of pull-sync failed: {printable(why, 500)}")

    def _other_language(self, line: bytes) -> InputError:
        return InputError(f"standard input does not speak pull-sync: its first line is {_shown(line)}")

    def _wrong(self, line: bytes) -> InputError:
        return InputError(
            f"line {self._count} of standard input is no pull-sync message that may come now: {_shown(line)}"
        )


def _shown(line: bytes) -> str:
    return printable(line.decode("utf-8", "replace"), 60)

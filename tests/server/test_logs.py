import logging
import sys

import pytest

from pando_server.logs import EVERY_SECONDS, KEPT, LibraryFilter, Sparing, library_logger


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_peer_gets_one_line_of_a_kind_in_a_minute() -> None:
    clock = Clock()
    sparing = Sparing(clock)
    assert [sparing.due("broken", "198.51.100.7") for _ in range(1_000)] == [True] + [False] * 999
    assert sparing.due("broken", "198.51.100.8")
    assert sparing.due("refused", "198.51.100.7")
    clock.now = EVERY_SECONDS
    assert sparing.due("broken", "198.51.100.7")


def test_a_crowd_of_peers_cannot_fill_the_memory() -> None:
    sparing = Sparing(Clock())
    for number in range(10 * KEPT):
        sparing.due("broken", str(number))
    assert len(sparing._said) <= KEPT


def record(message: str, *arguments: object, error: Exception | None = None) -> logging.LogRecord:
    try:
        raise error or ValueError
    except Exception:  # noqa: BLE001 - to have a traceback
        caught = sys.exc_info() if error else None
    return logging.LogRecord("library", logging.ERROR, __file__, 1, message, arguments, caught)


def test_what_a_library_logs_becomes_one_printable_line_without_a_traceback() -> None:
    one = record("handler\nerror %s", "\x1b[2J", error=KeyError("sdp of somebody"))
    assert LibraryFilter().filter(one)
    text = logging.Formatter().format(one)
    assert text == r"handler\nerror \x1b[2J (KeyError)"


def test_a_library_repeats_itself_once_a_minute_at_most() -> None:
    quiet = LibraryFilter()
    assert quiet.filter(record("Invalid HTTP request received."))
    assert not quiet.filter(record("Invalid HTTP request received."))
    assert quiet.filter(record("another"))


def test_a_library_has_one_filter_however_often_it_is_set_up(request: pytest.FixtureRequest) -> None:
    logger = library_logger(request.node.name)
    assert library_logger(request.node.name) is logger
    assert len(logger.filters) == 1

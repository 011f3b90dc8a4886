"""The lines that the operator reads."""

import logging
import subprocess
import sys

import pytest

from pando_server.logs import INTERVAL_SECONDS, MAX_REMEMBERED, LibraryFilter, LogLimiter, library_logger, limited_warn


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_peer_gets_one_line_of_a_kind_in_a_minute() -> None:
    clock = Clock()
    limiter = LogLimiter(clock)
    assert [limiter.due("broken", "198.51.100.7") for _ in range(1_000)] == [True] + [False] * 999
    assert limiter.due("broken", "198.51.100.8")
    assert limiter.due("refused", "198.51.100.7")
    clock.now = INTERVAL_SECONDS
    assert limiter.due("broken", "198.51.100.7")


def test_a_crowd_of_peers_cannot_fill_the_memory() -> None:
    limiter = LogLimiter(Clock())
    for number in range(10 * MAX_REMEMBERED):
        limiter.due("broken", str(number))
    assert len(limiter) <= MAX_REMEMBERED


def test_trouble_of_one_kind_is_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    warn = limited_warn()
    for number in range(100):
        warn("unreadable", f"line {number}")
    warn("not believed", "another")
    assert [record.getMessage() for record in caplog.records] == ["line 0", "another"]


def record(message: str, *arguments: object, error: Exception | None = None) -> logging.LogRecord:
    try:
        raise error or ValueError
    except Exception:  # noqa: BLE001 - to have a traceback
        caught = sys.exc_info() if error else None
    return logging.LogRecord("library", logging.ERROR, __file__, 1, message, arguments, caught)


def test_what_a_library_logs_becomes_one_printable_line_without_a_traceback() -> None:
    received = record("handler\nerror %s", "\x1b[2J", error=KeyError("sdp of somebody"))
    assert LibraryFilter().filter(received)
    text = logging.Formatter().format(received)
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


def test_the_program_logs_on_standard_error_one_line_for_each_record() -> None:
    code = (
        "from pando_server.logs import log, log_to_stderr; import logging; log_to_stderr(); "
        "log.info('a client is here'); logging.getLogger('other').info('not this'); "
        "logging.getLogger('asyncio').error('of a library\\x1b', exc_info=KeyError('secret'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.endswith(" INFO a client is here")
    assert second.endswith(r" ERROR of a library\x1b (KeyError)")

"""Results out, on pipes of this process."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator

import pytest

from pando_client.stdio.output import MAX_RESULTS_PER_WRITE, Raw, ResultWriter
from pando_shared.errors import OutputError


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # the test closed it


class Output:
    """A `ResultWriter` on a pipe."""

    def __init__(self, descriptor: int, *, raw: bool = False) -> None:
        self.wrote = 0
        self.reports: list[int] = []
        self.failed: list[Exception] = []
        self.news = asyncio.Event()
        self.writer = ResultWriter(self._wrote, self._failed, descriptor, raw=raw)

    def _wrote(self, count: int) -> None:
        self.wrote += count
        self.reports.append(count)
        self.news.set()

    def _failed(self, error: Exception) -> None:
        self.failed.append(error)
        self.news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.news.clear()
                await self.news.wait()


async def test_results_are_lines_and_are_counted_when_they_are_written(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1])
    output.writer.write([b"1", b"", "ü".encode()])
    output.writer.write([b"two\nlines"])
    await output.until(lambda: output.wrote == 4)
    assert os.read(pipe[0], 100) == "1\n\nü\ntwo\nlines\n".encode()


@pytest.mark.parametrize("blocking", [True, False])
async def test_a_slow_reader_gets_everything(pipe: tuple[int, int], blocking: bool) -> None:
    os.set_blocking(pipe[1], blocking)
    output = Output(pipe[1])
    lines = [b"%06d" % i * 20 for i in range(20_000)]
    got = bytearray()

    def read() -> None:
        while data := os.read(pipe[0], 70_001):
            got.extend(data)

    for start in range(0, len(lines), 100):
        output.writer.write(lines[start : start + 100])
    assert output.wrote == 0, "nobody has read yet"
    reader = threading.Thread(target=read)
    reader.start()
    await output.until(lambda: output.wrote == len(lines))
    os.close(pipe[1])
    await asyncio.to_thread(reader.join)
    assert bytes(got).split(b"\n") == [*lines, b""]


async def test_raw_results_are_written_as_they_are_among_lines(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1], raw=True)
    output.writer.write([b"a", Raw(b"\0\n\xff"), b"", Raw(b"")])
    output.writer.write([b"b"])
    await output.until(lambda: output.wrote == 5)
    assert os.read(pipe[0], 100) == b"a\n\0\n\xff\nb\n"


async def test_a_reader_that_has_gone(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    output = Output(pipe[1])
    output.writer.write([b"1"])
    output.writer.write([b"2"])
    await output.until(lambda: bool(output.failed))
    assert [type(error) for error in output.failed] == [BrokenPipeError]
    assert output.wrote == 0


@pytest.mark.parametrize(
    ("path", "mode", "why"),
    [
        ("/dev/full", os.O_WRONLY, "No space left on device"),
        (os.devnull, os.O_RDONLY, "standard output is closed"),
    ],
)
async def test_an_output_that_cannot_be_written(path: str, mode: int, why: str) -> None:
    output = Output(os.open(path, mode))
    output.writer.write([b"1"])
    await output.until(lambda: bool(output.failed))
    assert isinstance(output.failed[0], OutputError)
    assert str(output.failed[0]) == f"the results cannot be written: {why}"


async def test_very_many_results_are_written_in_pieces(pipe: tuple[int, int]) -> None:
    output = Output(pipe[1])
    output.writer.write([b""] * (2 * MAX_RESULTS_PER_WRITE + 1))
    await output.until(lambda: output.wrote == 2 * MAX_RESULTS_PER_WRITE + 1)
    assert output.reports == [MAX_RESULTS_PER_WRITE, MAX_RESULTS_PER_WRITE, 1]


def test_a_run_that_is_over_is_not_told(pipe: tuple[int, int]) -> None:
    """A thread that outlives its event loop stays quiet: pytest would report an exception in it."""
    started: list[threading.Thread] = []
    size = 256 * 1024  # more than a pipe holds

    async def run() -> None:
        before = set(threading.enumerate())
        Output(pipe[1]).writer.write([b"x" * size])
        started.extend(set(threading.enumerate()) - before)

    asyncio.run(run())
    [writer] = started
    while b"\n" not in os.read(pipe[0], size):
        continue
    writer.join(0.2)
    assert writer.is_alive(), "it waits for more"

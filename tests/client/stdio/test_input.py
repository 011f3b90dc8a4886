"""Items in: from the command line and from standard input, on pipes of this process."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pando_client.stdio.input import Arguments, LineReader, StandardInput
from pando_shared.errors import InputError


def reading(*chunks: bytes | OSError) -> Callable[[], bytes]:
    rest = iter(chunks)

    def read() -> bytes:
        chunk = next(rest, b"")
        if isinstance(chunk, OSError):
            raise chunk
        return chunk

    return read


def all_lines(reader: LineReader, count: int = 100) -> list[bytes]:
    lines: list[bytes] = []
    while more := reader.next(count):
        assert len(more) <= count
        lines += more
    return lines


async def test_arguments_come_in_order_and_in_portions() -> None:
    source = Arguments(["1", "", "ü", "4"])
    assert await source.next(3) == [b"1", b"", "ü".encode()]
    assert await source.next(3) == [b"4"]
    assert await source.next(3) == []
    assert await source.next(3) == []


async def test_what_comes_before_an_argument_that_is_not_utf8_is_given_first() -> None:
    source = Arguments(["1", "2", "\udcff", "4"])
    assert await source.next(10) == [b"1", b"2"]
    with pytest.raises(InputError, match="item 3 of the command line is not valid UTF-8"):
        await source.next(10)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"\n\n", [b"", b""]),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"a\r\nb\n\rc\r\rd\r\n", [b"a", b"b", b"\rc\r\rd"]),
        ("a\x0bb\x0cc\x1cd\x1ee\x85f\u2028g\u2029h\n".encode(), ["a\x0bb\x0cc\x1cd\x1ee\x85f\u2028g\u2029h".encode()]),
        (b"\0\n", [b"\0"]),
        # A byte order mark is no part of the first line; a second one is.
        ("\ufeffa\n".encode(), [b"a"]),
        ("\ufeff\n".encode(), [b""]),
        ("\ufeff".encode(), []),
        ("\ufeff\ufeffa\n\ufeffb".encode(), ["\ufeffa".encode(), "\ufeffb".encode()]),
        ("\uff21\n".encode(), ["\uff21".encode()]),  # begins with the same byte
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_lines_end_with_a_newline_and_nothing_else(data: bytes, lines: list[bytes], size: int) -> None:
    chunks = [data[i : i + size] for i in range(0, len(data), size)]
    assert all_lines(LineReader(reading(*chunks))) == lines


@given(
    st.lists(st.text(st.characters(exclude_characters="\n\r", codec="utf-8"))), st.integers(1, 50), st.integers(1, 9)
)
def test_every_line_comes_out_once_and_in_order(lines: list[str], size: int, count: int) -> None:
    data = "".join(line + "\n" for line in lines).encode()
    chunks = [data[i : i + size] for i in range(0, len(data), size)]
    # But for a byte order mark at the beginning of the first one.
    expected = [line.encode() for line in [*(line.removeprefix("\ufeff") for line in lines[:1]), *lines[1:]]]
    assert all_lines(LineReader(reading(*chunks)), count) == expected


def test_nothing_is_read_before_it_is_needed() -> None:
    reads = 0

    def read() -> bytes:
        nonlocal reads
        reads += 1
        return b"1\n2\n3\n"

    reader = LineReader(read)
    assert reads == 0
    assert reader.next(2) == [b"1", b"2"]
    assert reader.next(2) == [b"3"]
    assert reads == 1
    assert reader.next(2) == [b"1", b"2"]
    assert reads == 2


def test_what_comes_before_a_bad_line_is_given_first() -> None:
    reader = LineReader(reading(b"a\nb\n\xff\nc\n"))
    assert reader.next(100) == [b"a", b"b"]
    with pytest.raises(InputError, match=r"^line 3 of standard input is not valid UTF-8 \(byte 1\)$"):
        reader.next(100)


@pytest.mark.parametrize("bad", [b"\xc3", b"a\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\x80"])
def test_what_is_not_utf8(bad: bytes) -> None:
    with pytest.raises(InputError, match=r"line 1 .* not valid UTF-8"):
        LineReader(reading(bad)).next(1)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_the_mark_of_another_encoding_is_understood(encoding: str) -> None:
    with pytest.raises(InputError, match=r"^standard input is UTF-16 text, not UTF-8: iconv -f UTF-16"):
        LineReader(reading("\ufeff1\n2\n".encode(encoding))).next(9)


def test_a_character_may_be_cut_by_a_read() -> None:
    data = "ü😀\n".encode()
    assert all_lines(LineReader(reading(*(data[i : i + 1] for i in range(len(data)))))) == ["ü😀".encode()]


def test_the_longest_line_and_one_byte_more() -> None:
    assert all_lines(LineReader(reading(b"a\n", b"12345", b"678\n", b"b"), 8)) == [b"a", b"12345678", b"b"]
    reader = LineReader(reading(b"a\n", b"12345", b"6789", b"10\nb"), 8)
    assert reader.next(9) == [b"a"]
    with pytest.raises(InputError, match=r"^line 2 of standard input is longer than 8 bytes$"):
        reader.next(9)
    with pytest.raises(InputError, match=r"line 1 .* longer"):
        LineReader(reading(b"123456789\n1\n"), 8).next(9)


def test_an_endless_line_is_not_kept() -> None:
    reads = 0

    def read() -> bytes:
        nonlocal reads
        reads += 1
        return b"x" * 10

    with pytest.raises(InputError, match="longer than 100"):
        LineReader(read, 100).next(1)
    assert reads == 11


def test_a_read_error_comes_after_the_lines_before_it() -> None:
    reader = LineReader(reading(b"a\nb", OSError(5, "Input/output error")))
    assert reader.next(9) == [b"a"]
    with pytest.raises(InputError, match=r"^standard input cannot be read: Input/output error$"):
        reader.next(9)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # the test closed it


async def test_standard_input_waits_in_a_thread(pipe: tuple[int, int]) -> None:
    source = StandardInput(pipe[0])
    first = asyncio.create_task(source.next(5))
    await asyncio.sleep(0)  # the loop goes on although nothing is there
    assert not first.done()
    os.write(pipe[1], b"1\n2\n3")
    assert await first == [b"1", b"2"]
    os.close(pipe[1])
    assert await source.next(5) == [b"3"]
    assert await source.next(5) == []


async def test_standard_input_passes_errors_on(pipe: tuple[int, int]) -> None:
    os.close(pipe[1])
    source = StandardInput(os.open("/", os.O_RDONLY))
    with pytest.raises(InputError, match="Is a directory"):
        await source.next(1)
    # The descriptor of a pipe for writing cannot be read at all.
    with pytest.raises(InputError, match="Bad file descriptor"):
        await StandardInput(os.open(os.devnull, os.O_WRONLY)).next(1)


async def test_an_empty_input_is_noticed_though_nobody_asks(pipe: tuple[int, int]) -> None:
    empty = asyncio.Event()
    StandardInput(pipe[0]).when_empty(empty.set)
    await asyncio.sleep(0)
    assert not empty.is_set()
    os.close(pipe[1])
    await asyncio.wait_for(empty.wait(), 10)


async def test_an_input_of_which_something_was_read_is_not_empty(pipe: tuple[int, int]) -> None:
    empty: list[bool] = []
    source = StandardInput(pipe[0])
    asking = asyncio.create_task(source.next(1))
    await asyncio.sleep(0)
    source.when_empty(lambda: empty.append(True))
    os.close(pipe[1])
    assert await asking == []
    await asyncio.sleep(0.05)  # the other thread has seen the end as well
    assert empty == []


async def test_nobody_needs_to_wait_for_an_answer(pipe: tuple[int, int]) -> None:
    source = StandardInput(pipe[0])
    waiting = asyncio.create_task(source.next(1))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    os.write(pipe[1], b"1\n2\n")
    # What the first reader would have got went with it; the thread lives on.
    assert await source.next(1) == [b"2"]


def test_a_run_that_is_over_is_not_told(pipe: tuple[int, int]) -> None:
    """A thread that outlives its event loop stays quiet: pytest would report an exception in it."""
    started: list[threading.Thread] = []

    async def run() -> None:
        before = set(threading.enumerate())
        waiting = asyncio.create_task(StandardInput(pipe[0]).next(1))
        await asyncio.sleep(0)
        waiting.cancel()
        started.extend(set(threading.enumerate()) - before)

    asyncio.run(run())
    [reader] = started
    os.write(pipe[1], b"\n")
    reader.join(0.2)
    assert reader.is_alive(), "it waits for the next request"

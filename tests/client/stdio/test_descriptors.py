"""Standard descriptors, looked at without reading or writing."""

from __future__ import annotations

import os
import pty
import socket
import threading
from pathlib import Path

import pytest

from pando_client.stdio.descriptors import (
    is_at_end,
    is_same_file,
    refuse_closed_input,
    refuse_closed_output,
    what_waits_in,
)
from pando_shared.errors import InputError, OutputError


@pytest.fixture
def pipe() -> tuple[int, int]:
    return os.pipe()


def test_a_pipe_is_at_its_end_when_its_writer_has_gone(pipe: tuple[int, int]) -> None:
    ours, theirs = pipe
    assert what_waits_in(ours) == "a pipe"
    assert not is_at_end(ours), "what may still come is no end"
    os.write(theirs, b"1\n")
    assert not is_at_end(ours)
    os.close(theirs)
    assert not is_at_end(ours), "there is something in it"
    assert os.read(ours, 9) == b"1\n", "looking takes nothing"
    assert is_at_end(ours)
    assert is_at_end(ours, wait=True)
    os.close(ours)


def test_it_waits_until_the_end_is_known(pipe: tuple[int, int]) -> None:
    ours, theirs = pipe
    found: list[bool] = []
    looking = threading.Thread(target=lambda: found.append(is_at_end(ours, wait=True)))
    looking.start()
    os.close(theirs)
    looking.join(10)
    assert found == [True]
    os.close(ours)


@pytest.mark.parametrize(
    ("content", "empty"),
    [(b"", True), (b"\xef\xbb\xbf", True), (b"\n", False), (b"1", False), (b"\xef\xbb\xbf1", False)],
)
def test_a_file_is_looked_at_from_where_it_is_read(tmp_path: Path, content: bytes, empty: bool) -> None:
    (tmp_path / "items").write_bytes(content)
    with (tmp_path / "items").open("rb") as file:
        assert what_waits_in(file.fileno()) == "a file"
        assert is_at_end(file.fileno()) is empty
        assert file.read() == content
        assert is_at_end(file.fileno())


def test_devices() -> None:
    for path, empty in ((os.devnull, True), ("/dev/zero", False), ("/dev/urandom", False)):
        with Path(path).open("rb", buffering=0) as file:
            assert is_at_end(file.fileno(), wait=True) is empty
            assert what_waits_in(file.fileno()) is None


def test_a_terminal_is_at_its_end_when_somebody_says_so() -> None:
    theirs, ours = pty.openpty()
    assert what_waits_in(ours) is None
    assert not is_at_end(ours)
    os.write(theirs, b"1\n")
    assert not is_at_end(ours, wait=True)
    os.read(ours, 9)
    os.write(theirs, b"\x04")
    assert is_at_end(ours, wait=True)
    os.close(theirs)
    os.close(ours)


def test_a_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        assert what_waits_in(ours.fileno()) == "a pipe"
        assert not is_at_end(ours.fileno())
        theirs.close()
        assert is_at_end(ours.fileno(), wait=True)


def test_what_is_closed_or_open_for_the_other_direction_is_refused(pipe: tuple[int, int]) -> None:
    ours, theirs = pipe
    refuse_closed_input(ours)
    refuse_closed_output(theirs)
    with pytest.raises(InputError, match=r"^standard input cannot be read: it is closed$"):
        refuse_closed_input(theirs)
    with pytest.raises(OutputError, match=r"^the results cannot be written: standard output is closed$"):
        refuse_closed_output(ours)
    os.close(ours)
    os.close(theirs)
    with pytest.raises(InputError):
        refuse_closed_input(ours)
    with pytest.raises(OutputError):
        refuse_closed_output(theirs)
    assert what_waits_in(ours) is None


def test_of_what_cannot_be_looked_at_reading_says_what_is_wrong() -> None:
    assert not is_at_end(10_000)
    assert not is_at_end(os.open("/", os.O_RDONLY))


def test_another_name_of_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("1")
    with (tmp_path / "file").open() as file:
        assert is_same_file(Path(f"/dev/fd/{file.fileno()}"), file.fileno())
        assert is_same_file(tmp_path / "file", file.fileno())
        for other in ("none", "a\0b", "."):
            assert not is_same_file(tmp_path / other, file.fileno())

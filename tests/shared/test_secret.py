"""One reading of a secret file, for server and client."""

from __future__ import annotations

from pathlib import Path

import pytest

from pando_shared.errors import UsageError
from pando_shared.secret import MAX_FILE_CHARACTERS, read_file


def written(folder: Path, content: bytes) -> Path:
    path = folder / "secret"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    ["a secret", "a secret\n", "a secret\r\n", "  a secret \t\n", "a secret\n\n \t\r\n", "a secret\n" + "\n" * 1000],
)
def test_the_secret_is_the_first_line_without_the_space_around_it(tmp_path: Path, content: str) -> None:
    assert read_file(written(tmp_path, content.encode())) == "a secret"


def test_a_secret_may_hold_any_character_but_a_line_ending(tmp_path: Path) -> None:
    assert read_file(written(tmp_path, "geheim\x0b\u2028ß\n".encode())) == "geheim\x0b\u2028ß"


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n \n"])
def test_a_file_without_text_holds_an_empty_secret(tmp_path: Path, content: bytes) -> None:
    assert read_file(written(tmp_path, content)) == ""


@pytest.mark.parametrize("content", [b"one\ntwo", b"one\r\ntwo\r\n", b"one\n\n\ntwo\n", b"\none\n", b"one\rtwo"])
def test_text_after_the_first_line_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    with pytest.raises(UsageError) as caught:
        read_file(path)
    text = f"the secret file {path} has text after its first line: the secret must be its only line"
    assert (str(caught.value), caught.value.exit_status) == (text, 2)


def test_no_more_is_read_than_a_secret_needs(tmp_path: Path) -> None:
    longest = "x" * MAX_FILE_CHARACTERS
    assert read_file(written(tmp_path, longest.encode())) == longest
    for content in (longest + "x", "secret" + "\n" * MAX_FILE_CHARACTERS):
        with pytest.raises(UsageError, match=r"is longer than 4096 characters$"):
            read_file(written(tmp_path, content.encode()))
    with pytest.raises(UsageError, match=r"^the secret file /dev/zero is longer than"):
        read_file(Path("/dev/zero"))


def test_a_byte_order_mark_is_no_part_of_the_secret(tmp_path: Path) -> None:
    assert read_file(written(tmp_path, b"\xef\xbb\xbf0123456789abcdef\r\n")) == "0123456789abcdef"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path, reason in {
        tmp_path / "none": "No such file or directory",
        tmp_path: "Is a directory",
        written(tmp_path, b"\xff\xfe"): "it is not text",
        Path("a\0b"): "embedded null byte",
    }.items():
        with pytest.raises(UsageError, match=f"^the secret file .* cannot be read: {reason}$"):
            read_file(path)


def test_the_name_of_the_file_is_safe_to_show() -> None:
    with pytest.raises(UsageError, match=r"^the secret file none\\x1b cannot"):
        read_file(Path("none\x1b"))

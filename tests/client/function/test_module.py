"""Where the function comes from: a file, or a text that is in no file."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pando_client.function.module import TITLE_CHARACTERS, Module, module_of
from pando_shared.errors import FunctionError
from pando_shared.limits import MAX_UNPACKED_BUNDLE_BYTES

TEXT = "module.exports = x => x\n"


@contextmanager
def standard_input(content: bytes) -> Iterator[None]:
    ours, theirs = os.pipe()
    os.write(theirs, content)
    os.close(theirs)
    before = os.dup(0)
    os.dup2(ours, 0)
    os.close(ours)
    try:
        yield
    finally:
        os.dup2(before, 0)
        os.close(before)


def refused(name: str, expression: str | None = None) -> str:
    with pytest.raises(FunctionError) as caught:
        module_of(name, expression)
    return str(caught.value)


@pytest.mark.parametrize("name", ["f.js", "lib/f\x1b.js", "./-", "/nowhere/f.js", ".", "a\0b", "x" * 300])
def test_a_file_is_read_by_the_bundler(name: str) -> None:
    module = module_of(name)
    assert (module.name, module.text, module.path, module.folder) == (name, None, Path(name), Path(name).parent)
    assert "\x1b" not in module.title


def test_an_expression() -> None:
    module = module_of("", "x => x * x")
    assert module == Module("-e", "x => x * x", Path(), "x => x * x", is_expression=True)
    assert module.path.parent == Path()
    long = module_of("", "x =>\n" + "1 + " * 100 + "x").title
    assert long.startswith("x =>\\n1 + 1")
    assert len(long) == TITLE_CHARACTERS


@pytest.mark.parametrize("expression", ["", " \n"])
def test_an_empty_expression(expression: str) -> None:
    assert refused("", expression) == "the function after -e is empty: give one, such as -e 'x => x * x'"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_standard_input(mark: bytes) -> None:
    with standard_input(mark + TEXT.encode()):
        module = module_of("-")
    assert module == Module("standard input", "a function from standard input", Path(), TEXT)


def test_a_pipe_with_a_name_is_read_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writing = threading.Thread(target=lambda: (tmp_path / "pipe").write_text(TEXT))
    writing.start()
    name = str(tmp_path / "pipe")
    assert module_of(name) == Module(name, name, Path(), TEXT)
    writing.join(10)


def test_a_descriptor_of_a_shell() -> None:
    ours, theirs = os.pipe()
    os.write(theirs, TEXT.encode())
    os.close(theirs)
    assert module_of(f"/dev/fd/{ours}").text == TEXT
    os.close(ours)


@pytest.mark.parametrize("content", [b"", b" \n\t"])
def test_nothing_in_it(content: bytes) -> None:
    with standard_input(content):
        assert refused("-") == "standard input is empty: there is no function in it"
    assert refused(os.devnull) == "the module /dev/null is empty: there is no function in it"


def test_what_is_no_text_or_has_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with standard_input(b"x => '\xff'"):
        assert refused("-") == "standard input is not UTF-8 text (byte 7)"
    assert (
        refused("/dev/zero")
        == f"the module /dev/zero is longer than a function may be: {MAX_UNPACKED_BUNDLE_BYTES} bytes"
    )


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(os, "open", forbidden)
    assert refused(str(tmp_path / "pipe")) == f"the module {tmp_path / 'pipe'} cannot be read: Permission denied"
    monkeypatch.setattr(os, "read", forbidden)
    assert refused("-") == "standard input cannot be read: Permission denied"

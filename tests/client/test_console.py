"""What is said on standard error, and to whom."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import sys
import termios

import pytest

from pando_client import console
from pando_shared.errors import OutputError


@pytest.mark.parametrize(
    ("patterns", "wanted"),
    [
        ("", False),
        ("pando-computing", True),
        ("pando-computing:monitoring", False),
        ("pando-computing*", True),
        ("*", True),
        ("x,pando-computing", True),
        ("x pando-computing", True),
        ("*,-pando-computing", False),
        ("-pando*,*", False),
        ("PANDO-COMPUTING", False),
        ("pando", False),
    ],
)
def test_debug_names_with_wildcards(patterns: str, wanted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert console.debug_wanted("pando-computing", patterns) is wanted
    monkeypatch.setenv("DEBUG", patterns)
    assert console.debug_wanted("pando-computing") is wanted


def test_an_error_is_one_line_that_no_terminal_acts_on(capsys: pytest.CaptureFixture[str]) -> None:
    console.error("a\nb\x1b[2J\u202e\x07" + "x" * 5000)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("pando: a\\nb\\x1b[2J\\u202e\\x07xxx")
    assert err.endswith("…\n")
    assert err.count("\n") == 1
    assert len(err) < 2050


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "ITEM… “é” → 😀"),
        (None, "ITEM… “é” → 😀"),
        ("latin-1", 'ITEM... "é" -> \\U0001f600'),
        ("ascii", 'ITEM... "\\xe9" -> \\U0001f600'),
        ("cp1252", 'ITEM... "é" -> \\U0001f600'),
        ("utf-16", "ITEM… “é” → 😀"),
    ],
)
def test_an_encoding_that_lacks_a_character_gets_another(encoding: str | None, shown: str) -> None:
    assert console.encodable("ITEM… “é” → 😀", encoding) == shown
    if encoding:
        shown.encode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_streams_of_other_encodings_get_all_of_it(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = io.BytesIO(), io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding=encoding))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding=encoding, errors="strict"))
    console.result("█ …\nmore")
    console.say("█ …")
    plain = "…" if encoding == "cp1252" else "..."
    expected = console.encodable("█ …", encoding)
    assert expected in (f"\\u2588 {plain}", "\\u2588 ...")
    assert out.getvalue().decode(encoding) == f"{expected}\nmore\n"
    assert err.getvalue().decode(encoding) == f"{expected}\n"


def test_notes_are_for_those_who_watch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("DEBUG", raising=False)
    console.note("quiet")
    console.debug("quiet")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("DEBUG", "pando-computing")
    console.note("a\nnote")
    console.debug("a detail")
    assert capsys.readouterr() == ("", "pando: a\\nnote\npando-computing a detail\n")
    monkeypatch.delenv("DEBUG")
    monkeypatch.setattr(console, "is_terminal", lambda: True)
    console.note("seen")
    console.debug("not seen")
    assert capsys.readouterr().err == "pando: seen\n"


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_nobody_listens(stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if stream is not None:
        stream.close()
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", stream)
    console.say("hello")
    console.error("hello")
    assert not console.is_terminal()
    assert out.getvalue() == "", "standard output is for results"


def test_what_was_asked_for_goes_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    console.result("1.2.3")
    assert capsys.readouterr() == ("1.2.3\n", "")
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OutputError, match="closed"):
        console.result("1.2.3")


def test_a_reader_that_has_gone_is_no_error_and_a_full_device_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.StringIO):
        def __init__(self, error: OSError) -> None:
            super().__init__()
            self.error = error

        def write(self, text: str) -> int:
            raise self.error

    monkeypatch.setattr(sys, "stdout", Broken(BrokenPipeError()))
    console.result("1.2.3")
    monkeypatch.setattr(sys, "stdout", Broken(OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match="No space left"):
        console.result("1.2.3")


def test_what_is_known_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="latin-1") as stream:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 20, 0, 0))
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
        assert (console.columns(), console.encoding()) == (20, "latin-1")
    os.close(ours)
    monkeypatch.setattr(sys, "stderr", None)
    assert (console.columns(), console.encoding()) == (None, "ascii")

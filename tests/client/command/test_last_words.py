"""What Deno says when it ends in an unusual way, for `pando-volunteer`."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from pando_client.command import last_words

SCRIPT = """
import os
from pando_client.command.last_words import report_in_background
reading, writing = os.pipe()
report_in_background(reading, (writing,))
os.write(writing, b"thread 'main' panicked: Too many open files (os error 24)\\n")
"""


def test_what_tells_of_the_end_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    last_words.report(io.BytesIO(b"# Fatal: Out of memory\n" + b"at frame\n" * 10_000))
    said = capsys.readouterr().err
    assert said.startswith("pando-volunteer: it ended: ")
    assert "memory" in said


def test_what_does_not_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    last_words.report(io.BytesIO(b"a warning\n"))
    assert capsys.readouterr().err == ""


def test_a_process_beside_says_it_at_the_end() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stderr.startswith("pando-volunteer: it ended: this program may open no more than ")

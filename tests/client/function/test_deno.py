"""Where Deno and its programs are found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pando_client.function import deno as deno_module
from pando_client.function.deno import ASSETS, command, deno
from pando_shared.errors import ToolError


def test_the_one_beside_this_python_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "deno"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert deno() == str(Path(sys.executable).parent / "deno")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "elsewhere" / "python"))
    assert deno() == str(other)
    other.unlink()
    with pytest.raises(ToolError, match="pip install deno"):
        deno()


def test_a_command_has_the_permissions_that_were_asked_for_and_no_more() -> None:
    line = command("pipe.js", [], ["--cores=1"])
    assert line[:2] == [deno(), "run"]
    assert line[-2:] == [str(ASSETS / "pipe.js"), "--cores=1"]
    assert not [word for word in line if word.startswith("--allow")]
    assert "--no-prompt" in line
    assert "--allow-net" in command("headless.js", ["--allow-net"], [])


def test_a_program_that_was_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deno_module, "ASSETS", tmp_path)
    with pytest.raises(ToolError, match=r"pipe\.js was not built"):
        command("pipe.js", [], [])

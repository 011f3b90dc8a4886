"""Where Deno may write, on machines with and without a home."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from pando_client.function.deno_folders import NOWHERE, can_write, environment, temporary_folder


def test_where_there_is_a_home_its_cache_is_used(tmp_path: Path) -> None:
    env = environment({"HOME": str(tmp_path), "LANG": "C"})
    assert (env["HOME"], env["LANG"]) == (str(tmp_path), "C")
    assert env["DENO_DIR"] == str(tmp_path / ".cache" / "deno")
    assert "XDG_CACHE_HOME" not in env


def test_what_the_user_names_counts(tmp_path: Path) -> None:
    env = environment({"HOME": str(tmp_path), "DENO_DIR": str(tmp_path / "mine"), "XDG_CACHE_HOME": str(tmp_path)})
    assert env["DENO_DIR"] == str(tmp_path / "mine")


@pytest.mark.parametrize("home", ["/proc", "relative"])
def test_where_nothing_can_be_written_a_temporary_folder_takes_its_place(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    env = environment({"HOME": home})
    spare = tmp_path / f"pando-{os.geteuid()}"
    assert (env["XDG_CACHE_HOME"], env["DENO_DIR"]) == (str(spare), str(spare / "deno"))
    assert spare.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("home", ["/dev/null", "/" + "x" * 5000])
def test_a_home_that_is_none_is_not_told_to_deno(home: str) -> None:
    assert "HOME" not in environment({"HOME": home})


def test_where_there_is_no_temporary_folder_either_deno_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/proc")
    assert temporary_folder() is None
    assert environment({"HOME": "/proc"})["DENO_DIR"] == NOWHERE
    monkeypatch.setattr(os.path, "expanduser", lambda name: name)
    without = environment({})
    assert (without["DENO_DIR"], without["XDG_CACHE_HOME"]) == (NOWHERE, os.devnull), "nobody knows a home"


def test_a_temporary_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / f"pando-{os.geteuid()}"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    assert temporary_folder() is None, "others can write there"
    folder.rmdir()
    folder.symlink_to(tmp_path)
    assert temporary_folder() is None, "it leads elsewhere"
    monkeypatch.chdir(tmp_path)
    assert temporary_folder() is None, "the working folder is the user's"
    folder.unlink()
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert temporary_folder() == folder, "unless the user names it"


def test_what_can_be_written(tmp_path: Path) -> None:
    assert can_write(tmp_path)
    assert can_write(tmp_path / "not" / "yet")
    assert not can_write(Path("/proc"))
    assert not list(tmp_path.iterdir())

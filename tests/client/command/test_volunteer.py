"""`pando-volunteer`: becomes Deno, or says why not."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from pando_client.command import volunteer
from pando_client.function import deno
from pando_shared import __version__


def ended(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        volunteer.main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_it_becomes_deno(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[tuple[str, list[str]]] = []

    class Replaced(Exception):
        """The process is another program now."""

    def execv(path: str, line: list[str]) -> None:
        became.append((path, line))
        raise Replaced

    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(Replaced):
        volunteer.main(["http://localhost:5000", "--cores=2"])
    [(path, line)] = became
    assert path == line[0] == deno.deno()
    assert line[-3:] == [str(deno.ASSETS / "headless.js"), "http://localhost:5000", "--cores=2"]
    assert [word for word in line if word.startswith("--allow")] == volunteer.PERMISSIONS


@pytest.mark.parametrize(("arguments", "status"), [((), 2), (("-h",), 0), (("--help", "more"), 0)])
def test_how_to_call_it(arguments: tuple[str, ...], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(*arguments) == status
    assert capsys.readouterr() == (volunteer.USAGE + "\n", "")


@pytest.mark.parametrize("option", ["-v", "--version"])
def test_its_version(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(option) == 0
    assert capsys.readouterr() == (f"pando-volunteer {__version__}\n", "")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_nobody_can_read_the_answer(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert ended(option) == 1
    assert capsys.readouterr().err == "pando-volunteer: standard output is closed\n"


def test_without_deno(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert ended("http://localhost:5000") == 1
    assert capsys.readouterr().err == "pando-volunteer: Deno is missing; `pip install deno` brings it back\n"

"""`pando-volunteer`: becomes Deno, or says why not."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from pando_client.command import last_words, volunteer
from pando_client.function import deno
from pando_shared import __version__, machine


def ended(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        volunteer.main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done to the descriptors and processes of the tests themselves."""
    monkeypatch.setattr(last_words, "report_in_background", lambda *_: None)
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    monkeypatch.setattr(volunteer, "open_standard_streams", lambda: None)


@pytest.mark.usefixtures("alone")
def test_it_becomes_deno(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[tuple[str, list[str]]] = []

    class Replaced(Exception):
        """The process is another program now."""

    def execve(path: str, line: list[str], env: dict[str, str]) -> None:
        assert env["DENO_DIR"]
        became.append((path, line))
        raise Replaced

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(Replaced):
        volunteer.main(["http://localhost:5000", "--cores=2"])
    [(path, line)] = became
    assert path == line[0] == deno.deno()
    program, *given = line[line.index(str(deno.ASSETS / "headless.js")) :]
    assert given == ["http://localhost:5000", "--cores=2", "--status=stdout", f"--machine={machine.name()}"], program
    assert [word for word in line if word.startswith("--allow")] == volunteer.PERMISSIONS


@pytest.mark.usefixtures("alone")
def test_a_machine_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(machine, "is_short_of_files", lambda _: True)
    assert ended("http://localhost:5000", "--device=x") == 1
    said = capsys.readouterr().err
    assert said.startswith("pando-volunteer: Deno cannot be started: this program may open no more than ")
    assert said.endswith(" files: raise the limit (ulimit -n)\n")


@pytest.mark.usefixtures("alone")
def test_deno_is_tried_first_where_addresses_are_limited(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "is_short_of_addresses", lambda: True)
    monkeypatch.setattr(deno, "deno", lambda: "/bin/false")
    assert ended("http://localhost:5000") == 1
    assert capsys.readouterr().err.startswith("pando-volunteer: Deno does not start: ")


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

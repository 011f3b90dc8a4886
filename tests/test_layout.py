"""Where tests stand: beside what they test, by name. And what no test may do: lean on another test, or on the path."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PACKAGES = {"client": "pando_client", "server": "pando_server", "shared": "pando_shared"}
RINGS = ("programs", "end_to_end", "examples", "deploy")
"""Folders whose tests run whole programs, whatever modules those are made of."""

ELSEWHERE = {
    "client/__main__.py": ("programs/test_main.py", "it is a program"),
    "client/run/run.py": ("programs/test_run_*.py", "it composes the program, which is what is tested"),
    "server/__main__.py": ("programs/test_pando_server.py", "it is a program"),
}
"""Modules that are tested where whole programs are: in which files, and why."""

WITHOUT_BEHAVIOUR = {
    "client/coordination/instructions.py": "values that the coordinator's tests compare",
    "client/lending/instructions.py": "values that the lender's tests compare",
    "client/session/events.py": "values that the session's tests compare",
    "server/relay/instructions.py": "values that the relay's tests compare",
    "server/relay/state.py": "records that the relay's tests look into",
}
"""Modules with nothing to test but their fields, and where these are seen."""

OF_SEVERAL = {
    "client/coordination/test_scaling.py": "what one stimulus costs the coordinator with few and with many volunteers",
    "client/coordination/test_session_machine.py": "sessions, the lender and volunteers in fake time, in any order",
    "client/coordination/test_two_ends.py": "sessions, the lender and volunteers in fake time, case by case",
    "client/lending/test_scaling.py": "what one stimulus costs the lender with few and with many volunteers",
}
"""Test files that belong to no one module, and what they test."""


def modules() -> list[str]:
    """The modules of the packages, as `SIDE/FOLDER/MODULE.py`."""
    tops = {side: ROOT / side / package for side, package in PACKAGES.items()}
    return [
        f"{side}/{path.relative_to(top).as_posix()}"
        for side, top in tops.items()
        for path in sorted(top.rglob("*.py"))
        if path.name != "__init__.py"
    ]


def files_of_tests() -> list[str]:
    """The files of tests, relative to their top folder."""
    return [path.relative_to(TESTS).as_posix() for path in sorted(TESTS.rglob("test_*.py"))]


def sources() -> list[Path]:
    """All Python files of tests and benchmarks."""
    return sorted([*TESTS.rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])


def imported(source: Path) -> Iterator[str]:
    """The modules that a file imports, and the names that it imports from them, in full."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", modules())
def test_a_module_has_its_tests(module: str) -> None:
    if module in WITHOUT_BEHAVIOUR:
        return
    if module in ELSEWHERE:
        pattern, _ = ELSEWHERE[module]
        assert list(TESTS.glob(pattern)), f"{module} is said to be tested in tests/{pattern}"
        return
    own = Path(module).parent / f"test_{Path(module).name}"
    assert (TESTS / own).exists(), f"{module} has no tests/{own.as_posix()}"


@pytest.mark.parametrize("test", files_of_tests())
def test_a_file_of_tests_has_its_module(test: str) -> None:
    """Tests of a module that need more files are in `test_MODULE_MORE.py`; those of the whole project at the top."""
    folder, name = Path(test).parent, Path(test).stem.removeprefix("test_")
    if folder.parts[:1] in [(), *((ring,) for ring in RINGS)] or test in OF_SEVERAL:
        return
    beside = [Path(module).stem for module in modules() if Path(module).parent == folder]
    assert any(name == module or name.startswith(f"{module}_") for module in beside), (
        f"tests/{test} is named for no module of {folder.as_posix()}"
    )


def test_what_is_excepted_exists() -> None:
    assert {*ELSEWHERE, *WITHOUT_BEHAVIOUR} - set(modules()) == set()
    assert set(OF_SEVERAL) - set(files_of_tests()) == set()


@pytest.mark.parametrize("source", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_imports_a_test_or_changes_the_path(source: Path) -> None:
    of_tests = [name for name in imported(source) if any(part.startswith("test_") for part in name.split("."))]
    assert of_tests == [], "what tests share is in tests/support"
    paths = [
        node.lineno
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr == "path"
        and isinstance(node.value, ast.Name)
        and node.value.id == "sys"
    ]
    assert paths == [], "tests and benchmarks are packages, and are run from the project's folder"

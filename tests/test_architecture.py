"""Who may import whom: the contracts in pyproject.toml bite, which is shown on copies of the packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("client/pando_client", "server/pando_server", "shared/pando_shared")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the three packages' modules and the contracts."""
    for package in PACKAGES:
        for module in (ROOT / package).rglob("*.py"):
            target = tmp_path / module.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(module, target)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def broken_contracts(folder: Path) -> list[str]:
    """Runs import-linter on a copy; returns the chains of imports that it reports: none when it is content."""
    paths = os.pathsep.join(str((folder / package).parent) for package in PACKAGES)
    linter = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", folder / "pyproject.toml"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths, "COLUMNS": "500"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (linter.returncode == 0) == (" 0 broken." in linter.stdout), linter
    return [line.strip() for line in linter.stdout.splitlines() if " -> " in line]


def insert(module: Path, imported: str, call: str) -> None:
    """Adds an import after the one of `annotations`, and a call into the first function of the module."""
    head, annotations, rest = module.read_text().partition("from __future__ import annotations\n")
    assert annotations, module
    before, definition, after = rest.partition("    def ")
    assert definition, module
    signature, colon, body = after.partition(":\n        ")
    assert colon, module
    module.write_text(f"{head}{annotations}{imported}\n{before}{definition}{signature}{colon}{call}\n        {body}")


def test_the_packages_keep_the_contracts(copy: Path) -> None:
    assert broken_contracts(copy) == []


def test_a_core_that_prints_breaks_them(copy: Path) -> None:
    lender = copy / "client/pando_client/lending/lender.py"
    insert(lender, "from pando_client import console", "console.say('at work')")
    found = broken_contracts(copy)
    assert any("pando_client.lending.lender -> pando_client.console" in chain for chain in found), found


def test_a_core_that_prints_through_another_module_breaks_them(copy: Path) -> None:
    helper = copy / "shared/pando_shared/shouting.py"
    helper.write_text("from pando_shared.text import shout as shout\n")
    text = copy / "shared/pando_shared/text.py"
    text.write_text(text.read_text() + "\n\ndef shout() -> None:\n    import sys\n\n    sys.stderr.write('at work')\n")
    lender = copy / "client/pando_client/lending/lender.py"
    insert(lender, "from pando_shared.shouting import shout", "shout()")
    found = broken_contracts(copy)
    assert any("pando_shared.text -> sys" in chain for chain in found), found
    assert any("pando_client.lending.lender -> pando_shared.shouting" in chain for chain in found), found


def test_a_lower_folder_that_imports_a_higher_one_breaks_them(copy: Path) -> None:
    pipe = copy / "client/pando_client/channels/pipe.py"
    insert(pipe, "from pando_client.function.deno import command", "command('pipe.js', [], [])")
    found = broken_contracts(copy)
    assert any("pando_client.channels.pipe -> pando_client.function.deno" in chain for chain in found), found

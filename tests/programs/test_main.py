"""The programs as Python runs a package: `python -m`."""

from __future__ import annotations

import sys

import pytest

from pando_shared import __version__
from tests.support.programs import Programs


@pytest.mark.parametrize(
    ("package", "name"), [("pando", "pando"), ("pando_client", "pando"), ("pando_server", "pando-server")]
)
async def test_a_package_is_a_program(programs: Programs, package: str, name: str) -> None:
    program = await programs.start(sys.executable, "-m", package, "--version")
    outcome = await program.finish()
    assert (outcome.status, outcome.err) == (0, [])
    assert outcome.lines == [f"{name} {__version__}"]

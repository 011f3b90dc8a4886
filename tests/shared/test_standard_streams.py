"""Standard streams that were closed by whoever started the program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import fcntl, os, sys
from pando_shared.standard_streams import open_standard_streams
open_standard_streams()
modes = [fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE for descriptor in (0, 1, 2)]
with open(sys.argv[1], "w") as file:
    print(file.fileno() > 2, *modes, file=file)
"""


@pytest.mark.parametrize(
    ("closed", "modes"),
    [
        ("<&- >&- 2>&-", "1 0 1"),
        ("<&-", "1 1 1"),
        (">&-", "0 0 1"),
        ("2>&-", "0 1 1"),
        ("<&- 2>&-", "1 1 1"),
        ("", "0 1 1"),
    ],
)
def test_none_of_the_three_is_left_for_a_socket(tmp_path: Path, closed: str, modes: str) -> None:
    line = f'exec "$0" -c "$1" "$2" </dev/null >/dev/null 2>/dev/null {closed}'
    subprocess.run(["sh", "-c", line, sys.executable, CODE, str(tmp_path / "seen")], check=True, timeout=60)
    assert (tmp_path / "seen").read_text() == f"True {modes}\n"

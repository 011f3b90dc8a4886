"""`make`: what it says before each step that takes long."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONG = ("-m venv", "pip install", "deno run", "apt-get update")


@pytest.mark.parametrize(("target", "steps"), [("demo", 3), ("test", 6)])
def test_each_long_step_is_announced(target: str, steps: int, tmp_path: Path) -> None:
    """In a fresh folder, where everything has to be installed."""
    command = ["make", "--dry-run", "--always-make", target, f"VENV={tmp_path}/venv", f"PAGE={tmp_path}/page"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    announced = 0
    said = False
    for line in done.stdout.splitlines():
        if any(step in line for step in LONG):
            assert said, f"nothing is said before: {line}"
            announced += 1
        else:
            said = line.strip().startswith("echo ")
    assert announced >= steps, done.stdout

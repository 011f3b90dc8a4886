"""What a process takes of the machine, as the system counts it."""

from __future__ import annotations

import os
import re
from pathlib import Path

MIB = 1024 * 1024


def cpu_seconds(pid: int) -> float:
    """Seconds of a core that a process has used."""
    # The second field is the program's name in parentheses, which may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """MiB of memory that a process holds."""
    return _status(pid, "VmRSS")


def peak_resident(pid: int) -> float:
    """MiB of memory that a process has held at most."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found, f"{name} of process {pid}"
    return int(found[1]) * 1024 / MIB

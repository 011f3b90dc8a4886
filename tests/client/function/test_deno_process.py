"""Processes of Deno: started with words for what a machine refuses, stopped and continued together."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from pando_client.function import deno_process
from pando_shared.errors import ToolError
from tests.support.machine import eventually


async def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    program = tmp_path / "deno"
    program.write_text("")
    with pytest.raises(ToolError, match=r"^Deno cannot be started: .*deno is not for this user: its permissions"):
        await deno_process.start([str(program)])


async def test_all_stop_and_go_on_together() -> None:
    ended = await deno_process.start(["true"])
    await ended.wait()
    processes = [await deno_process.start(["sleep", "60"]) for _ in range(2)]

    def states() -> set[str]:
        return {Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split()[0] for one in processes}

    async def stopped() -> bool:
        return states() == {"T"}

    async def running() -> bool:
        return states() == {"S"}

    try:
        deno_process.signal_all(signal.SIGSTOP)
        await eventually(stopped, "both are stopped")
        deno_process.signal_all(signal.SIGCONT)
        await eventually(running, "both go on")
    finally:
        deno_process.signal_all(signal.SIGKILL)
        statuses = await asyncio.gather(*(process.wait() for process in processes))
    assert statuses == [-signal.SIGKILL, -signal.SIGKILL]
    deno_process.signal_all(signal.SIGKILL)  # nobody is left, which is no error

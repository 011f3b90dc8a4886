"""Homes, limits, terminals and signals that not everybody has: the programs run, or say one plain line."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import socket
from pathlib import Path

import pytest

from tests.support.machine import eventually
from tests.support.programs import Client, Programs

NO_DENO = "pando: Deno cannot be started: this program may open no more than 20 files: raise the limit (ulimit -n)"


@pytest.mark.parametrize(
    "line",
    [
        "HOME=/proc $PANDO f.js --local 3",
        "env -u HOME -u DENO_DIR $PANDO f.js --local 3",
        "HOME=/proc TMPDIR=/proc DENO_DIR= $PANDO f.js --local 3",
        "HOME=/dev/null $PANDO f.js --local 3",
        "DENO_DIR=/proc/deno $PANDO f.js --local 3",
        "ulimit -n 64; $PANDO f.js --local 3",
    ],
)
async def test_where_little_is_allowed_it_runs_all_the_same(programs: Programs, line: str) -> None:
    outcome = await programs.shell(line)
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["9"], [])


async def test_what_a_machine_refuses_is_one_line(programs: Programs) -> None:
    outcome = await programs.shell("ulimit -n 20; $PANDO f.js --local 3")
    assert (outcome.status, outcome.complaint) == (1, NO_DENO)
    outcome = await programs.shell("ulimit -n 20; $(dirname $PANDO)/pando-volunteer http://127.0.0.1:9")
    assert (outcome.status, outcome.complaint) == (1, NO_DENO.replace("pando:", "pando-volunteer:"))
    secret = "PANDO_SECRET=0123456789abcdef"
    outcome = await programs.shell(f"ulimit -n 20; {secret} $(dirname $PANDO)/pando-server --port=0")
    assert outcome.status == 1
    assert outcome.complaint.startswith("pando-server: this program may open no more than 20 files")


async def test_a_volunteer_is_called_by_its_machine_and_says_goodbye_on_sighup(programs: Programs) -> None:
    client = await programs.launch(
        Client, *await slow_client(programs), env={"DEBUG": "pando-computing"}, stdin=asyncio.subprocess.DEVNULL
    )
    volunteer = await programs.volunteer(await client.serves_at())
    await client.says(rf"{socket.gethostname()} joined with 1 core")
    await client.prints(2)
    volunteer.signal(signal.SIGHUP)
    await client.says(rf"{socket.gethostname()} left")
    assert not client.said("while it was working"), "it has said goodbye, so nothing is suspected"
    client.signal(signal.SIGTERM)
    await client.ends()


async def slow_client(programs: Programs) -> list[str]:
    programs.file("slow.js", "module.exports = (x) => new Promise((done) => setTimeout(done, 100, x))")
    line = await programs.shell("echo $PANDO")
    return [line.lines[0], "slow.js", "--port=0", *map(str, range(300))]


def state_of(pid: int) -> str:
    """What the system calls the state of a process: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def test_a_client_that_is_stopped_stops_its_volunteer_and_goes_on_with_it(programs: Programs) -> None:
    ours, theirs = pty.openpty()
    command = [*(await slow_client(programs))[:3], "--start-idle=false", *map(str, range(60))]
    # A shell with jobs, as people have it: the system stops nothing that nobody could continue.
    client = await programs.start("bash", "-mc", '"$@" & wait; fg 2>/dev/null; wait', "bash", *command, stdin=theirs)
    await client.prints(3)
    [volunteer] = programs.volunteers_here()
    [pando] = [pid for pid, line in programs.left().items() if "slow.js" in line and "bash" not in line]

    async def both(states: str) -> bool:
        return {state_of(pando), state_of(volunteer)} <= set(states)

    os.kill(pando, signal.SIGTSTP)
    await eventually(lambda: both("T"), "both are stopped")
    printed = len(client.lines)
    await asyncio.sleep(0.5)  # what is tested is that nothing happens in the meantime
    assert len(client.lines) == printed
    os.kill(pando, signal.SIGCONT)
    await eventually(lambda: both("SRD"), "both go on")
    await client.prints(60)
    assert client.lines == [str(n) for n in range(60)]
    os.close(ours)
    os.close(theirs)

"""Homes, limits, terminals and signals that not everybody has: the programs run, or say one plain line."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import socket
import struct
import termios
from pathlib import Path

import pytest

from tests.support.machine import eventually
from tests.support.programs import PANDO, Client, Programs

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
        # A user of whom the system knows nothing, not even a home.
        "unshare --user --map-user=54321 env -u HOME -u DENO_DIR -u XDG_CACHE_HOME TMPDIR=$PWD $PANDO f.js --local 3",
        # A clock that is 200 days behind: what is cached is used.
        "faketime -f -200d $PANDO f.js --local 3",
        # Nothing more can be written at home, and nothing at all among temporary files.
        """unshare --map-root-user --mount bash -c 'mkdir full ro
            mount -t tmpfs -o size=64k none full; head -c 100000 /dev/zero >full/fill 2>/dev/null
            mount -t tmpfs -o ro none ro
            HOME=$PWD/full TMPDIR=$PWD/ro DENO_DIR= XDG_CACHE_HOME= $PANDO f.js --local 3'""",
    ],
)
async def test_where_little_is_allowed_it_runs_all_the_same(programs: Programs, line: str) -> None:
    outcome = await programs.shell(line)
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["9"], [])


async def test_what_a_machine_refuses_is_one_line(programs: Programs) -> None:
    outcome = await programs.shell("ulimit -n 20; $PANDO f.js --local 3")
    assert (outcome.status, outcome.complaint) == (1, NO_DENO)
    outcome = await programs.shell("ulimit -n 20; $(dirname $PANDO)/pando-volunteer http://127.0.0.1:8")
    assert (outcome.status, outcome.complaint) == (1, NO_DENO.replace("pando:", "pando-volunteer:"))
    secret = "PANDO_SECRET=0123456789abcdef"
    outcome = await programs.shell(f"ulimit -n 20; {secret} $(dirname $PANDO)/pando-server --port=0")
    assert outcome.status == 1
    assert outcome.complaint.startswith("pando-server: this program may open no more than 20 files")


async def test_a_limit_of_addresses_is_one_line(programs: Programs) -> None:
    """Deno takes many more than it uses, and ends without words for people."""
    says = "this program may have no more than 19531 MiB of addresses: raise the limit (ulimit -v)"
    outcome = await programs.shell("ulimit -v 20000000; $PANDO f.js --local 3")
    assert (outcome.status, outcome.complaint) == (1, f"pando: the bundler failed: {says}")
    outcome = await programs.shell("ulimit -v 20000000; $(dirname $PANDO)/pando-volunteer http://127.0.0.1:8")
    assert (outcome.status, outcome.complaint) == (1, f"pando-volunteer: Deno does not start: {says}")


@pytest.mark.parametrize("files", [5, 12])
async def test_so_few_files_that_no_event_loop_can_be_made(programs: Programs, files: int) -> None:
    outcome = await programs.shell(f"ulimit -n {files}; $PANDO f.js --local 3")
    says = f"pando: this program may open no more than {files} files: raise the limit (ulimit -n)"
    assert (outcome.status, outcome.complaint) == (1, says)


@pytest.mark.parametrize(
    ("columns", "encoding", "says"),
    [
        (80, "utf-8", "\u2588"),
        (20, "utf-8", "pando: there is no QR code: it needs "),
        (80, "ascii", "pando: there is no QR code: this terminal's encoding (ascii) has no blocks to draw it"),
    ],
)
async def test_a_terminal_gets_a_qr_code_if_it_can_show_one(
    programs: Programs, columns: int, encoding: str, says: str
) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    env = {"PYTHONIOENCODING": encoding}
    client = await programs.start_pando("f.js", "--port=0", "3", env=env, stderr=theirs)
    os.close(theirs)
    said = b""
    while b"Serving volunteer code" not in said:
        said += await asyncio.to_thread(os.read, ours, 65536)
    before = said.decode().partition("Serving")[0]
    assert says in before
    assert "\\u" not in before
    assert ("\u2588" in before) == (says == "\u2588"), before
    await client.close()
    os.close(ours)


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


async def test_a_volunteer_under_nohup_stays(programs: Programs) -> None:
    line = "trap '' HUP; exec $(dirname $0)/pando-volunteer http://127.0.0.1:8"
    volunteer = await programs.start("bash", "-c", line, PANDO)
    await volunteer.says("Nothing listens at port 8 of 127")
    volunteer.signal(signal.SIGHUP)
    await volunteer.says("Nothing listens at port 8 of 127", times=2)
    volunteer.signal(signal.SIGTERM)
    outcome = await volunteer.finish()
    assert (outcome.status, outcome.err[-1][:31]) == (0, "pando-volunteer: You have left.")


async def slow_client(programs: Programs) -> list[str]:
    programs.file("slow.js", "module.exports = (x) => new Promise((done) => setTimeout(done, 100, x))")
    line = await programs.shell("echo $PANDO")
    return [line.lines[0], "slow.js", "--port=0", *map(str, range(300))]


def state_of(pid: int) -> str:
    """What the system calls the state of a process: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def test_a_client_that_is_stopped_stops_its_volunteer_and_goes_on_with_it(programs: Programs) -> None:
    ours, theirs = pty.openpty()
    command = [*(await slow_client(programs))[:3], "--start-idle=false", *map(str, range(150))]
    # A shell with jobs, as people have it: the system stops nothing that nobody could continue.
    # Its `wait` ends when the job is stopped, and nothing continues it but this test.
    shell = '"$@" & while kill -0 $! 2>/dev/null; do wait $!; sleep 0.1; done'
    client = await programs.start("bash", "-mc", shell, "bash", *command, stdin=theirs)
    await client.prints(3)
    [volunteer] = programs.volunteers_here()
    [pando] = [pid for pid, line in programs.left().items() if "slow.js" in line and "bash" not in line]

    async def both(states: str) -> bool:
        return {state_of(pando), state_of(volunteer)} <= set(states)

    os.kill(pando, signal.SIGTSTP)
    await eventually(lambda: both("T"), "both are stopped")
    await asyncio.sleep(0.3)  # what it had printed is read
    printed = len(client.lines)
    await asyncio.sleep(0.5)  # what is tested is that nothing happens in the meantime
    assert len(client.lines) == printed
    os.kill(pando, signal.SIGCONT)
    await eventually(lambda: both("SRD"), "both go on")
    await client.prints(150)
    assert client.lines == [str(n) for n in range(150)]
    os.close(ours)
    os.close(theirs)

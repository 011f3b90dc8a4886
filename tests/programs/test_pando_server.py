"""`pando-server` as a program: real processes, signals, ports and files."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from pando_server.__main__ import main
from tests.support.machine import free_port
from tests.support.server_peers import PATIENCE, Client, Site, Volunteer

SECRET = "a secret that is long enough"
NAMES = ("SECRET", "PANDO_SECRET", "PORT", "HOST", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS")


def environment(**values: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in NAMES} | values


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch, static: Path) -> None:
    """The program serves the page of a test."""
    monkeypatch.setenv("PANDO_STATIC", str(static))


@pytest.fixture
def command() -> list[str]:
    return [sys.executable, "-W", "error", "-m", "pando_server"]


def run(command: list[str], *arguments: str, **values: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *arguments], env=environment(**values), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@contextlib.contextmanager
def started(command: list[str], *arguments: str, **values: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Starts a server on a free port. Yields it and the port, when it listens."""
    process = subprocess.Popen(
        [*command, "--port=0", *arguments],
        env=environment(**{"SECRET": SECRET, **values}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Listening at http://"), process.communicate(timeout=PATIENCE)[1]
        yield process, int(line.rpartition(":")[2])
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


@pytest.fixture
async def server(command: list[str]) -> AsyncIterator[tuple[subprocess.Popen[str], Site]]:
    with started(command, "--host=127.0.0.1") as (process, port):
        yield process, Site(port)


def test_help_and_version_are_instant_and_need_no_secret(command: list[str]) -> None:
    begin = time.monotonic()
    done = [run(command, option) for option in ("--help", "--version")]
    assert time.monotonic() - begin < 2
    assert [one.returncode for one in done] == [0, 0]
    assert "--secret-file" in done[0].stdout
    assert done[1].stdout.startswith("pando-server ")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pando_server.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('pydantic', 'fastapi', 'uvicorn', 'socketio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def call(monkeypatch: pytest.MonkeyPatch, arguments: list[str], **values: str) -> int:
    """Calls the program in this process, which is faster. Returns the exit status."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    # What the program changes in its process is put back.
    monkeypatch.setattr("pando_server.logs.log_to_stderr", lambda: None)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return main(arguments)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def test_without_a_secret_it_does_not_start(command: list[str]) -> None:
    done = run(command)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pando-server: PANDO_SECRET is not set")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "values", "status", "text"),
    [
        ([], {"SECRET": "too brief"}, 2, "shorter than 16 characters"),
        ([], {"SECRET": SECRET, "WEB_CONCURRENCY": "3"}, 2, "set WEB_CONCURRENCY=1"),
        ([], {"SECRET": SECRET, "PORT": "x"}, 2, "PORT takes a whole number from 0 to 65535, not x"),
        (["--port=99999"], {"SECRET": SECRET}, 2, "PORT takes a whole number from 0 to 65535, not 99999"),
        (["--port", "x\x1b"], {"SECRET": SECRET}, 2, r"PORT takes a whole number from 0 to 65535, not x\x1b"),
        ([], {"SECRET": SECRET, "PANDO_MAX_JOBS": "0"}, 2, "PANDO_MAX_JOBS takes a whole number, 1 or more, not 0"),
        (["--host="], {"SECRET": SECRET}, 2, "HOST takes an address, not nothing"),
        (["--port"], {"SECRET": SECRET}, 2, "--port needs a value, and only one; see pando-server --help"),
        (
            ["--prt=1"],
            {"SECRET": SECRET},
            2,
            "there is no option --prt; did you mean --port? (see pando-server --help)",
        ),
        (["--nonsense"], {"SECRET": SECRET}, 2, "there is no option --nonsense; see pando-server --help"),
        (
            ["extra"],
            {"SECRET": SECRET},
            2,
            "extra is no option, and there is nothing else to give; see pando-server --help",
        ),
        (["--host=" + "x" * 70], {"SECRET": SECRET}, 2, "is no address to listen on"),
        (["--host=192.0.2.99"], {"SECRET": SECRET}, 2, "cannot listen on 192.0.2.99"),
        (["--secret-file=/nonexistent/\x1b"], {}, 2, r"the secret file /nonexistent/\x1b cannot be read: No such file"),
    ],
)
def test_what_is_wrong_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    values: dict[str, str],
    status: int,
    text: str,
) -> None:
    assert call(monkeypatch, arguments, **values) == status
    out, errors = capsys.readouterr()
    assert out == ""
    assert errors.startswith("pando-server: ")
    assert text in errors
    assert errors.count("\n") == 1


def test_a_page_that_was_not_built_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(monkeypatch, [], SECRET=SECRET, PANDO_STATIC=str(tmp_path)) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("pando-server: the volunteer page is not built")
    assert errors.count("\n") == 1


def test_a_port_that_is_not_for_us_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("socket.socket.bind", denied)
    assert call(monkeypatch, ["--port=80"], SECRET=SECRET) == 2
    assert capsys.readouterr().err == (
        "pando-server: port 80 is not for this user; choose another one with --port or PORT\n"
    )


def test_a_busy_port_is_one_clear_line(command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run(command, "--host=127.0.0.1", f"--port={port}", SECRET=SECRET)
    assert done.returncode == 1
    assert done.stderr == (
        f"pando-server: port {port} is in use by another program; choose another one with --port or PORT\n"
    )


@pytest.mark.parametrize(
    ("streams", "says"),
    [
        (">&-", ""),
        ("<&- >&-", ""),
        (">/dev/full", "pando-server: standard output cannot be written: No space left on device\n"),
    ],
)
def test_a_server_serves_also_where_nobody_reads_its_addresses(command: list[str], streams: str, says: str) -> None:
    port = free_port()
    line = ["sh", "-c", f'exec "$@" {streams}', "sh", *command, "--host=127.0.0.1", f"--port={port}"]
    process = subprocess.Popen(line, env=environment(SECRET=SECRET), stderr=subprocess.PIPE, text=True)
    try:
        transport = httpx.HTTPTransport(retries=8)  # after waiting for half a second, a second, two, and so on
        with httpx.Client(transport=transport) as client:
            assert client.get(f"http://127.0.0.1:{port}/healthz").json()["status"] == "ok"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=PATIENCE)[1] == says
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def test_a_secret_can_come_from_a_file(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"  {SECRET}\n\n")
    with started(command, f"--secret-file={file}", SECRET="") as (_, port):
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe" * 20, "cannot be read: it is not text"),
        (f"{SECRET}\nsecond line\n".encode(), "has text after its first line: the secret must be its only line"),
    ],
)
def test_a_secret_file_that_holds_no_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    assert call(monkeypatch, [f"--secret-file={file}"]) == 2
    assert capsys.readouterr().err == f"pando-server: the secret file {file} {says}\n"


def test_it_says_every_address_at_which_it_listens(command: list[str]) -> None:
    with started(command) as (process, port):
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE)
    # The first line was read already; with other interfaces there are more.
    assert all(line.startswith("Listening at http://") and line.endswith(f":{port}") for line in out.splitlines())


def test_it_listens_on_ipv6_too(command: list[str]) -> None:
    with started(command, "--host=::1") as (_, port):
        assert httpx.get(f"http://[::1]:{port}/healthz").status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_quietly_with_everybody_connected(
    server: tuple[subprocess.Popen[str], Site], number: signal.Signals
) -> None:
    process, here = server
    client = await Client(here).connect()
    volunteer = await Volunteer(here).connect()
    assert (await volunteer.hear())[0] == "assigned"
    async with here.raw() as raw:
        _, half = await here.tcp()
        half.write(b"GET / HTTP")
        begin = time.monotonic()
        process.send_signal(number)
        _, errors = await asyncio.to_thread(process.communicate, None, PATIENCE)
        assert time.monotonic() - begin < 4
        assert await raw.ended() == 1012
        half.close()
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert "rror" not in errors
    assert SECRET not in errors
    await asyncio.wait_for(client.left.wait(), PATIENCE)


def test_a_signal_before_it_listens_ends_it_quietly(command: list[str]) -> None:
    process = subprocess.Popen(
        [*command, "--port=0"],
        env=environment(SECRET=SECRET),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    status = Path(f"/proc/{process.pid}/status")
    # From the first moment in which it catches the signal, long before it listens.
    while not int(status.read_text().partition("SigCgt:")[2].split()[0], 16) >> (signal.SIGTERM - 1) & 1:
        time.sleep(0.001)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert errors == ""


async def test_a_client_and_a_volunteer_meet_through_the_program(server: tuple[subprocess.Popen[str], Site]) -> None:
    _, here = server
    client = await Client(here).connect()
    volunteer = await Volunteer(here).connect()
    assert (await volunteer.hear())[0] == "assigned"
    assert await volunteer.offer() == {"attempt": 1, "sdp": "answer"}
    await volunteer.close()
    await client.close()


def test_behind_a_proxy_limits_count_the_address_that_the_proxy_saw(command: list[str]) -> None:
    with started(command, FORWARDED_ALLOW_IPS="*") as (_, port):
        url = f"http://127.0.0.1:{port}/api/nonce"

        with httpx.Client() as http:

            def status(*addresses: str) -> int:
                return http.get(url, headers={"x-forwarded-for": ", ".join(addresses)}).status_code

            # A forged first entry changes nothing.
            assert 429 in [status(f"192.0.2.{number}", "198.51.100.1") for number in range(60)]
            assert status("198.51.100.1", "198.51.100.2") == 200


async def test_a_hostile_peer_gets_no_line_of_its_own_into_the_log(server: tuple[subprocess.Popen[str], Site]) -> None:
    process, here = server
    for _ in range(50):
        reader, writer = await here.tcp()
        writer.write(b"\x1b[2J\x07 nonsense\r\n\r\n")
        await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        async with here.raw() as raw:
            await raw.receive()
            for _ in range(3):
                await raw.send('42/volunteer,1["\x1b[2J",{}]')
            await raw.ended()
    process.send_signal(signal.SIGTERM)
    _, errors = await asyncio.to_thread(process.communicate, None, PATIENCE)
    assert "\x1b" not in errors
    assert errors.count("\n") < 10

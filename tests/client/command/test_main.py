"""The program: what it prints, and how it ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pando_client import console
from pando_client.command import main
from pando_shared import __version__
from tests.support.programs import PANDO, Programs


async def test_help_is_fast_and_says_how_to_call_it(programs: Programs) -> None:
    began = time.monotonic()
    outcome = await programs.pando("--help")
    assert time.monotonic() - began < 5
    assert outcome.status == 0
    assert outcome.lines[0] == "usage: pando MODULE [OPTIONS] ITEM…"
    assert outcome.err == []
    assert await programs.pando("-h", "anything", "--stdin") == outcome


async def test_the_heavy_parts_are_not_loaded_for_help(programs: Programs) -> None:
    code = "import sys, pando_client.command.main as c; c.exit_status(['--help']); print(*sys.modules, sep='\\n')"
    outcome = await (await programs.start(str(Path(PANDO).parent / "python"), "-c", code)).finish()
    assert "pando_client.command.main" in outcome.lines
    assert {"asyncio", "pydantic", "fastapi", "aiortc", "socketio"} & set(outcome.lines) == set()


async def test_pando_alone_says_briefly_how_it_is_used(programs: Programs) -> None:
    outcome = await programs.pando()
    assert (outcome.status, outcome.out) == (2, b"")
    assert outcome.err == main.SHORT_HELP.splitlines()
    [example] = [line for line in outcome.err if "For example" in line]
    outcome = await programs.shell(example.partition(":  pando")[2].join(["$PANDO", ""]))
    assert (outcome.status, outcome.lines) == (0, ["1", "4", "9"])


async def test_version(programs: Programs) -> None:
    for option in ("--version", "-v"):
        outcome = await programs.pando(option)
        assert (outcome.status, outcome.lines, outcome.err) == (0, [f"pando {__version__}"], [])


async def test_what_does_nothing_here_is_accepted(programs: Programs) -> None:
    ignored = ["--headless", "--degree=5", "--seed=x", "--reporting-interval", "1.5"]
    outcome = await programs.pando("f.js", "--local", *ignored, "3")
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["9"], [])


async def test_many_options_at_once(programs: Programs) -> None:
    outcome = await programs.pando(
        *[
            "f.js",
            "--local",
            "--start-idle=false",
            "--port=0",
            "--batch-size=3",
            "--heartbeat",
            "1000",
            "--bootstrap-timeout=9",
        ],
        *["--ice-servers=", "--retries=2", "--on-error=skip", "--", "1", "-2"],
    )
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["1", "4"], [])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--local"], "there is no function: name the file of its module before the items, or give it with -e"),
        (["f.js"], "there are no items: give some after MODULE, or --stdin to read them from standard input"),
        (["f.js", "--frobnicate", "1"], "there is no option --frobnicate; see pando --help"),
        (["f.js", "--stdn"], "there is no option --stdn; did you mean --stdin?"),
        (["f.js", "-0", "x"], "there is no option -0; if it is an item, put -- before the items: pando MODULE -- -0"),
        (["f.js", "--local", "--stdin", "1"], "items come from the command line or from standard input, not from both"),
        (["f.js", "--sync-stdio", "1"], "items come from the command line or from standard input, not from both"),
        (["f.js", "--sync-stdio", "--binary-output"], "--binary-output does not go with --sync-stdio"),
        (["f.js", "--port=70000", "1"], "--port takes a whole number from 0 to 65534, not 70000"),
        (["f.js", "--port=five", "1"], "--port takes a whole number from 0 to 65534, not five"),
        (["f.js", "--batch-size=0", "1"], "--batch-size takes a whole number from 1 to 1000000, or auto, not 0"),
        (["f.js", "--heartbeat=1", "1"], "--heartbeat takes a whole number of milliseconds from 50 to 3600000, not 1"),
        (["f.js", "--start-idle=perhaps", "1"], "--start-idle takes true or false, not perhaps"),
        (["f.js", "--on-error=wait", "1"], "--on-error takes stop or skip, not wait"),
        (["f.js", "--ice-servers=google.com", "1"], "--ice-servers: a server begins with stun:, turn: or turns:"),
        (["f.js", "--ice-servers=turn:u:p@h:99999", "1"], "--ice-servers: the port of a server is a number from 1 to"),
        (["f.js", "--host=ftp://h", "1"], "--host=ftp://h is not a host name"),
        (["f.js", "--host=h", "1"], "--host needs the server's secret"),
    ],
)
async def test_wrong_usage_is_one_line_and_status_2(programs: Programs, arguments: list[str], says: str) -> None:
    outcome = await programs.pando(*arguments)
    assert (outcome.status, outcome.out) == (2, b"")
    assert outcome.complaint.startswith(f"pando: {says}")


async def test_a_secret_on_the_command_line_is_warned_of_and_a_short_one_refused(programs: Programs) -> None:
    outcome = await programs.pando("f.js", "--host=127.0.0.1:1", "--secret=short", "1")
    assert outcome.status == 2
    assert outcome.err == [
        "pando: --secret can be read by other users of this machine; PANDO_SECRET or --secret-file cannot",
        "pando: the secret is too short: a server takes none of fewer than 16 characters",
    ]


@pytest.mark.parametrize(
    ("line", "status", "out", "says"),
    [
        ("$PANDO --help >/dev/full", 1, [], "pando: standard output cannot be written: No space left on device"),
        ("$PANDO --version >&-", 1, [], "pando: standard output is closed"),
        ("$PANDO --help | true", 0, [], None),
        ("$PANDO --frobnicate 2>&-", 2, [], None),
        ("$PANDO f.js --local 3 2>&-", 0, ["9"], None),
        ("$PANDO f.js --local 3 <&-", 0, ["9"], None),
        ("$PANDO f.js --local 3 <&- >&- 2>&-", 1, [], None),
        ("$PANDO f.js --local 3 >&-", 1, [], "pando: the results cannot be written: standard output is closed"),
        ("$PANDO f.js --local 3 <&- 2>&-", 0, ["9"], None),
        ("$PANDO f.js --local --stdin <&-", 1, [], "pando: standard input cannot be read: it is closed"),
        ("$PANDO f.js --local --stdin <&- 2>&-", 1, [], None),
        ("$PANDO f.js --local --stdin <&- >&- 2>&-", 1, [], None),
        ("$PANDO f.js --sync-stdio <&-", 1, [], "pando: standard input cannot be read: it is closed"),
        ("$PANDO - --local 3 <&-", 1, [], "pando: standard input cannot be read: it is closed"),
    ],
)
async def test_closed_and_full_streams(programs: Programs, line: str, status: int, out: list[str], says: str) -> None:
    outcome = await programs.shell(line)
    assert (outcome.status, outcome.lines, outcome.err) == (status, out, [says] if says else [])


def test_an_error_that_nobody_expected_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(line: object) -> int:
        raise RuntimeError("what\nis this")

    monkeypatch.setattr(main, "run_job", broken)
    monkeypatch.delenv("DEBUG", raising=False)
    assert main.exit_status(["f.js"]) == 1
    said = capsys.readouterr().err
    assert said == "pando: an error in Pando itself, please report it: RuntimeError: what\\nis this\n"
    monkeypatch.setenv("DEBUG", console.DEBUG_NAME)
    with pytest.raises(RuntimeError):
        main.exit_status(["f.js"])


def test_a_program_that_is_interrupted_early_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(line: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "run_job", interrupted)
    assert main.exit_status(["f.js"]) == 130
    assert capsys.readouterr() == ("", "")

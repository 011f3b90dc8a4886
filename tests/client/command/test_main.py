"""The command line: what it accepts, what it says, and how it ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pando_client import console
from pando_client.command import main as cli
from pando_shared import __version__
from pando_shared.errors import UsageError
from tests.support.programs import PANDO, Programs

OPTIONS = [
    "--stdin",
    "--local",
    "--start-idle",
    "--host",
    "--port",
    "--secret",
    "--secret-file",
    "--batch-size",
    "--retries",
    "--on-error",
    "--bootstrap-timeout",
    "--heartbeat",
    "--ice-servers",
    "--reporting-interval",
    "--seed",
    "--sync-stdio",
    "--headless",
    "--degree",
    "--global-monitoring",
    "--help",
    "--version",
]


def test_only_what_is_given_is_in_the_result() -> None:
    assert cli.parse(["f.js", "--host=h", "1"]) == {"module": "f.js", "items": ["1"], "host": "h"}


def test_items_may_stand_before_between_and_after_options() -> None:
    given = cli.parse(["f.js", "1", "--port", "5", "2", "--stdin", "3", "--seed=s", "4"])
    assert given == {"module": "f.js", "items": ["1", "2", "3", "4"], "port": "5", "stdin": "true", "seed": "s"}


def test_the_module_may_come_after_options() -> None:
    assert cli.parse(["--local", "f.js", "1"]) == {"module": "f.js", "items": ["1"], "local": "true"}


def test_negative_numbers_are_items() -> None:
    assert cli.parse(["f.js", "--local", "-5", "-1.5", "-0"])["items"] == ["-5", "-1.5", "-0"]


def test_everything_after_two_hyphens_is_an_item() -> None:
    given = cli.parse(["f.js", "--local", "--", "--stdin", "-1e5", "-x", "--no-local"])
    assert given == {"module": "f.js", "items": ["--stdin", "-1e5", "-x", "--no-local"], "local": "true"}


@pytest.mark.parametrize("flag", cli.FLAGS)
def test_a_flag_takes_no_item_for_its_value(flag: str) -> None:
    name = flag.replace("-", "_")
    assert cli.parse(["f.js", f"--{flag}", "1"])[name] == "true"
    assert cli.parse(["f.js", f"--{flag}=false", "1"])[name] == "false"
    assert cli.parse(["f.js", f"--no-{flag}", "1"])[name] == "false"


def test_allowing_all_hosts_takes_no_item_for_one() -> None:
    assert cli.parse(["f.js", "--allow-net", "example.org"]) == {
        "module": "f.js",
        "items": ["example.org"],
        "allow_net": "*",
    }
    assert cli.parse(["f.js", "--allow-net=a.example,b.example", "1"])["allow_net"] == "a.example,b.example"


def test_the_last_of_two_values_counts() -> None:
    assert cli.parse(["f.js", "--start-idle", "--start-idle=false", "--port=1", "--port=2", "1"]) == {
        "module": "f.js",
        "items": ["1"],
        "start_idle": "false",
        "port": "2",
    }


@pytest.mark.parametrize("word", ["--frobnicate", "-x", "--loca", "--no-port", "-1e5"])
def test_an_unknown_option_is_named(word: str) -> None:
    with pytest.raises(UsageError, match=f"no option {word};"):
        cli.parse(["f.js", "1", word, "2"])


def test_an_option_without_its_value_is_an_error() -> None:
    with pytest.raises(UsageError, match="--host"):
        cli.parse(["f.js", "--host"])


def test_help_lists_every_option() -> None:
    text = cli.parser().format_help()
    assert [option for option in OPTIONS if option not in text] == []
    assert "/pando/1.0.0" in text
    assert "Exit status" in text


async def test_help_is_fast_and_says_how_to_call_it(programs: Programs) -> None:
    began = time.monotonic()
    outcome = await programs.pando("--help")
    assert time.monotonic() - began < 5
    assert outcome.status == 0
    assert outcome.lines[0] == "usage: pando MODULE [OPTIONS] ITEM…"
    assert outcome.err == []
    assert await programs.pando("-h", "anything", "--stdin") == outcome


async def test_the_heavy_parts_are_not_loaded_for_help(programs: Programs) -> None:
    code = "import sys, pando_client.command.main as c; c.parser().format_help(); print(*sys.modules, sep='\\n')"
    outcome = await (await programs.start(str(Path(PANDO).parent / "python"), "-c", code)).finish()
    assert "pando_client.command.main" in outcome.lines
    assert {"asyncio", "pydantic", "fastapi", "aiortc", "socketio"} & set(outcome.lines) == set()


async def test_version(programs: Programs) -> None:
    for option in ("--version", "-v"):
        outcome = await programs.pando(option)
        assert (outcome.status, outcome.lines, outcome.err) == (0, [f"pando {__version__}"], [])


async def test_what_does_nothing_here_is_accepted(programs: Programs) -> None:
    ignored = ["--headless", "--degree=5", "--global-monitoring", "--seed=x", "--reporting-interval", "1.5"]
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
        ([], "MODULE is missing"),
        (["f.js", "--frobnicate", "1"], "there is no option --frobnicate"),
        (["f.js", "--local", "--stdin", "1"], "items come from the command line or from standard input, not from both"),
        (["f.js", "--sync-stdio", "1"], "items come from the command line or from standard input, not from both"),
        (["f.js", "--sync-stdio", "--binary-output"], "--binary-output does not go with --sync-stdio"),
        (["f.js", "--port=70000", "1"], "--port: "),
        (["f.js", "--port=five", "1"], "--port: "),
        (["f.js", "--batch-size=0", "1"], "--batch-size: "),
        (["f.js", "--heartbeat=1", "1"], "--heartbeat: "),
        (["f.js", "--start-idle=perhaps", "1"], "--start-idle: "),
        (["f.js", "--on-error=wait", "1"], "--on-error: "),
        (["f.js", "--ice-servers=google.com", "1"], "--ice-servers: "),
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
    ],
)
async def test_closed_and_full_streams(programs: Programs, line: str, status: int, out: list[str], says: str) -> None:
    outcome = await programs.shell(line)
    assert (outcome.status, outcome.lines, outcome.err) == (status, out, [says] if says else [])


def test_an_error_that_nobody_expected_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(given: object) -> int:
        raise RuntimeError("what\nis this")

    monkeypatch.setattr(cli, "_run", broken)
    monkeypatch.delenv("DEBUG", raising=False)
    assert cli._main(["f.js"]) == 1
    said = capsys.readouterr().err
    assert said == "pando: an error in Pando itself, please report it: RuntimeError: what\\nis this\n"
    monkeypatch.setenv("DEBUG", console.DEBUG_NAME)
    with pytest.raises(RuntimeError):
        cli._main(["f.js"])


def test_a_program_that_is_interrupted_early_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(given: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", interrupted)
    assert cli._main(["f.js"]) == 130
    assert capsys.readouterr() == ("", "")

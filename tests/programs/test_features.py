"""What users of the original can do, promise by promise: commands, options, configuration, and what is printed.

This is the contract, so that nothing that is built later loses a part of it. The rest of it is in

- `test_features_served`: a run that waits for volunteers, and the options that such a run shows;
- `test_features_function`: what a function may be, and what it finds where it runs;
- `test_features_volunteers`: volunteers, public servers, pull-sync, what the monitoring page gets;
- `../deploy/test_features_files`: the examples and the files of the deployment;
- `../end_to_end/test_features_page`: the volunteer page, what a function has in a page, the monitoring page.

Where Pando differs from the original on purpose, the test says what Pando does. Of the original's readme, these
sentences promise nothing that can be tested here:

- How it is cloned from GitHub and installed with npm: Pando is installed with pip, and by `make demo`.
- Results need not be correct, and malicious volunteers are not found out: that is what is not promised.
- `webrtc-connection-testing`, and which browsers of that time could connect over WebRTC: both kinds of connection are
  tested in the browsers of today.
- The image on Docker's hub: there is none of Pando. What the Dockerfile builds is looked at, and built by hand, because
  no engine is at hand.
- Statistics of earlier reports, charts of them, and the JSON of `DEBUG='pando-computing:monitoring'`: these are not
  built. What the monitoring page has is a table.
- The handbook and the publications.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pando_client
from pando_client.options import Options
from pando_client.rendezvous.server_url import ServerUrl
from pando_shared import __version__
from tests.support.pipelines import EXAMPLES
from tests.support.programs import PANDO, Programs

ECHO = "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, typeof x + ' ' + x) }\n"
FAILS_ON_TWO = "module.exports['/pando/1.0.0'] = function (x, cb) { cb(x === '2' && new Error('two'), x) }\n"


# The options, each with its default


DEFAULTS: dict[str, tuple[object, str]] = {
    "host": (None, ""),
    "port": (5000, "5000"),
    "secret": (None, ""),
    "local": (False, "false"),
    "start-idle": (True, "true"),
    "stdin": (False, "false"),
    "sync-stdio": (False, "false"),
    "headless": (False, "without effect"),
    "batch-size": ("auto", "auto"),
    "bootstrap-timeout": (60.0, "60"),
    "degree": (10, "without effect"),
    "global-monitoring": (False, "without effect"),
    "heartbeat": (2500, "2500"),
    "ice-servers": (None, "stun:stun.l.google.com:19302"),
    "reporting-interval": (3.0, "3"),
    "seed": (None, ""),
}
"""Of each option of the original: what it is when it is not given, and how the help says so."""


@pytest.fixture(scope="module")
def explained() -> dict[str, str]:
    """What the help says of each option."""
    said = subprocess.run([PANDO, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
    parts = re.split(r"^ +(?:-\w, )?--([a-z-]+)", said, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (" ".join(text.split()) for text in parts[2::2]), strict=True))


@pytest.mark.parametrize("option", DEFAULTS)
def test_an_option_of_the_original_is_explained_with_its_default(explained: dict[str, str], option: str) -> None:
    value, said = DEFAULTS[option]
    assert said in explained[option]
    assert Options.model_fields[option.replace("-", "_")].default == value


@pytest.mark.parametrize("options", [("--help", "-h"), ("--version", "-v")], ids=["help", "version"])
def test_help_and_version_have_a_short_form(options: tuple[str, str]) -> None:
    long, short = (
        subprocess.run([PANDO, option], capture_output=True, text=True, check=True, timeout=60) for option in options
    )
    assert (long.stdout, long.stderr) == (short.stdout, short.stderr)
    assert long.stderr == ""
    assert "pando MODULE [OPTIONS] ITEM…" in long.stdout or long.stdout == f"pando {__version__}\n"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("pando.example.org", "https://pando.example.org"),
        ("192.168.1.7:5000", "http://192.168.1.7:5000"),
        ("8.8.8.8:5000", "https://8.8.8.8:5000"),
        ("http://pando.example.org:80", "http://pando.example.org:80"),
        ("https://192.168.1.7", "https://192.168.1.7"),
    ],
)
def test_a_host_is_a_name_or_an_address_with_a_port_or_a_url(host: str, url: str) -> None:
    """HTTPS for public ones, HTTP for local ones; a scheme decides."""
    assert ServerUrl.of(host).url == url


# Items and results


async def test_items_are_arguments_and_each_is_the_string_that_was_typed(programs: Programs) -> None:
    """The original hands over some arguments as numbers, so that `0x10` comes as 16; here nothing is read into them."""
    programs.file("echo.js", ECHO)
    items = ["0x10", "1e3", "007", "1.50", "true", "a b", "", "ü"]
    outcome = await programs.pando("echo.js", "--local", *items)
    assert (outcome.status, outcome.lines, outcome.err) == (0, [f"string {item}" for item in items], [])


async def test_the_square_example_prints_squares_at_a_rate_of_one_a_second(programs: Programs) -> None:
    begin = time.monotonic()
    outcome = await programs.pando(str(EXAMPLES / "square" / "square.js"), "--local", "3", "4")
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["9", "16"], [])
    assert time.monotonic() - begin > 2


async def test_items_are_lines_of_standard_input(programs: Programs) -> None:
    programs.file("echo.js", ECHO)
    outcome = await programs.pando("echo.js", "--local", "--stdin", stdin=b"1\n a b \n\n0x10\nlast")
    lines = [f"string {item}" for item in ("1", " a b ", "", "0x10", "last")]
    assert (outcome.status, outcome.lines, outcome.err) == (0, lines, [])


async def test_the_readme_s_pipeline_sums_what_is_squared_in_parallel(programs: Programs) -> None:
    """In parallel, because this machine computes with all its cores."""
    line = "seq 100 | $PANDO f.js --stdin --start-idle=false --port=0 2>log.txt | awk '{s+=$1} END {print s}'"
    outcome = await programs.shell(f"set -o pipefail; {line}")
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["338350"], [])
    assert all(said.startswith("Serving ") for said in (programs.folder / "log.txt").read_text().splitlines())
    await programs.nothing_is_left()


async def test_a_word_behind_an_option_that_is_true_or_false_is_its_value(programs: Programs) -> None:
    options = ("--start-idle", "false", "--local", "false", "--stdin", "false", "--port", "0")
    outcome = await programs.pando("f.js", *options, "3", "--stdin", "false", "4")
    assert (outcome.status, outcome.lines, outcome.complaints) == (0, ["9", "16"], [])
    assert outcome.err, "it serves: nothing is local"


async def test_local_runs_item_by_item_and_asks_no_volunteer(programs: Programs) -> None:
    """Nothing is served, whatever host is named; the function has neither files nor network."""
    programs.file(
        "g.js",
        "var running = 0\n"
        "module.exports['/pando/1.0.0'] = function (x, cb) {\n"
        "  running++\n"
        "  fetch('http://127.0.0.1:' + x).then(function () { return 'reached' }, function () { return 'refused' })\n"
        "    .then(function (how) { cb(null, running + ' ' + how); running-- })\n"
        "}\n",
    )
    outcome = await programs.pando("g.js", "--local", "--host=pando.invalid", "1", "2", "3")
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["1 refused"] * 3, [])


# The configuration files


async def test_the_configuration_file_of_the_user_counts_before_that_of_the_program(programs: Programs) -> None:
    """`~/.pando/config.json`, or else `config.json` in the program's folder; the command line wins over both."""
    package = Path(pando_client.__file__).parent
    copy = programs.folder / "code" / "pando_client"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("assets", "__pycache__"))
    (copy / "assets").symlink_to(package / "assets")
    (copy / "config.json").write_text('{"local": true, "on-error": "skip", "retries": 1}')
    programs.file("g.js", FAILS_ON_TWO)

    async def run(*options: str) -> list[str]:
        command = (sys.executable, "-m", "pando_client", "g.js", *options, "1", "2", "3")
        outcome = await (await programs.start(*command, env={"PYTHONPATH": str(copy.parent)})).finish()
        assert outcome.status == 1, outcome
        return outcome.lines

    assert await run() == ["1", "3"]
    assert await run("--on-error=stop") == ["1"]
    programs.file(".pando/config.json", '{"local": true, "onError": "stop", "retries": 1}')
    assert await run() == ["1"]


# DEBUG


@pytest.mark.parametrize(
    ("debug", "speaks"),
    [
        ("pando-computing", True),
        ("pando-computing*", True),
        ("express:*,pando-computing", True),
        ("pando-server*", False),
    ],
)
async def test_debug_says_more_on_standard_error_which_a_file_can_take(
    programs: Programs, debug: str, speaks: bool
) -> None:
    outcome = await programs.shell("$PANDO f.js --local 3 2>log.txt", env={"DEBUG": debug})
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["9"], [])
    log = (programs.folder / "log.txt").read_text()
    assert log.replace("\n", "").isprintable()
    assert ("joined" in log) is speaks

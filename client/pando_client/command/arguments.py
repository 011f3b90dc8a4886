"""The command line of `pando`: its options, and what it says."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pando_shared.errors import UsageError

FLAGS = (
    "stdin",
    "sync-stdio",
    "local",
    "watch",
    "start-idle",
    "unordered",
    "binary-output",
    "speculate",
    "headless",
    "global-monitoring",
)
"""Options that are true or false: `--stdin`, `--stdin=false`, `--no-stdin`."""

EPILOG = """
The module exports the function:  module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, result) }
Each item reaches it as a string; each result is printed on a line of its own, in the order of the items.
Exit status: 0 all done, 1 the run failed, 2 wrong usage, 128 + N ended by signal N (130 for Ctrl-C).
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see pando --help")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line; only what is given ends up in its result."""
    p = _Parser(
        prog="pando",
        usage="pando MODULE [OPTIONS] ITEM…",
        description="Maps a JavaScript function over a stream of values, with the help of all who open a web page.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
        argument_default=argparse.SUPPRESS,
    )
    p.add_argument("module", metavar="MODULE", nargs="?", help="file of the JavaScript module")
    p.add_argument("items", metavar="ITEM", nargs="*", help="items, unless they come from --stdin")
    p.add_argument("-h", "--help", action="store_true", help="show this and exit")
    p.add_argument("-v", "--version", action="store_true", help="show the version and exit")
    p.add_argument("--stdin", metavar="BOOL", help="read items from standard input, one a line (false)")
    p.add_argument(
        "--sync-stdio",
        metavar="BOOL",
        help="speak pull-sync on standard input and output, so that a program feeds the run from its results (false)",
    )
    p.add_argument("--local", metavar="BOOL", help="no volunteers: run the function here, to test it (false)")
    p.add_argument(
        "--watch", metavar="BOOL", help="with --local: run again whenever the function's files change (false)"
    )
    p.add_argument("--start-idle", metavar="BOOL", help="false: this machine computes too (true)")
    p.add_argument("--host", help="public server: name, ADDRESS:PORT or URL; without it a server starts here")
    p.add_argument("--port", help="port of the server that starts here; the monitoring page is at PORT+1 (5000)")
    p.add_argument("--secret", help="secret of the public server; others on this machine can see it, so better:")
    p.add_argument("--secret-file", metavar="FILE", help="file that holds the secret (or set PANDO_SECRET)")
    p.add_argument("--batch-size", metavar="N", help="items lent at a time for each core of a volunteer (auto)")
    p.add_argument("--window", metavar="N", help="items that may be read and not yet written (1000000, and 64 MiB)")
    p.add_argument("--timeout", metavar="S", help="seconds that one item may take on a volunteer (no limit)")
    p.add_argument("--max-result", metavar="BYTES", help="size of one result, at most 67108864 (16777216)")
    p.add_argument(
        "--context", metavar="worker|page", help="page: the function finds a document, on volunteers with one (worker)"
    )
    p.add_argument(
        "--allow-net",
        metavar="HOSTS",
        help="what the function may reach, if the volunteer agrees: NAME[:PORT],…; all without HOSTS (nothing)",
    )
    p.add_argument("--unordered", metavar="BOOL", help="print results as they come (false)")
    p.add_argument(
        "--binary-output",
        metavar="BOOL",
        help="results that are typed arrays or ArrayBuffers: their bytes, and not a line of base64 (false)",
    )
    p.add_argument("--speculate", metavar="BOOL", help="idle cores run copies of items that take too long (true)")
    p.add_argument("--retries", metavar="N", help="attempts an item has when the function fails on it (3)")
    p.add_argument("--on-error", metavar="stop|skip", help="what happens after the last attempt (stop)")
    p.add_argument("--bootstrap-timeout", metavar="S", help="seconds a volunteer has to connect (60)")
    p.add_argument("--heartbeat", metavar="MS", help="a lost volunteer is noticed within twice this (2500)")
    p.add_argument(
        "--ice-servers",
        metavar="URLS",
        help="STUN and TURN servers, comma-separated: stun:HOST:PORT, turn:USER:PASSWORD@HOST:PORT; empty for none"
        " (stun:stun.l.google.com:19302; on a local network none)",
    )
    p.add_argument("--reporting-interval", metavar="S", help="seconds between updates of the monitoring page (3)")
    p.add_argument("--seed", help="deterministic identifiers")
    p.add_argument("--headless", metavar="BOOL", help="accepted, without effect")
    p.add_argument("--degree", metavar="D", help="accepted, without effect: channels are direct")
    p.add_argument("--global-monitoring", metavar="BOOL", help="accepted, without effect")
    return p


def normalise(arguments: Sequence[str]) -> list[str]:
    """Gives every flag its value, so that `--stdin 1 2` does not take the item 1 for one."""
    out: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            out += ["--", *rest]
            break
        name, _, _ = argument.removeprefix("--").partition("=")
        if argument in (f"--{name}", f"--no-{name.removeprefix('no-')}") and name.removeprefix("no-") in FLAGS:
            argument = f"--{name.removeprefix('no-')}={'false' if name.startswith('no-') else 'true'}"
        # Without hosts it means all, and does not take the next item for one.
        out.append("--allow-net=*" if argument == "--allow-net" else argument)
    return out


def parse(arguments: Sequence[str]) -> dict[str, object]:
    """Returns what the command line says, and nothing that it does not say; items may stand anywhere.

    Raises:
        UsageError: it cannot be understood.
    """
    given, unknown = parser().parse_known_intermixed_args(normalise(arguments))
    if unknown:
        # argparse gives up on the items after an unknown option as well: those are not to blame.
        option = next((word for word in unknown if word.startswith("-")), unknown[0])
        raise UsageError(f"there is no option {option}; see pando --help (an item that begins with - comes after --)")
    return vars(given)


def config_files() -> list[Path]:
    """Where a configuration file may be; the first that exists counts."""
    return [Path("~/.pando/config.json").expanduser(), Path(__file__).parents[1] / "config.json"]

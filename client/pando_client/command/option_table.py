"""The options of `pando`: their names, what they take, and what `--help` says of them.

The ranges said here are those that `Options` checks; a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What follows the name of an option."""

    FLAG = "true or false, or nothing, which means true"
    VALUE = "a value"
    LIST = "a value or, with `=` only, nothing, which means everything"
    QUESTION = "nothing: it is answered, and nothing is run"


@dataclass(frozen=True, slots=True)
class Option:
    """An option of the command line.

    Attributes:
        name: without the hyphens.
        help: what it does, for `--help`.
        metavar: what stands for its value there.
        kind: what follows it.
        takes: which values it takes, in the words of an error.
        short: its short form, with the hyphen.
        in_file: whether it may stand in the configuration file.
    """

    name: str
    help: str
    metavar: str = ""
    kind: Kind = Kind.VALUE
    takes: str = "text"
    short: str = ""
    in_file: bool = True

    @property
    def key(self) -> str:
        """Its name in `Options`."""
        return self.name.replace("-", "_")


def _flag(name: str, text: str) -> Option:
    return Option(name, text, kind=Kind.FLAG, takes="true or false")


OPTIONS = (
    Option("help", "show this and exit", kind=Kind.QUESTION, short="-h", in_file=False),
    Option("version", "show the version and exit", kind=Kind.QUESTION, short="-v", in_file=False),
    Option(
        "eval",
        "the function itself, instead of MODULE: an expression such as 'x => x * x', or the text of a module",
        "FUNCTION",
        short="-e",
        in_file=False,
    ),
    _flag("stdin", "read items from standard input, one a line (false)"),
    _flag(
        "sync-stdio",
        "speak pull-sync on standard input and output, so that a program feeds the run from its results (false)",
    ),
    _flag("local", "no volunteers: run the function here, to test it (false)"),
    _flag("watch", "with --local: run again whenever the function's files change (false)"),
    _flag("start-idle", "false: this machine computes too (true)"),
    Option("host", "public server: name, ADDRESS:PORT or URL; without it a server starts here", "HOST"),
    Option(
        "port",
        "port of the server that starts here; the monitoring page is at PORT+1 (5000)",
        "PORT",
        takes="a whole number from 0 to 65534",
    ),
    Option("secret", "secret of the public server; others on this machine can see it, so better:", "SECRET"),
    Option("secret-file", "file that holds the secret (or set PANDO_SECRET)", "FILE", takes="the path of a file"),
    Option(
        "key-file",
        "file of your key, which shows volunteers whose job it is (~/.pando/key; drawn where there is none)",
        "FILE",
        takes="the path of a file",
    ),
    Option(
        "batch-size",
        "items lent at a time for each core of a volunteer (auto)",
        "N",
        takes="a whole number from 1 to 1000000, or auto",
    ),
    Option(
        "window",
        "items that may be read and not yet written (1000000, and 64 MiB)",
        "N",
        takes="a whole number from 1 to 100000000",
    ),
    Option(
        "timeout",
        "seconds that one item may take on a volunteer (no limit)",
        "S",
        takes="a number of seconds from 0.001 to 86400 (leave it out for no limit)",
    ),
    Option(
        "max-result",
        "size of one result, at most 67108864 (16777216)",
        "BYTES",
        takes="a whole number of bytes from 1 to 67108864",
    ),
    Option(
        "context",
        "where the function runs (page if it uses document or the like, or else worker)",
        "worker|page",
        takes="worker or page",
    ),
    Option(
        "allow-net",
        "what the function may reach, if the volunteer agrees: NAME[:PORT],…; all without HOSTS (nothing)",
        "HOSTS",
        Kind.LIST,
        takes="hosts, separated by commas, or * for all",
    ),
    _flag("unordered", "print results as they come (false)"),
    _flag(
        "binary-output",
        "results that are typed arrays or ArrayBuffers: their bytes, and not a line of base64 (false)",
    ),
    _flag("speculate", "idle cores run copies of items that take too long (true)"),
    Option(
        "retries",
        "attempts an item has when the function fails on it (3)",
        "N",
        takes="a whole number from 1 to 1000",
    ),
    Option("on-error", "what happens after the last attempt (stop)", "stop|skip", takes="stop or skip"),
    Option(
        "bootstrap-timeout",
        "seconds a volunteer has to connect (60)",
        "S",
        takes="a number of seconds above 0, up to 86400",
    ),
    Option(
        "heartbeat",
        "a lost volunteer is noticed within twice this (2500)",
        "MS",
        takes="a whole number of milliseconds from 50 to 3600000",
    ),
    Option(
        "ice-servers",
        "STUN and TURN servers, comma-separated: stun:HOST:PORT, turn:USER:PASSWORD@HOST:PORT; empty for none"
        " (stun:stun.l.google.com:19302; on a local network none)",
        "URLS",
        takes="up to 8 servers, separated by commas: stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT",
    ),
    Option(
        "reporting-interval",
        "seconds between updates of the monitoring page (3)",
        "S",
        takes="a number of seconds above 0, up to 86400",
    ),
    Option("seed", "deterministic identifiers", "SEED"),
    _flag("headless", "accepted, without effect"),
    Option("degree", "accepted, without effect: channels are direct", "D", takes="a whole number"),
    _flag("global-monitoring", "accepted, without effect"),
)
"""All of them, in the order of `--help`."""

BY_NAME = {option.name: option for option in OPTIONS}
BY_KEY = {option.key: option for option in OPTIONS}
BY_WORD = {f"--{option.name}": option for option in OPTIONS} | {o.short: o for o in OPTIONS if o.short}
"""By what is typed."""

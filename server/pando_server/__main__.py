"""`pando-server`: the command line of the public server."""

from __future__ import annotations

import argparse
import errno
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from pando_shared import __version__, machine, ports, secret
from pando_shared.errors import PandoError, UsageError
from pando_shared.near_miss import near_miss
from pando_shared.standard_streams import open_standard_streams
from pando_shared.text import printable

HELP = "see pando-server --help"
NAMES = ("host", "port", "secret-file", "version", "help")
"""Of the options."""
MIN_DESCRIPTORS = 32
"""What a server opens before anybody comes, and for a few who do."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the server until it is told to end. Returns the exit status: 0, 1 (it cannot run), 2 (wrong usage)."""
    open_standard_streams()
    # A signal may come before the server can handle it: then there is nothing to close.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit)
    try:
        _run(_parsed(_parser(), arguments))
    except PandoError as error:
        _complain(str(error))
        return error.exit_status
    except Exception as error:  # noqa: BLE001 - the last edge: no traceback ever reaches an operator
        refused = machine.in_words(error)
        own = f"an error in Pando itself, please report it: {type(error).__name__}: {printable(error, 500)}"
        _complain(own if refused is None else refused)
        return 1
    return 0


def _complain(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"pando-server: {text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pando-server",
        allow_abbrev=False,
        exit_on_error=False,
        description="The public server of Pando: volunteers open its page, and clients that know its secret find them.",
        epilog="Environment: PANDO_SECRET (or SECRET), at least 16 characters, without which it does not start; PORT; "
        "HOST; FORWARDED_ALLOW_IPS, the proxies to believe; PANDO_MAX_SOCKETS, PANDO_MAX_SOCKETS_PER_ADDRESS, "
        "PANDO_MAX_JOBS; PANDO_TURN_URLS, TURN servers separated by commas, PANDO_TURN_SECRET, their secret, and "
        "PANDO_TURN_SECONDS; PANDO_STATIC, the directory of another build of the volunteer page.",
    )
    parser.add_argument("--port", metavar="N", help="the port to listen on (default: PORT, or 5000)")
    parser.add_argument(
        "--host", metavar="ADDRESS", help="the address to listen on (default: HOST, or *, all of IPv4 and IPv6)"
    )
    parser.add_argument("--secret-file", type=Path, metavar="FILE", help="read the secret from a file")
    parser.add_argument("--version", action="version", version=f"pando-server {__version__}")
    return parser


def _parsed(parser: argparse.ArgumentParser, arguments: list[str] | None) -> argparse.Namespace:
    """Takes the command line apart.

    Raises:
        UsageError: something in it does not exist, or is incomplete.
    """
    try:
        given, unknown = parser.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise UsageError(f"{error.argument_name} needs a value, and only one; {HELP}") from None
    if unknown:
        name = unknown[0].partition("=")[0]
        if not name.startswith("-"):
            raise UsageError(f"{printable(name, 60)} is no option, and there is nothing else to give; {HELP}")
        meant = near_miss(name.lstrip("-"), NAMES)
        hint = HELP if meant is None else f"did you mean --{meant}? ({HELP})"
        raise UsageError(f"there is no option {printable(name, 60)}; {hint}")
    return given


def _run(given: argparse.Namespace) -> None:
    if machine.is_short_of_files(MIN_DESCRIPTORS):
        raise PandoError(machine.refusal(errno.EMFILE))
    # Late, so that --help does not wait for them.
    from pando_server import app, logs, settings

    shared_secret = secret.read_file(given.secret_file) if given.secret_file is not None else None
    chosen = settings.load(host=given.host, port=given.port, secret=shared_secret)
    logs.log_to_stderr()
    application = app.create_app(chosen)
    listeners = ports.listen_everywhere(
        chosen.host, chosen.port, host_options="--host and HOST", port_options="--port or PORT"
    )
    server = app.server_for(application, chosen, on_ready=lambda: _announce(listeners))

    def end(number: int, frame: object) -> None:
        # A second signal ends the server without waiting for connections to close.
        server.force_exit = server.should_exit
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    server.run(sockets=listeners)


def _exit(number: int, frame: object) -> None:
    raise SystemExit(0)


def _announce(listeners: Sequence[socket.socket]) -> None:
    host, port = listeners[0].getsockname()[:2]
    shown = [f"[{host}]" if ":" in host else host]
    if len(listeners) > 1 or host in (ports.ALL_IPV4, ports.ALL_IPV6):
        shown = ports.own_addresses()
    _say("".join(f"Listening at http://{address}:{port}\n" for address in shown))


def _say(text: str) -> None:
    """Prints lines, if there is somebody to read it: a server serves without that."""
    try:
        if sys.stdout is not None:
            sys.stdout.write(text)
            sys.stdout.flush()
    except OSError as error:
        if sys.stderr is not None:
            sys.stderr.write(f"pando-server: standard output cannot be written: {error.strerror}\n")


if __name__ == "__main__":
    sys.exit(main())

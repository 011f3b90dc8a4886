"""`pando-server`: the command line of the public server."""

from __future__ import annotations

import argparse
import errno
import signal
import socket
import sys
from pathlib import Path

from pando_shared import __version__, machine, ports, secret
from pando_shared.errors import PandoError
from pando_shared.text import printable

MIN_DESCRIPTORS = 32
"""What a server opens before anybody comes, and for a few who do."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the server until it is told to end. Returns the exit status: 0, 1 (it cannot run), 2 (wrong usage)."""
    given = _parser().parse_args(arguments)
    # A signal may come before the server can handle it: then there is nothing to close.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit)
    try:
        _run(given)
    except PandoError as error:
        sys.stderr.write(f"pando-server: {error}\n")
        return error.exit_status
    except Exception as error:  # the last edge: no traceback ever reaches an operator
        refused = machine.in_words(error)
        own = f"an error in Pando itself, please report it: {type(error).__name__}: {printable(error, 500)}"
        sys.stderr.write(f"pando-server: {own if refused is None else refused}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pando-server",
        description="The public server of Pando: volunteers open its page, and clients that know its secret find them.",
        epilog="Environment: PANDO_SECRET (or SECRET), at least 16 characters, without which it does not start; PORT; "
        "HOST; FORWARDED_ALLOW_IPS, the proxies to believe; PANDO_MAX_SOCKETS, PANDO_MAX_SOCKETS_PER_ADDRESS, "
        "PANDO_MAX_JOBS; PANDO_STATIC, the directory of another build of the volunteer page.",
    )
    parser.add_argument("--port", type=int, metavar="N", help="the port to listen on (default: PORT, or 5000)")
    parser.add_argument(
        "--host", metavar="ADDRESS", help="the address to listen on (default: HOST, or 0.0.0.0, all of IPv4)"
    )
    parser.add_argument("--secret-file", type=Path, metavar="FILE", help="read the secret from a file")
    parser.add_argument("--version", action="version", version=f"pando-server {__version__}")
    return parser


def _run(given: argparse.Namespace) -> None:
    if machine.is_short_of_files(MIN_DESCRIPTORS):
        raise PandoError(machine.refusal(errno.EMFILE))
    # Late, so that --help does not wait for them.
    from pando_server import app, logs, settings

    shared_secret = secret.read_file(given.secret_file) if given.secret_file is not None else None
    chosen = settings.load(host=given.host, port=given.port, secret=shared_secret)
    logs.log_to_stderr()
    application = app.create_app(chosen)
    listener = ports.listen(chosen.host, chosen.port, host_options="--host and HOST", port_options="--port or PORT")
    server = app.server_for(application, chosen, on_ready=lambda: _announce(listener))

    def end(number: int, frame: object) -> None:
        # A second signal ends the server without waiting for connections to close.
        server.force_exit = server.should_exit
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    server.run(sockets=[listener])


def _exit(number: int, frame: object) -> None:
    raise SystemExit(0)


def _announce(listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    addresses = [host]
    if host == "0.0.0.0":
        import ifaddr

        addresses = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    for address in addresses:
        shown = f"[{address}]" if ":" in address else address
        sys.stdout.write(f"Listening at http://{shown}:{port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""`pando-server`: the command line of the public server."""

from __future__ import annotations

import argparse
import errno
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pando_shared import __version__
from pando_shared.errors import PandoError, PortBusy, UsageError
from pando_shared.text import printable

if TYPE_CHECKING:
    from pando_server.settings import ServerSettings

BACKLOG = 512


def main(arguments: list[str] | None = None) -> int:
    """Runs the server until it is told to end. Returns the exit status: 0, 1 (it cannot run), 2 (wrong usage)."""
    given = _parser().parse_args(arguments)
    # A signal may come before the server can handle it: then there is nothing to close.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    try:
        _run(given)
    except PandoError as error:
        sys.stderr.write(f"pando-server: {error}\n")
        return error.exit_status
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pando-server",
        description="The public server of Pando: volunteers open its page, and clients that know its secret find them.",
        epilog="Environment: PANDO_SECRET (or SECRET), at least 16 characters, without which it does not start; PORT; "
        "HOST; FORWARDED_ALLOW_IPS, the proxies to believe; PANDO_MAX_SOCKETS, PANDO_MAX_SOCKETS_PER_ADDRESS, "
        "PANDO_MAX_JOBS.",
    )
    parser.add_argument("--port", type=int, metavar="N", help="the port to listen on (default: PORT, or 5000)")
    parser.add_argument(
        "--host", metavar="ADDRESS", help="the address to listen on (default: HOST, or 0.0.0.0, all of IPv4)"
    )
    parser.add_argument("--secret-file", type=Path, metavar="FILE", help="read the secret from a file")
    parser.add_argument("--version", action="version", version=f"pando-server {__version__}")
    return parser


def _run(given: argparse.Namespace) -> None:
    # Late, so that --help does not wait for them.
    from pando_server import app, logs, settings

    chosen = settings.load(host=given.host, port=given.port, secret=_secret(given.secret_file))
    logs.log_to_stderr()
    application = app.create_app(chosen)
    listener = _listen(chosen)
    server = app.server_for(application, chosen, on_ready=lambda: _announce(listener))

    def end(number: int, frame: object) -> None:
        # The second time, without waiting for anybody.
        server.force_exit = server.should_exit
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    server.run(sockets=[listener])


def _leave(number: int, frame: object) -> None:
    raise SystemExit(0)


def _secret(path: Path | None) -> str | None:
    """Reads the secret: the first line, without the space around it."""
    if path is None:
        return None
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"the secret cannot be read from {printable(path)}: {reason}") from None


def _listen(settings: ServerSettings) -> socket.socket:
    """Opens the port.

    Raises:
        PortBusy: another program has it.
        UsageError: the address is not one of this machine's.
    """
    where = printable(settings.host)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise UsageError(f"{where} is no address to listen on: see --host and HOST") from None
    listener = socket.socket(family, kind, protocol)
    try:
        # Not SO_REUSEPORT: two servers on one port would each see half of the peers.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        other = "choose another with --port or PORT"
        if error.errno == errno.EADDRINUSE:
            raise PortBusy(f"port {settings.port} is in use by another program: {other}") from None
        if error.errno == errno.EACCES:
            raise UsageError(f"port {settings.port} is not for this user: {other}") from None
        raise UsageError(f"cannot listen on {where}: {error.strerror}") from None
    return listener


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

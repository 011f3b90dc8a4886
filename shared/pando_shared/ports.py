"""Opens the port at which a server listens: one way for the public server and for the servers in a client."""

from __future__ import annotations

import errno
import socket

from pando_shared.errors import PortBusy, UsageError
from pando_shared.text import printable

ALL_IPV4 = "0.0.0.0"
"""The address of every IPv4 interface of this machine."""
BACKLOG = 1024
"""Connections that the system holds until they are accepted: a crowd of volunteers arrives at one moment."""


def listen(host: str, port: int, *, host_options: str = "--host", port_options: str = "--port") -> socket.socket:
    """Returns a TCP socket that listens at `port` of `host`.

    Args:
        host: an address of this machine, or a name of one; IPv4 or IPv6.
        port: 0 for any that is free.
        host_options: where the user can choose another address, for the text of an error.
        port_options: where the user can choose another port, for the text of an error.

    Raises:
        PortBusy: another program listens there.
        UsageError: the address is not one of this machine's, or the port is not for this user.
    """
    where = printable(host)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise UsageError(f"{where} is no address to listen on: see {host_options}") from None
    listener = socket.socket(family, kind, protocol)
    try:
        # Not SO_REUSEPORT: two servers on one port would each see half of the peers.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        other = f"choose another one with {port_options}"
        if error.errno == errno.EADDRINUSE:
            raise PortBusy(f"port {port} is in use by another program; {other}") from None
        if error.errno == errno.EACCES:
            raise UsageError(f"port {port} is not for this user; {other}") from None
        raise UsageError(f"cannot listen on {where}: {error.strerror}") from None
    return listener

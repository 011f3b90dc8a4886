"""Opens the port at which a server listens: one way for the public server and for the servers in a client."""

from __future__ import annotations

import errno
import ipaddress
import socket

from pando_shared.errors import PortBusy, UsageError
from pando_shared.text import printable

ALL_IPV4 = "0.0.0.0"
"""The address of every IPv4 interface of this machine."""
ALL_IPV6 = "::"
"""The address of every IPv6 interface of this machine."""
EVERYWHERE = "*"
"""Every interface, of IPv4 and of IPv6."""
ATTEMPTS = 20
"""Ports that are tried until one is free in both families."""
BACKLOG = 1024
"""Connections that the system holds until they are accepted: a crowd of volunteers arrives at one moment."""


def listen(
    host: str, port: int, *, host_options: str = "--host", port_options: str = "--port", one_family: bool = False
) -> socket.socket:
    """Returns a TCP socket that listens at `port` of `host`.

    Args:
        host: an address of this machine, or a name of one; IPv4 or IPv6.
        port: 0 for any that is free.
        host_options: where the user can choose another address, for the text of an error.
        port_options: where the user can choose another port, for the text of an error.
        one_family: whether an address of IPv6 is for IPv6 alone; otherwise the system decides.

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
        if one_family and family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
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


def listen_everywhere(
    host: str, port: int, *, host_options: str = "--host", port_options: str = "--port"
) -> list[socket.socket]:
    """Returns the sockets that listen at `host`, all at one port: for `EVERYWHERE` one of IPv4 and one of IPv6.

    A machine has either of them at least.

    Args:
        host: as for `listen`, or `EVERYWHERE`.
        port: 0 for any that is free.
        host_options: as for `listen`.
        port_options: as for `listen`.

    Raises:
        PortBusy: another program listens there.
        UsageError: the address is not one of this machine's, or the port is not for this user.
    """
    if host != EVERYWHERE:
        return [listen(host, port, host_options=host_options, port_options=port_options)]
    # One socket for both would show peers of IPv4 with addresses of IPv6.
    families = [address for address in (ALL_IPV4, ALL_IPV6) if _is_there(address)] or [ALL_IPV4]
    for _ in range(ATTEMPTS):
        first = listen(families[0], port, one_family=True, port_options=port_options)
        try:
            at = first.getsockname()[1]
            others = [listen(address, at, one_family=True, port_options=port_options) for address in families[1:]]
        except PortBusy:
            first.close()
            if port:
                raise
            continue
        except UsageError:
            others = []
        return [first, *others]
    raise PortBusy("no port is free")


def _is_there(address: str) -> bool:
    """Whether this machine has the family of this address at all."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as trial:
            trial.bind((address, 0))
    except OSError:
        return False
    return True


def own_addresses() -> list[str]:
    """Returns this machine's addresses as they are written in a URL: of networks first, loopback last.

    Those of IPv6 (in brackets) are there only where no network of IPv4 is: they are hard to type.
    """
    import ifaddr  # only where addresses are printed

    found = {ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips}
    ipv4 = sorted(
        (ipaddress.IPv4Address(ip) for ip in found if isinstance(ip, str)),
        key=lambda a: (a.is_loopback, a.is_link_local, a),
    )
    networks = [str(a) for a in ipv4 if not a.is_loopback]
    loopback = [str(a) for a in ipv4 if a.is_loopback] or ["127.0.0.1"]
    if networks:
        return networks + loopback
    # With a scope an address is of a link, and its name there means nothing on another machine.
    ipv6 = sorted(ipaddress.IPv6Address(ip[0]) for ip in found if not isinstance(ip, str) and not ip[2])
    return [f"[{a}]" for a in sorted(ipv6, key=lambda a: a.is_private) if not a.is_loopback] + loopback

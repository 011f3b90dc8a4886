"""Where a request comes from: the peer's address, believed proxies, and the page's origin."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from pando_shared.text import printable

Scope: TypeAlias = Mapping[str, Any]
"""An ASGI connection scope (asgi.readthedocs.io, HTTP & WebSocket message format)."""
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end. `address` is what limits count by; `loopback`: it is on the server's own machine."""

    address: str
    loopback: bool


class TrustedProxies:
    """The proxies whose `X-Forwarded-For`, `-Host` and `-Port` are believed.

    `allowed` is a comma-separated list of addresses and networks; `*` believes every peer that connects. Of the list
    in `X-Forwarded-For` only the last entry counts, which the peer itself wrote: anything can stand in the entries
    before it. Where proxies stand in a row, entries of `allowed` are passed over, and so are `hops` - 1 others.

    Args:
        allowed: the list.
        hops: how many proxies stand in a row in front of this server, at least 1.
        warn: takes a kind of trouble with these headers, and a line about it for the operator.

    Raises:
        ValueError: an entry of `allowed` is neither an address nor a network.
    """

    def __init__(self, allowed: str, hops: int = 1, warn: Callable[[str, str], None] = lambda kind, text: None) -> None:
        entries = [entry.strip() for entry in allowed.split(",") if entry.strip()]
        self._everybody = "*" in entries
        self._networks = [ipaddress.ip_network(entry, strict=False) for entry in entries if entry != "*"]
        self._hops = hops
        self._warn = warn

    def __contains__(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self._networks)

    def peer(self, scope: Scope) -> Peer:
        """Returns who sent the request of an ASGI `scope`."""
        direct = _parse((scope.get("client") or ("",))[0])
        if direct is None:
            # A UNIX socket, or a test without a network.
            return Peer("", loopback=False)
        forwarded = header(scope, b"x-forwarded-for")
        if forwarded is None or not self._believes(direct):
            if forwarded is not None:
                self._warn("not believed", _not_believed(direct))
            own = _parse((scope.get("server") or ("",))[0])
            return Peer(_group(direct), loopback=direct.is_loopback or direct == own)
        return Peer(_group(self._sender(direct, forwarded)), loopback=False)

    def hosts(self, scope: Scope) -> list[str]:
        """Returns the values that the `Host` of the page behind a request may have: what this server is asked for, and
        what a believed proxy says that it was asked for, if it does (`X-Forwarded-Host`, `X-Forwarded-Port`).
        """
        host = (header(scope, b"host") or "").lower()
        direct = _parse((scope.get("client") or ("",))[0])
        if direct is None or not self._believes(direct):
            return [host]
        said = _first(scope, b"x-forwarded-host").lower()
        port = _first(scope, b"x-forwarded-port")
        hosts = [one for one in (host, said) if one]
        if re.fullmatch(r"[0-9]{1,5}", port):
            hosts += [f"{one}:{port}" for one in hosts if not re.search(r":[0-9]+$", one)]
        return hosts or [host]

    def warn(self, kind: str, text: str) -> None:
        """Tells the operator, once in a while for each `kind`, of proxies that are not set up as they should be."""
        self._warn(kind, text)

    def host_like(self, scope: Scope, name: str) -> str:
        """Returns the host and port that a request was sent to; empty if it does not say (RFC 9110, section 7.2).

        Of several that it may be, that is the one called `name`, or else the first.
        """
        hosts = self.hosts(scope)
        wanted = without_usual_port(name)
        return next((host for host in hosts if without_usual_port(host) == wanted), hosts[0])

    def _believes(self, direct: Address) -> bool:
        return self._everybody or direct in self

    def _sender(self, direct: Address, forwarded: str) -> Address:
        sender = direct
        for hop, entry in enumerate(reversed(forwarded.split(",")), start=1):
            address = _parse_entry(entry)
            if address is None:
                self._warn("unreadable", _unreadable(direct, entry))
                break
            sender = address
            if hop >= self._hops and (self._everybody or sender not in self):
                break
        return sender


def header(scope: Scope, name: bytes) -> str | None:
    """Returns the header `name` (in lower case), the values of repeated ones joined with commas, or None."""
    values = [value for key, value in scope["headers"] if key == name]
    return b",".join(values).decode("latin-1") if values else None


def without_usual_port(host: str) -> str:
    """Returns a host without the port of http or https, which some programs add and others leave out."""
    return host.lower().removesuffix(":80").removesuffix(":443")


def foreign_origin(scope: Scope, proxies: TrustedProxies) -> str | None:
    """Returns None, or a line about the page of another site that sends this request, with both of their names.

    Browsers put `Origin` on every WebSocket handshake (RFC 6455, section 10.2), and a page cannot forge it, nor any
    header that a proxy adds. Programs send none: that is fine, since what they can do they can do anyhow.
    """
    origin = header(scope, b"origin")
    if origin is None:
        return None
    hosts = proxies.hosts(scope)
    if any(_is_same_site(origin.lower(), host) for host in hosts):
        return None
    shown = " or ".join(printable(host, 80) or "nothing" for host in hosts)
    return (
        f"a page of {printable(origin, 80) or 'no site'} tried to connect to this server, which is asked for as {shown}"
    )


def _is_same_site(origin: str, host: str) -> bool:
    try:
        page, asked = urlsplit(origin), urlsplit(f"//{host}")
        usual = {"http": 80, "https": 443}[page.scheme]
        return (page.hostname, page.port or usual) == (asked.hostname, asked.port or usual) and bool(asked.hostname)
    except (KeyError, ValueError):
        return False


def _first(scope: Scope, name: bytes) -> str:
    """Returns the first entry of a header that is a list: what the proxy nearest to the page was asked for."""
    return (header(scope, name) or "").partition(",")[0].strip()


def _parse_entry(text: str) -> Address | None:
    """Returns the address of an entry of `X-Forwarded-For`: some proxies add a port, or brackets round IPv6."""
    entry = text.strip().strip('"')
    port = re.fullmatch(r"\[([^\]]*)\](?::[0-9]+)?|([0-9.]+):[0-9]+", entry)
    return _parse((port[1] or port[2] or "") if port else entry)


def _not_believed(direct: Address) -> str:
    return (
        f"{direct} sends X-Forwarded-For and is no proxy that is believed, so all that comes through it counts as one "
        f"visitor: if it is your proxy, set FORWARDED_ALLOW_IPS={direct}"
    )


def _unreadable(direct: Address, entry: str) -> str:
    return (
        f"the proxy {direct} sends an X-Forwarded-For in which {printable(entry.strip(), 60) or 'an empty entry'} is "
        "no address: what comes through it counts as one visitor"
    )


def _parse(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A socket that listens on both families shows IPv4 peers as ::ffff:a.b.c.d.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _group(address: Address) -> str:
    """One subscriber has one IPv4 address, but a whole /64 of IPv6 addresses."""
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))

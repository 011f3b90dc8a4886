"""Where a request comes from: the peer's address, believed proxies, and the page's origin."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Scope: TypeAlias = Mapping[str, Any]
"""An ASGI connection scope (asgi.readthedocs.io, HTTP & WebSocket message format)."""
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end. `address` is what limits count by; `loopback`: it is on the server's own machine."""

    address: str
    loopback: bool


class TrustedProxies:
    """The proxies whose `X-Forwarded-For` is believed.

    `allowed` is a comma-separated list of addresses and networks; `*` believes every peer that connects, but
    only the last entry of its list, which that peer itself wrote: anything can stand in the entries before it.

    Raises:
        ValueError: an entry of `allowed` is neither an address nor a network.
    """

    def __init__(self, allowed: str) -> None:
        entries = [entry.strip() for entry in allowed.split(",") if entry.strip()]
        self._everybody = "*" in entries
        self._networks = [ipaddress.ip_network(entry, strict=False) for entry in entries if entry != "*"]

    def __contains__(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self._networks)

    def peer(self, scope: Scope) -> Peer:
        """Returns who sent the request of an ASGI `scope`."""
        direct = _parse((scope.get("client") or ("",))[0])
        if direct is None:
            # A UNIX socket, or a test without a network.
            return Peer("", loopback=False)
        forwarded = header(scope, b"x-forwarded-for")
        if forwarded is None or not (self._everybody or direct in self):
            own = _parse((scope.get("server") or ("",))[0])
            return Peer(_group(direct), loopback=direct.is_loopback or direct == own)
        sender = direct
        for entry in reversed(forwarded.split(",")):
            address = _parse(entry.strip())
            if address is None:
                break
            sender = address
            if self._everybody or sender not in self:
                break
        return Peer(_group(sender), loopback=False)


def header(scope: Scope, name: bytes) -> str | None:
    """Returns the header `name` (in lower case), the values of repeated ones joined with commas, or None."""
    values = [value for key, value in scope["headers"] if key == name]
    return b",".join(values).decode("latin-1") if values else None


def host_of(scope: Scope) -> str | None:
    """Returns the host, with its port, at which a request arrived; None if it does not say (RFC 9110, section 7.2)."""
    host = header(scope, b"host")
    return host.lower() if host else None


def is_foreign(scope: Scope) -> bool:
    """Returns whether a page of another site sends this request.

    Browsers put `Origin` on every WebSocket handshake (RFC 6455, section 10.2), and a page cannot forge it. Programs
    send none: that is fine, since what they can do they can do anyhow.
    """
    origin = header(scope, b"origin")
    if origin is None:
        return False
    try:
        parts = urlsplit(origin.lower())
        host = urlsplit("//" + (header(scope, b"host") or "").lower())
        usual = {"http": 80, "https": 443}[parts.scheme]
        return (parts.hostname, parts.port or usual) != (host.hostname, host.port or usual) or not host.hostname
    except (KeyError, ValueError):
        return True


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

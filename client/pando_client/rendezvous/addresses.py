"""Where volunteers can reach this machine."""

from __future__ import annotations

import io
import ipaddress

import ifaddr


def ipv4_addresses() -> list[str]:
    """Returns the IPv4 addresses of this machine: of networks first, loopback last."""
    found = {str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)}
    addresses = sorted(ipaddress.IPv4Address(ip) for ip in found)
    return [str(a) for a in sorted(addresses, key=lambda a: (a.is_loopback, a.is_link_local))] or ["127.0.0.1"]


def qr_code(url: str) -> str:
    """Returns `url` as a QR code (ISO/IEC 18004) for a terminal, so that a phone need not type it."""
    import segno  # only wanted on a terminal

    out = io.StringIO()
    segno.make(url, error="l", micro=False).terminal(out=out, compact=True, border=2)
    return out.getvalue().rstrip("\n")

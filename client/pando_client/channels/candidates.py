"""Which addresses of a session description we are willing to send packets to.

An offer comes from a stranger, and each candidate in it makes this machine send packets to an address of the
stranger's choice. So: UDP only, no low ports, nothing that only this machine or this link can see, private networks
only when we are on one.
"""

from __future__ import annotations

import ipaddress

from pando_shared.limits import MAX_CANDIDATES

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

MIN_PORT = 1024
"""Below are the ports of well-known services."""
METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "100.100.100.200", "fd00:ec2::254")))
"""Of the metadata services of clouds, which tell a machine its secrets."""


def keep_safe_candidates(sdp: str, *, loopback: bool, private: bool) -> str:
    """Returns `sdp` without the candidates that are not worth a packet, and without its end of candidates.

    Candidates named `*.local` go as well: resolving one takes aiortc a second, and the browser contacts us anyway and
    is then known by the address it comes from. For the same reason the end of candidates is dropped: with it, a
    description whose candidates are all gone would fail at once.

    Args:
        sdp: the remote description (RFC 8866, candidates as in RFC 8839).
        loopback: whether the volunteer is known to be on this machine.
        private: whether this machine is on a private network.
    """
    lines: list[str] = []
    kept = 0
    # As aiortc cuts lines, at ten characters besides the newline: otherwise a candidate could hide behind one of them.
    for line in sdp.splitlines():
        if line == "a=end-of-candidates":
            continue
        if line.startswith("a=candidate:"):
            if kept >= MAX_CANDIDATES or not _is_safe(line, loopback=loopback, private=private):
                continue
            kept += 1
        lines.append(line)
    return "".join(f"{line}\r\n" for line in lines)


def _is_safe(line: str, *, loopback: bool, private: bool) -> bool:
    # candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE …
    fields = line.split()
    if len(fields) < 8 or fields[2].lower() != "udp":
        return False
    try:
        address = ipaddress.ip_address(fields[4])
        port = int(fields[5])
    except ValueError:
        return False
    return MIN_PORT <= port <= 65535 and is_worth_a_packet(address, loopback=loopback, private=private)


def is_worth_a_packet(address: IpAddress, *, loopback: bool, private: bool) -> bool:
    """Whether we may send to `address` because a stranger asks us to."""
    if isinstance(address, ipaddress.IPv6Address):
        # Mapped (RFC 4291), 6to4 and Teredo addresses hold an IPv4 address, which is where the packets arrive.
        inside = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inside is not None:
            return is_worth_a_packet(inside, loopback=loopback, private=private)
    if address in METADATA:
        return False
    if address.is_loopback:
        return loopback
    if address.is_unspecified or address.is_multicast or address.is_link_local:
        return False
    if address == ipaddress.IPv4Address("255.255.255.255"):
        return False
    return private or not address.is_private


def fit_candidates(sdp: str) -> str:
    """Returns our answer with the best `MAX_CANDIDATES` candidates (RFC 8839, section 5.1): it may have no more.

    Of each type, the ones of a higher priority stay, and one of each type stays if there is room: behind a router the
    candidates of the machine's own addresses are the best by number only.
    """
    lines = sdp.split("\r\n")
    found = [line for line in lines if line.startswith("a=candidate:")]
    if len(found) <= MAX_CANDIDATES:
        return sdp
    best = sorted(found, key=lambda line: -int(line.split()[3]))
    first_of_type: dict[str, str] = {}
    for line in best:
        first_of_type.setdefault(line.split()[7], line)
    kept = set(
        [*first_of_type.values(), *(line for line in best if line not in first_of_type.values())][:MAX_CANDIDATES]
    )
    return "\r\n".join(line for line in lines if not line.startswith("a=candidate:") or line in kept)

"""The URLs of STUN and TURN servers (RFC 7064 and RFC 7065), and what people and browsers write instead of them."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

SCHEMES = ("stun", "turn", "turns")
MAX_URL_CHARACTERS = 200
MAX_PORT = 65535

_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)


def checked(url: str) -> str:
    """Returns the URL of a STUN or TURN server without user and password, as it is.

    Raises:
        ValueError: it is not of the form `stun:HOST[:PORT]` or `turn[s]:HOST[:PORT][?transport=udp|tcp]`; the text says
            why, and does not repeat what may be a password.
    """
    scheme, colon, rest = url.partition(":")
    if not colon or scheme not in SCHEMES:
        raise ValueError("a server begins with stun:, turn: or turns:")
    if len(url) > MAX_URL_CHARACTERS:
        raise ValueError(f"the URL of a server has at most {MAX_URL_CHARACTERS} characters")
    where, question, query = rest.partition("?")
    if question and scheme == "stun":
        raise ValueError("a stun: server takes no ?transport=")
    if question and query not in ("transport=udp", "transport=tcp"):
        raise ValueError("behind a server's ? stands transport=udp or transport=tcp")
    _check_place(where)
    return url


def given(text: str) -> dict[str, str]:
    """Returns the server that a person wrote, as browsers take it.

    `turn:USER:PASSWORD@HOST:PORT`: the last `@` separates, and user and password are percent-decoded, so that each can
    have any character.

    Raises:
        ValueError: it is none; the text says why.
    """
    scheme, _, rest = text.partition(":")
    login, at, where = rest.rpartition("@")
    url = checked(f"{scheme}:{where}" if at else text)
    if scheme == "stun":
        if at:
            raise ValueError("a stun: server takes no user and no password")
        return {"urls": url}
    user, colon, password = login.partition(":")
    if not (at and colon and user and password):
        raise ValueError(f"a {scheme}: server needs a user and a password: {scheme}:USER:PASSWORD@HOST")
    return {"urls": url, "username": _decoded(user), "credential": _decoded(password)}


def from_browser(entry: object) -> list[dict[str, str]]:
    """Returns the servers of one object in the form that browsers take (W3C webrtc-pc, RTCIceServer).

    `urls` is one URL or a list of them; `url` is what it was called once.

    Raises:
        ValueError: it is none; the text says why.
    """
    if not isinstance(entry, dict):
        raise ValueError('a server is a URL, or an object such as {"urls": "stun:HOST"}')
    urls: Any = entry.get("urls", entry.get("url"))
    urls = [urls] if isinstance(urls, str) else urls
    if not isinstance(urls, list) or not urls or not all(isinstance(url, str) for url in urls):
        raise ValueError('"urls" of a server is a URL or a list of URLs')
    user, password = entry.get("username"), entry.get("credential")
    servers: list[dict[str, str]] = []
    for url in urls:
        server = {"urls": checked(url)}
        if not url.startswith("stun:"):
            if not (isinstance(user, str) and isinstance(password, str) and user and password):
                raise ValueError('a TURN server needs "username" and "credential"')
            server |= {"username": user, "credential": password}
        servers.append(server)
    return servers


def _check_place(where: str) -> None:
    if where.startswith("["):
        address, bracket, rest = where[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError("an IPv6 address of a server stands in brackets: [2001:db8::1]:3478")
        try:
            ipaddress.IPv6Address(address)
        except ValueError:
            raise ValueError("what stands in the brackets of a server is no IPv6 address") from None
        colon, port = rest[:1], rest[1:]
    else:
        host, colon, port = where.partition(":")
        if ":" in port:
            raise ValueError("an IPv6 address of a server stands in brackets: [2001:db8::1]:3478")
        if not _NAME.fullmatch(host) or not _is_address_or_name(host):
            raise ValueError("a server needs a host name or an address")
    if colon and not (_PORT.fullmatch(port) and 1 <= int(port) <= MAX_PORT):
        raise ValueError(f"the port of a server is a number from 1 to {MAX_PORT}")


def _is_address_or_name(host: str) -> bool:
    """Whether a name that looks like an IPv4 address is one."""
    if not re.fullmatch(r"[0-9.]+", host):
        return True
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _decoded(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError("in user and password of a server, % is written %25")
    try:
        return re.sub(rb"%(..)", lambda found: bytes.fromhex(found[1].decode()), text.encode()).decode()
    except UnicodeDecodeError:
        raise ValueError("user and password of a server are not UTF-8 once they are percent-decoded") from None

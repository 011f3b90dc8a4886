"""What a function may reach: hosts, as the client names them, as `hello` carries them, and as a policy of browsers.

An entry is `[SCHEME://]HOST[:PORT]`, in lower case, or `*` alone for everything. Nothing else gets through, so that an
entry can stand in a policy, where a space or a semicolon would begin something new.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from pando_shared.limits import MAX_ALLOWED_HOSTS, MAX_HOST_CHARACTERS

ANYTHING = "*"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ENTRY = re.compile(
    rf"(?:(https?|wss?)://)?((?=[^:]{{1,253}}(?::|\Z)){_LABEL}(?:\.{_LABEL})*)(?::([1-9][0-9]{{0,4}}))?"
)
_DEFAULT_PORT = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def fault_of(hosts: Sequence[str]) -> str | None:
    """Returns what is wrong with a list of hosts, or None."""
    if len(hosts) > MAX_ALLOWED_HOSTS:
        return f"more than {MAX_ALLOWED_HOSTS} hosts"
    if ANYTHING in hosts:
        return None if len(hosts) == 1 else f"{ANYTHING} is everything and stands alone"
    for host in hosts:
        match = _ENTRY.fullmatch(host)
        if match is None or int(match[3] or 1) > 65535:
            return "a host is [SCHEME://]NAME[:PORT], such as example.org, https://example.org or 192.168.1.7:8080"
    return None


def _checked(hosts: tuple[str, ...]) -> tuple[str, ...]:
    if (fault := fault_of(hosts)) is not None:
        raise ValueError(fault)
    return hosts


Hosts = Annotated[tuple[Annotated[str, Field(max_length=MAX_HOST_CHARACTERS)], ...], AfterValidator(_checked)]


def sources(hosts: Sequence[str]) -> str:
    """Returns the hosts as source expressions of a Content-Security-Policy; empty for none.

    Without a scheme all four are meant: `http` stands for `https` too, and `ws` for `wss`.

    Raises:
        ValueError: a host is none.
    """
    found: list[str] = []
    for host in _checked(tuple(hosts)):
        found += [host] if host == ANYTHING or "://" in host else [f"http://{host}", f"ws://{host}"]
    return " ".join(found)


def addresses(hosts: Sequence[str]) -> list[str]:
    """Returns the hosts as `HOST:PORT`, in the form of Deno's permissions; not for `*`."""
    found: list[str] = []
    for host in _checked(tuple(hosts)):
        match = _ENTRY.fullmatch(host)
        assert match is not None
        scheme, name, port = match.groups()
        ports = [port] if port else [_DEFAULT_PORT[scheme]] if scheme else [80, 443]
        found += [f"{name}:{number}" for number in ports]
    return found

"""127.0.0.1 among the addresses that ICE gathers, for volunteers on this machine.

aioice leaves it out, and then a machine without a network has no candidate at all.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable

import aioice.ice

_wanted: contextvars.ContextVar[bool] = contextvars.ContextVar("loopback_wanted", default=False)
_get_host_addresses: Callable[[bool, bool], list[str]] | None = getattr(aioice.ice, "get_host_addresses", None)


def gather_loopback(wanted: bool) -> None:
    """Says whether connections of the current task gather 127.0.0.1 as well."""
    _wanted.set(wanted)


def host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    """Takes the place of aioice's function of that kind, which it calls when it gathers candidates."""
    assert _get_host_addresses is not None
    addresses = _get_host_addresses(use_ipv4, use_ipv6)
    return ["127.0.0.1", *addresses] if use_ipv4 and _wanted.get() else addresses


if _get_host_addresses is not None:
    aioice.ice.get_host_addresses = host_addresses

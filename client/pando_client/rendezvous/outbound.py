"""The way from this machine to a server: through which proxy, and whose certificates are trusted.

Both connections to a server (HTTP for the nonce, Socket.IO after it) take the same way, so it is found in one place.
"""

from __future__ import annotations

import functools
import ipaddress
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import certifi

from pando_shared.errors import UsageError
from pando_shared.text import printable

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
VARIABLES = (*_PROXIES, *map(str.upper, _PROXIES), "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUEST_METHOD")
"""Of the environment, that say how servers are reached."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a server is reached.

    Attributes:
        proxy: the URL of the HTTP proxy; None for none.
        variable: the environment's variable that names the proxy; empty for none.
        tls: what certificates are checked with; None for a server without TLS.
    """

    proxy: str | None = None
    variable: str = ""
    tls: ssl.SSLContext | None = None

    @property
    def proxy_address(self) -> str:
        """Where the proxy is, without the password that its URL may hold."""
        return "" if self.proxy is None else urlsplit(self.proxy).netloc.rpartition("@")[2]


def way_to(url: str, environ: Mapping[str, str] | None = None) -> Way:
    """Returns the way to a server. Reads files of certificates, which takes some 50 ms the first time.

    `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR` count, as in curl. A server
    on this machine is reached directly.

    Args:
        url: of the server.
        environ: the environment, if not this process's.

    Raises:
        UsageError: a variable has a value that cannot be used.
    """
    env = os.environ if environ is None else environ
    return _way(url, tuple((name, env[name]) for name in VARIABLES if name in env))


@functools.cache
def _way(url: str, variables: tuple[tuple[str, str], ...]) -> Way:
    # Kept, so that a client that logs in again does not depend on files that are gone meanwhile.
    env = dict(variables)
    parts = urlsplit(url)
    proxy, variable = _proxy(parts.scheme, parts.hostname or "", parts.port, env)
    tls = None
    if parts.scheme == "https" or (proxy or "").startswith("https:"):
        tls = _tls(readable("SSL_CERT_FILE", env), readable("SSL_CERT_DIR", env))
    return Way(proxy, variable, tls)


def _proxy(scheme: str, host: str, port: int | None, env: Mapping[str, str]) -> tuple[str | None, str]:
    if _is_loopback(host) or _is_excepted(host, port, env):
        return None, ""
    for name in (f"{scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            # Of a CGI program HTTP_PROXY is a header of the request (httpoxy).
            if variable == "HTTP_PROXY" and "REQUEST_METHOD" in env:
                continue
            if value := env.get(variable, "").strip():
                return _checked(variable, value), variable
    return None, ""


def _checked(variable: str, value: str) -> str:
    url = value if "://" in value else f"http://{value}"
    shown = printable(url.rpartition("@")[2], 80)
    try:
        parts = urlsplit(url)
        complete = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise UsageError(f"{variable} is not the address of a proxy: {shown}") from None
    if parts.scheme not in ("http", "https"):
        raise UsageError(
            f"{variable} names a proxy of a kind that Pando cannot use ({printable(parts.scheme, 20)}): "
            "it needs an HTTP proxy, or NO_PROXY with the server's name"
        )
    if not complete:
        raise UsageError(f"{variable} is not the address of a proxy: {shown}")
    return url


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or host.endswith(".localhost") or (address is not None and address.is_loopback)


def _is_excepted(host: str, port: int | None, env: Mapping[str, str]) -> bool:
    """Whether `no_proxy` names the host: by its name, the end of it, its address, or a network."""
    entries = [entry.strip().lower() for entry in (env.get("no_proxy") or env.get("NO_PROXY") or "").split(",")]
    address = _address(host)
    return any(
        entry == "*"
        or entry in (host, f"{host}:{port}", f"[{host}]", f"[{host}]:{port}")
        or host.endswith("." + entry.removeprefix("*").removeprefix("."))
        or (address is not None and _is_in(address, entry))
        for entry in entries
        if entry
    )


def _is_in(address: ipaddress.IPv4Address | ipaddress.IPv6Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network.strip("[]"), strict=False)
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def readable(variable: str, env: Mapping[str, str]) -> str | None:
    """Returns the path that a variable of the environment names; None if it names none.

    Raises:
        UsageError: it cannot be read. OpenSSL would take no notice, and trust nobody.
    """
    value = env.get(variable)
    if not value:
        return None
    try:
        if variable.endswith("DIR"):
            next(Path(value).iterdir(), None)
        else:
            with Path(value).open("rb"):
                pass
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no path"
        raise UsageError(f"{variable} names {printable(value, 200)}, which cannot be read: {why}") from None
    return value


def _tls(file: str | None, folder: str | None) -> ssl.SSLContext:
    # Without arguments OpenSSL looks at its own places.
    context = ssl.create_default_context()
    if file is None and folder is None:
        # Some builds of Python have no authorities at their place: these are Mozilla's.
        context.load_verify_locations(certifi.where())
        return context
    try:
        context.load_verify_locations(cafile=file, capath=folder)
    except ssl.SSLError:
        raise UsageError(f"SSL_CERT_FILE names {printable(file or '', 200)}, which holds no certificate") from None
    return context

"""What `--host` means: the grammar of the addresses of public servers."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pando_shared.errors import UsageError
from pando_shared.text import printable


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """Where a server is.

    Attributes:
        url: with its scheme, and its path if it is not at the top of its host; without a trailing slash.
        loopback: whether it is on this machine.
        local: whether it is on this machine or on its network.
    """

    url: str
    loopback: bool
    local: bool

    @classmethod
    def of(cls, host: str) -> ServerUrl:
        """Returns what `host` names: a name, an address with a port, or a URL.

        Public names get HTTPS, local addresses HTTP, and a scheme decides otherwise.

        Raises:
            UsageError: it names no server.
        """
        wrong = UsageError(f"--host={printable(host)} is not a host name, an ADDRESS:PORT, or an http(s) URL")
        try:
            parts = urlsplit(host if "://" in host else f"//{host}")
            name, port = parts.hostname or "", parts.port
        except ValueError:
            raise wrong from None
        path = parts.path.rstrip("/")
        # The address of a job, as it is printed, is none of a server.
        is_path = re.fullmatch(r"(/[\w.~%+-]+)*", path, re.ASCII) and not re.search(r"/j/[^/]+$", path)
        has_more = not is_path or parts.query or parts.fragment or "@" in parts.netloc
        # `urlsplit` takes line ends and tabs out silently.
        if has_more or not re.fullmatch(r"[\w.:%-]+", name) or re.search(r"\s", host):
            raise wrong
        if parts.scheme not in ("", "http", "https"):
            raise wrong
        loopback, local = _locality(name)
        scheme = parts.scheme or ("http" if local else "https")
        shown = f"[{name}]" if ":" in name else name
        return cls(f"{scheme}://{shown}" + (f":{port}" if port else "") + path, loopback, local)

    @property
    def page(self) -> str:
        """Where volunteers go: a page in a folder is found by all proxies with a slash at the end, and else by few."""
        return f"{self.url}/" if urlsplit(self.url).path else self.url

    @property
    def socket_io_path(self) -> str:
        """The path of Socket.IO there, without slashes around it."""
        return f"{urlsplit(self.url).path}/socket.io".strip("/")

    @property
    def host(self) -> str:
        """Host and port, as a `Host` header has them (RFC 9110, section 7.2)."""
        scheme, host = urlsplit(self.url.lower())[:2]
        return host.removesuffix(":443" if scheme == "https" else ":80")

    @classmethod
    def on_this_machine(cls, port: int) -> ServerUrl:
        """Returns where this process's own server is."""
        return cls(f"http://127.0.0.1:{port}", loopback=True, local=True)


def _locality(name: str) -> tuple[bool, bool]:
    """Whether a host is on this machine, and whether it is on this machine or its network."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        loopback = name == "localhost" or name.endswith(".localhost")
        return loopback, loopback or name.endswith(".local") or "." not in name
    return address.is_loopback, address.is_private or address.is_link_local or address.is_loopback

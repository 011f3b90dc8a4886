"""Checks a deployed server from outside: `python3 smoke.py https://ADDRESS`.

Prints one line for each thing it checks. Exit status: 0 all is well, 1 something is not, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

import httpx
from pydantic import ValidationError

from pando_shared import PROTOCOL
from pando_shared.signaling import Health, Nonce, ServerConfig
from pando_shared.text import printable

TIMEOUT = 30.0
"""Seconds: a sleeping dyno takes some to wake up."""


def health(http: httpx.Client) -> str:
    """The server is up."""
    found = Health.model_validate_json(_get(http, "/healthz"))
    return f"version {found.version}, {found.jobs} jobs, {found.volunteers} volunteers"


def page(http: httpx.Client) -> str:
    """The volunteer page is there, with its script, its frame and their policies."""
    for path in ("/", "/page.js", "/style.css", "/frame.html"):
        _get(http, path)
    policy = http.get("/frame.html").headers.get("content-security-policy", "")
    _expect("sandbox allow-scripts" in policy, "the frame is not sandboxed")
    return "page, script, style and frame"


def config(http: httpx.Client) -> str:
    """It speaks our protocol, and volunteers can reach clients."""
    found = ServerConfig.model_validate_json(_get(http, "/api/config"))
    _expect(found.protocol == PROTOCOL, f"it speaks version {found.protocol} of the protocol, not {PROTOCOL}")
    return f"protocol {found.protocol}, channels {', '.join(found.channels)}"


def nonce(http: httpx.Client) -> str:
    """Clients can begin to log in."""
    Nonce.model_validate_json(_get(http, "/api/nonce"))
    return "clients can begin to log in"


def sockets(http: httpx.Client) -> str:
    """WebSockets pass the router, and a page of another site is kept out."""
    handshake = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    path = "/socket.io/?EIO=4&transport=websocket"
    with http.stream("GET", path, headers=handshake) as response:
        _expect(response.status_code == 101, f"{path} answers {response.status_code}, not 101")
    with http.stream("GET", path, headers={**handshake, "origin": "https://elsewhere.invalid"}) as response:
        _expect(
            response.status_code == 403, f"{path} answers {response.status_code} to a page of another site, not 403"
        )
    return "WebSockets pass, other sites' pages do not"


CHECKS: tuple[Callable[[httpx.Client], str], ...] = (health, page, config, nonce, sockets)


def check(url: str) -> Iterator[tuple[bool, str]]:
    """Yields, for each check of the server at `url`, whether it passed and a line about it."""
    with httpx.Client(base_url=url, timeout=TIMEOUT) as http:
        for look in CHECKS:
            try:
                yield True, f"{look.__name__}: {look(http)}"
            except (httpx.HTTPError, ValidationError, AssertionError) as error:
                what = "the answer is not as described in the protocol" if isinstance(error, ValidationError) else error
                yield False, f"{look.__name__}: {printable(what)}"


def main(arguments: list[str] | None = None) -> int:
    """Checks the server that the command line names. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Checks a deployed Pando server.")
    parser.add_argument("url", help="the address of the server, with https://")
    url = parser.parse_args(arguments).url
    if not url.startswith(("http://", "https://")):
        parser.error("the address must begin with https:// (or http://)")
    passed = True
    for good, line in check(url):
        passed = passed and good
        sys.stdout.write(f"{'ok  ' if good else 'FAIL'} {line}\n")
    return 0 if passed else 1


def _get(http: httpx.Client, path: str) -> bytes:
    response = http.get(path)
    _expect(response.status_code == 200, f"{path} answers {response.status_code}")
    return response.content


def _expect(holds: bool, text: str) -> None:
    if not holds:
        raise AssertionError(text)


if __name__ == "__main__":
    sys.exit(main())

"""The Content-Security-Policy of each file of the volunteer page. Pure: strings in, strings out."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from pando_shared.allowed_hosts import sources

LOCAL = "data: blob:"
"""Addresses that hold what they name, or name what the function itself has made: reaching them opens no connection."""
Policy: TypeAlias = Callable[[Sequence[str]], str]
"""Returns the policy of a file, for the hosts that the function may reach."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def frame_policy(hosts: Sequence[str] = ()) -> str:
    """Returns the policy of the frame in whose workers the function runs: no origin, and no network but `hosts`.

    The function can evaluate any text, so `import` may have modules that are texts too.
    """
    return (
        "sandbox allow-scripts; default-src 'none'; "
        f"script-src 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' {LOCAL}; "
        f"worker-src blob:; connect-src {_reached(hosts)}; frame-ancestors 'self'"
    )


def page_frame_policy(script: str, hosts: Sequence[str] = ()) -> str:
    """Returns the policy of the frame in whose window the function itself runs.

    The function may do what it likes with the document, but it can make no other document in which scripts run. In a
    fresh window it would find what `script` has removed, such as peer connections, which no policy governs. Therefore
    no `data:` and no `blob:` address is a source of scripts here, and `import` finds none.

    Args:
        script: the hash of the one script that may run, as a source expression without quotes.
        hosts: what the function may reach.
    """
    net = sources(hosts)
    more = f" {net}" if net else ""
    return (
        f"sandbox allow-scripts; default-src 'none'; script-src '{script}' 'unsafe-eval' 'wasm-unsafe-eval'; "
        f"style-src 'unsafe-inline'{more}; img-src {LOCAL}{more}; media-src {LOCAL}{more}; "
        f"font-src {LOCAL}{more}; worker-src blob:; connect-src {_reached(hosts)}; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'"
    )


def _reached(hosts: Sequence[str]) -> str:
    return f"{LOCAL} {sources(hosts)}".rstrip()


def policy_of(name: str, body: bytes) -> Policy:
    """Returns the policy of the file `name` with the contents `body`. Only a frame lets the function reach hosts."""
    if name == "frame.html":
        return frame_policy
    if name == "page_frame.html":
        script = re.search(rb"<script>(.*?)</script>", body, re.DOTALL)
        digest = hashlib.sha256(script[1] if script else b"").digest()
        return partial(page_frame_policy, f"sha256-{base64.b64encode(digest).decode()}")
    return lambda _: PAGE_POLICY

"""Credentials for the operator's TURN servers, drawn for one connection. Sans-I/O: time is a parameter."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from pando_shared.signaling import IceServer, IceServers


def turn_servers(urls: Sequence[str], secret: str, user: str, expiry: int) -> IceServers:
    """Returns the servers `urls` with the credentials of coturn's `use-auth-secret`.

    Args:
        urls: of TURN servers (RFC 7065).
        secret: that the TURN servers know too (coturn's `static-auth-secret`).
        user: for whom they are; it shows in the TURN server's log only.
        expiry: until when they can be used, in seconds since 1970.
    """
    username = f"{expiry}:{user}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    credential = base64.b64encode(digest).decode()
    return tuple(IceServer(urls=url, username=username, credential=credential) for url in urls)

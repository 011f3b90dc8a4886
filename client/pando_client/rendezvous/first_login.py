"""The first login at a server. One that is just being started again may be away for some seconds, and is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pando_client import console
from pando_shared.errors import LoginRefused, ServerAway
from pando_shared.text import printable

PATIENCE_SECONDS = 30.0
"""Time for which a proxy may say that the server behind it does not answer."""
RETRY_SECONDS = 2.0
"""Time between two attempts."""


async def first_login(login: Callable[[], Awaitable[None]]) -> None:
    """Logs in; says at once why that does not work.

    It tries again for a while where a proxy says that the server is away, and for as long as the server has no room.

    Args:
        login: logs in once.

    Raises:
        ServerError: the server cannot be used.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE_SECONDS
    said = False
    refused = ""
    while True:
        try:
            return await login()
        except ServerAway as error:
            if loop.time() + RETRY_SECONDS > until:
                raise
            if not said:
                console.say(f"pando: {printable(str(error), 400)} Trying again for {PATIENCE_SECONDS:.0f} s ...")
            said = True
            wait = RETRY_SECONDS
        except LoginRefused as error:
            if error.wait_seconds is None:
                raise
            if str(error) != refused:
                console.say(f"pando: {printable(str(error), 400)}; trying again")
            refused, wait = str(error), error.wait_seconds
            until = loop.time() + wait + PATIENCE_SECONDS
        await asyncio.sleep(wait)

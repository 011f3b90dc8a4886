"""Looks into a Firefox that runs, over WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/)."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.support.processes import Program

REMOTE = "--remote-debugging-port=0"
"""The switch with which Firefox lets itself be looked into."""


class Bidi:
    """A session with one browser and its first tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._tab = ""

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Gives a command and returns its result."""
        number = next(self._ids)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(await self._socket.recv())
            if message.get("id") == number:
                assert message["type"] == "success", message
                result: dict[str, Any] = message["result"]
                return result
            await self._take(message)

    async def begin(self) -> None:
        """Begins the session."""
        await self.ask("session.new", capabilities={})
        self._tab = (await self.ask("browsingContext.getTree"))["contexts"][0]["context"]

    async def block(self, path: str) -> None:
        """Lets requests of this path fail from now on, as a content blocker does."""
        await self.ask("session.subscribe", events=["network.beforeRequestSent"])
        pattern = {"type": "pattern", "pathname": path}
        await self.ask("network.addIntercept", phases=["beforeRequestSent"], urlPatterns=[pattern])

    async def go(self, url: str) -> None:
        """Opens a page, and does not wait for it."""
        await self.ask("browsingContext.navigate", context=self._tab, url=url, wait="none")

    async def evaluate(self, expression: str) -> Any:
        """Returns the value of an expression in the page: text, a number, true or false."""
        target = {"context": self._tab}
        answer = await self.ask("script.evaluate", expression=expression, target=target, awaitPromise=True)
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    async def _take(self, event: dict[str, Any]) -> None:
        if event.get("method") == "network.beforeRequestSent" and event["params"]["isBlocked"]:
            request = event["params"]["request"]["request"]
            await self._socket.send(
                json.dumps({"id": next(self._ids), "method": "network.failRequest", "params": {"request": request}})
            )


@asynccontextmanager
async def looking_into(firefox: Program) -> AsyncIterator[Bidi]:
    """Begins a session with a Firefox that was started with `REMOTE`."""
    address = (await firefox.says(r"WebDriver BiDi listening on (ws://\S+)"))[1]
    async with asyncio.timeout(30):
        socket = await connect(f"{address}/session", max_size=None, proxy=None)
    async with socket:
        bidi = Bidi(socket)
        await bidi.begin()
        yield bidi

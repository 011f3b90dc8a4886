"""The Chromium of the tests without a driver that listens: tabs for benchmarks.

Playwright has the content of every WebSocket message reported to it, which halves what a WebSocket carries. Here two
commands of the DevTools protocol do: open a page, and evaluate a function in it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.support.browsers import OPEN_ADDRESSES, launched_chromium

ANSWER_WITHIN = 60.0
"""Seconds for one command."""


class UnwatchedChromium:
    """A running Chromium; made by `unwatched_chromium`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def listen(self) -> None:
        """Takes the answers to commands, until cancelled or the browser ends."""
        async for text in self._connection:
            message = json.loads(text)
            answer = self._answers.pop(message.get("id"), None)
            if answer is not None:
                answer.set_result(message)

    async def command(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Sends a command and returns its result."""
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        await self._connection.send(json.dumps(message))
        async with asyncio.timeout(ANSWER_WITHIN):
            answer = await self._answers[number]
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    async def open(self, url: str = "about:blank", protocol: str | None = None) -> UnwatchedTab:
        """Opens a page in a context of its own; at a client's address, as the volunteer `Test`."""
        if protocol is not None:
            url += f"#device=Test;protocol={protocol};"
        context = (await self.command("Target.createBrowserContext"))["browserContextId"]
        target = (await self.command("Target.createTarget", url=url, browserContextId=context))["targetId"]
        session = (await self.command("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        return UnwatchedTab(self, context, session)


class UnwatchedTab:
    """A page in a browser context of its own."""

    def __init__(self, browser: UnwatchedChromium, context: str, session: str) -> None:
        self._browser = browser
        self._context = context
        self._session = session

    async def evaluate(self, function: str, argument: Any = None) -> Any:
        """Calls a JavaScript function in the page and returns what it returns or promises, as JSON."""
        expression = f"({function})({json.dumps(argument)})"
        command = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = await self._browser.command("Runtime.evaluate", self._session, **command)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def close(self) -> None:
        """Closes the page."""
        await self._browser.command("Target.disposeBrowserContext", browserContextId=self._context)


@asynccontextmanager
async def unwatched_chromium(profile: Path) -> AsyncIterator[UnwatchedChromium]:
    """Runs Chromium with a fresh profile."""
    async with (
        launched_chromium(profile, OPEN_ADDRESSES) as (_, port),
        httpx.AsyncClient(trust_env=False) as http,
    ):
        about = (await http.get(f"http://127.0.0.1:{port}/json/version")).json()
        async with connect(about["webSocketDebuggerUrl"], max_size=None, compression=None, proxy=None) as connection:
            browser = UnwatchedChromium(connection)
            listening = asyncio.create_task(browser.listen())
            yield browser
            listening.cancel()

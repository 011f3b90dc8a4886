"""Tasks of asyncio: how they are ended, and who owns those that last as long as a run."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

T = TypeVar("T")

CANCEL_AGAIN_SECONDS = 0.25
"""Time after which a task that was cancelled and goes on is cancelled again."""


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """Ends tasks, and waits until they have ended, however they do.

    They are asked again and again: a library may take a cancellation for something of its own (python-socketio does,
    while it connects), and its caller would go on for ever.
    """
    going = {task for task in tasks if not task.done()}
    while going:
        for task in going:
            task.cancel()
        _, going = await asyncio.wait(going, timeout=CANCEL_AGAIN_SECONDS)
    # What they ended with is nobody's concern.
    await asyncio.gather(*tasks, return_exceptions=True)


async def first_of(task: asyncio.Task[T], interrupted: asyncio.Future[Exception]) -> T:
    """Returns the task's result, unless `interrupted` is done before: then the task is cancelled.

    Raises:
        Exception: the result of `interrupted`, or what the task raised.
    """
    ends: list[asyncio.Future[Any]] = [task, interrupted]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        await cancel(task)
        raise interrupted.result()
    return task.result()


class RunScope(AsyncExitStack):
    """What a run has started: tasks that last as long as the run, and what its end has to close, the last one first.

    Not `asyncio.TaskGroup`, which wraps what a task raises in a group and cancels all others first: a run takes leave
    of its volunteers before anything is cancelled, and its user is told the one error as it is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[asyncio.Task[Any]] = []
        """None of them ends by itself, unless the run cannot go on."""

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Runs a coroutine until the end of the run."""
        task = asyncio.create_task(coroutine)
        self.tasks.append(task)
        self.push_async_callback(cancel, task)

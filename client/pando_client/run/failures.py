"""Items that have failed for good, in words: what failed, why, where in the user's files, and on whose device."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from pando_client import console
from pando_client.function.bundle import Bundle
from pando_client.function.stack_trace import CALLS_SHOWN, Trace, traced
from pando_client.job.job import Job
from pando_client.lending.instructions import Failure
from pando_shared.text import printable
from pando_shared.wire.codec import error_info

ITEM_CHARACTERS = 60
DEVICES_NAMED = 10
THIS_MACHINE = "this machine"
MAX_SAID = 1000
"""Failures that are said one by one in one run; the others are counted at its end."""
MAX_TRACED = 50
"""Different stacks that are traced in one run, each by a process; a function fails at a few places."""


class Failures:
    """Says failures as they happen, in their order: `on_failure` takes them, and `tell` says them.

    Args:
        job: whose items fail.
        function: whose stacks are traced.
        module: the user's file.
    """

    def __init__(self, job: Job, function: Bundle, module: Path) -> None:
        self._job = job
        self._function = function
        self._folder = module.parent
        self._queue = asyncio.Queue[Failure]()
        self._traced: dict[str, Trace] = {}
        self._said = 0

    def on_failure(self, failure: Failure) -> None:
        """An item has failed for good, and the run goes on."""
        self._said += 1
        if self._said <= MAX_SAID:
            self._queue.put_nowait(failure)

    async def tell(self) -> None:
        """Says each failure. Ends only when cancelled."""
        while True:
            failure = await self._queue.get()
            console.error(await self.in_words(failure))
            self._queue.task_done()

    async def told(self) -> None:
        """Waits until all are said that have happened."""
        await self._queue.join()
        if self._said > MAX_SAID:
            console.error(f"{self._said - MAX_SAID} more items failed")

    async def in_words(self, failure: Failure) -> str:
        """Returns a sentence about an item that has failed for good."""
        item = f"item {failure.index + 1} ({printable(failure.item.decode(), ITEM_CHARACTERS)})"
        names = self._names(failure.volunteers)
        if failure.deaths:
            return f"{item} {_deaths(failure.deaths, names)}. Perhaps it needs more memory than there is"
        error = error_info(failure.error)
        trace = await self._trace(error.stack) if error.stack else Trace()
        for line in trace.stack.splitlines():
            console.debug(line)
        times = len(failure.volunteers)
        calls = [call.beside(self._folder) for call in trace.calls]
        others = [name for name in names if name != THIS_MACHINE]
        return (
            f"the function failed on {item}, {f'{times} times' if times > 1 else 'once'}: {printable(error.message)}"
            + "".join(f", at {printable(call, 300)}" for call in calls[:CALLS_SHOWN])
            + (", …" if len(calls) > CALLS_SHOWN else "")
            + (f" (on {_listed(names)})" if others else "")
        )

    async def _trace(self, stack: str) -> Trace:
        # Without the message, which differs from item to item: it is traced once for each place.
        calls = "\n".join(line for line in stack.splitlines() if line.lstrip().startswith("at ") or "@" in line)
        if calls not in self._traced:
            if len(self._traced) >= MAX_TRACED:
                return Trace()
            self._traced[calls] = await traced(calls, self._function.source_map)
        return self._traced[calls]

    def _names(self, volunteers: Iterable[str]) -> list[str]:
        return sorted({self._job.coordinator.name_of(volunteer) or THIS_MACHINE for volunteer in volunteers})


def _deaths(times: int, names: list[str]) -> str:
    """Says what an item has done, for the middle of a sentence."""
    if names == [THIS_MACHINE]:
        return f"ended the volunteer on this machine {times} times, so it counts as failed"
    return f"ended {times} volunteers that worked on it (on {_listed(names)}), so it counts as failed"


def _listed(names: list[str]) -> str:
    more = len(names) - DEVICES_NAMED
    return ", ".join(names[:DEVICES_NAMED]) + (f" and {more} more" if more > 0 else "")

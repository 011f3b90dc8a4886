"""How a run has ended, in words and as an exit status."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pando_client import console
from pando_client.function.bundle import Bundle
from pando_client.function.stack_trace import CALLS_SHOWN, Trace, traced
from pando_client.job.job import Job
from pando_client.lending.instructions import Failure, Finish
from pando_client.run.process import Interruption
from pando_client.tasks import first_of
from pando_shared.errors import ItemFailed, PandoError
from pando_shared.text import printable
from pando_shared.wire.codec import error_info

ITEMS_NAMED = 20
"""Items without a result whose numbers are printed."""


async def exit_status(job: Job, finish: Finish, function: Bundle, module: Path, interrupted: Interruption) -> int:
    """Returns the exit status of a run that has finished, and says which items have no result.

    Raises:
        PandoError: the input could not be read to its end.
        ItemFailed: the function failed on an item as often as was allowed.
        Interrupted: a signal came while the failure was explained.
    """
    if isinstance(finish.input_error, PandoError):
        raise finish.input_error
    if finish.failure is not None:
        explaining = asyncio.create_task(_failure_in_words(job, finish.failure, function, module))
        raise ItemFailed(await first_of(explaining, interrupted))
    if count := job.coordinator.lender.failed_count:
        numbers = ", ".join(str(index + 1) for index in job.coordinator.lender.failed[:ITEMS_NAMED])
        items = f"{count} items, which have" if count > 1 else "1 item, which has"
        console.error(f"the function failed on {items} no result: {numbers}{', …' if count > ITEMS_NAMED else ''}")
        return 1
    return 0


async def _failure_in_words(job: Job, failure: Failure, function: Bundle, module: Path) -> str:
    """Names the item, the error, where in the user's files it came from, and the volunteers that tried."""
    error = error_info(failure.error)
    trace = await traced(error.stack, function.source_map) if error.stack else Trace()
    for line in trace.stack.splitlines():
        console.debug(line)
    times = len(failure.volunteers)
    names = sorted(
        {name for volunteer in failure.volunteers if (name := job.coordinator.name_of(volunteer)) is not None}
    )
    calls = [call.beside(module.parent) for call in trace.calls]
    return (
        f"the function failed on item {failure.index + 1} ({printable(failure.item.decode(), 60)}),"
        f" {f'{times} times' if times > 1 else 'once'}: {printable(error.message)}"
        + "".join(f", at {printable(call, 300)}" for call in calls[:CALLS_SHOWN])
        + (", …" if len(calls) > CALLS_SHOWN else "")
        + (f" (on {', '.join(names)})" if names else "")
    )

"""How a run has ended, in words and as an exit status."""

from __future__ import annotations

import asyncio

from pando_client import console
from pando_client.job.job import Job
from pando_client.lending.instructions import Finish
from pando_client.run.failures import Failures
from pando_client.run.process import Interruption
from pando_client.tasks import first_of
from pando_shared.errors import ItemFailed, PandoError

ITEMS_NAMED = 20
"""Items without a result whose numbers are printed."""


async def exit_status(job: Job, finish: Finish, failures: Failures, interrupted: Interruption) -> int:
    """Returns the exit status of a run that has finished, and says how many items have no result.

    Raises:
        PandoError: the input could not be read to its end.
        ItemFailed: the function failed on an item as often as was allowed.
        Interrupted: a signal came while the failure was explained.
    """
    if isinstance(finish.input_error, PandoError):
        raise finish.input_error
    if finish.failure is not None:
        explaining = asyncio.create_task(failures.in_words(finish.failure))
        raise ItemFailed(await first_of(explaining, interrupted))
    outcomes = job.coordinator.lender.outcomes
    if count := outcomes.failed_count:
        numbers = ", ".join(str(index + 1) for index in outcomes.failed[:ITEMS_NAMED])
        items = f"{count} items have" if count > 1 else "1 item has"
        console.error(f"{items} no result: {numbers}{', …' if count > ITEMS_NAMED else ''}")
        return 1
    return 0

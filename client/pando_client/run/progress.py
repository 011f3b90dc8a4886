"""What the user hears while nothing happens: what is being waited for."""

from __future__ import annotations

import asyncio
import time

from pando_client import console
from pando_client.job.job import Job
from pando_client.lending.lender import Lender
from pando_shared.errors import FunctionError

NOBODY_AFTER = 5.0
"""Seconds without a volunteer after which we say what we wait for."""


async def say_what_we_wait_for(job: Job, waiting_for: str, *, local: bool) -> None:
    """Says so when nobody is there, or nobody takes an item.

    Raises:
        FunctionError: the function has declined an item and, with `--local`, nobody else will come.
    """
    since: float | None = time.monotonic()
    said_declined: int | None = None
    while True:
        await asyncio.sleep(0.5)
        if job.coordinator.ready:
            since = None
        elif since is None:
            since = time.monotonic()
        elif time.monotonic() - since >= NOBODY_AFTER:
            console.say(f"pando: waiting for a volunteer: {waiting_for}")
            since = float("inf")  # once, until somebody has been there
        declined = job.coordinator.lender.declined_by_all
        if local and declined is not None and _is_all_else_written(job.coordinator.lender, declined):
            raise FunctionError(
                f"the function declined item {declined + 1}, and with --local there is nobody else to take it"
            )
        if declined is not None and not local and declined != said_declined and job.coordinator.ready:
            said_declined = declined
            console.say(
                f"pando: every volunteer here has declined item {declined + 1}; waiting for another: {waiting_for}"
            )


def _is_all_else_written(lender: Lender, declined: int) -> bool:
    """Whether nothing more can be written while the item of this index has no result."""
    if lender.policy.ordered:
        return lender.written_count == declined
    return lender.lent == 0 and lender.held_back == 0

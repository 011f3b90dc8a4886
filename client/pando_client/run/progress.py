"""What the user hears while nothing happens: what is being waited for, and what volunteers have to do about it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from pando_client import console
from pando_client.job.job import Job
from pando_client.lending.lender import Lender
from pando_shared.allowed_hosts import ANYTHING
from pando_shared.errors import FunctionError

NOBODY_AFTER_SECONDS = 5.0
"""Time without a volunteer after which we say what we wait for."""
LOOK_EVERY_SECONDS = 0.5
"""Time between two looks at whether a volunteer is there."""


@dataclass(frozen=True, slots=True)
class HowToJoin:
    """What it takes to become a volunteer of this run.

    Attributes:
        urls: where the page is served, the best one first; none when only this machine computes.
        hosts: what a volunteer has to allow the function to reach.
        needs_page: whether the function needs a page, and so a browser.
    """

    urls: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    needs_page: bool = False

    def __str__(self) -> str:
        """Says it for the end of a line that says what we wait for."""
        if not self.urls:
            return "the volunteer on this machine"
        text = f"open {self.urls[0]} in a browser"
        if self.needs_page:
            text += " (a volunteer without a browser has no page for the function)"
        if self.hosts:
            hosts = "any host" if ANYTHING in self.hosts else ", ".join(self.hosts)
            text += f" and allow the function to reach {hosts}"
        return text

    @property
    def if_declined(self) -> str:
        """What may help when every volunteer declines, for the end of the line that says so."""
        if self.needs_page:
            return ""
        return "; the function runs in a worker, and if it declines for want of a page, --context=page gives it one"


async def say_what_we_wait_for(job: Job, how_to_join: HowToJoin) -> None:
    """Says so when no volunteer is there, or none takes an item. Ends only when cancelled.

    Raises:
        FunctionError: the function has declined an item, and there are no volunteers but this machine.
    """
    coordinator, lender = job.coordinator, job.coordinator.lender
    nobody_since: float | None = time.monotonic()
    said_declined: int | None = None
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        if coordinator.ready:
            nobody_since = None
        elif nobody_since is None:
            nobody_since = time.monotonic()
        elif time.monotonic() - nobody_since >= NOBODY_AFTER_SECONDS:
            console.say(f"pando: waiting for a volunteer: {how_to_join}")
            nobody_since = float("inf")  # once, until a volunteer has been there
        declined = lender.declined_by_all
        if declined is None:
            continue
        if not how_to_join.urls:
            if _is_all_else_written(lender, declined):
                raise FunctionError(
                    f"the function declined item {declined + 1}, and with --local there is nobody else to take it"
                )
        elif declined != said_declined and coordinator.ready:
            said_declined = declined
            console.say(
                f"pando: every volunteer here has declined item {declined + 1}; waiting for another: {how_to_join}"
                + how_to_join.if_declined
            )


def _is_all_else_written(lender: Lender, declined: int) -> bool:
    """Whether nothing more can be written while the item of this index has no result."""
    if lender.policy.ordered:
        return lender.written_count == declined
    return lender.lent == 0 and lender.held_back == 0

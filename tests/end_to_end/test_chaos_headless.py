"""Volunteers without a browser, killed, stopped and started again at random: the output is the same as without.

Everything that is random comes from the seed in the test's name. PANDO_CHAOS_SEEDS says how many seeds there are.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import pytest

from tests.support.chaos import Story, seeds
from tests.support.functions import squared, squares
from tests.support.processes import Program
from tests.support.programs import Client, pando, pando_volunteer

pytestmark = pytest.mark.alone

ITEMS = range(1, 10_001)
VOLUNTEERS = 8
MS = 8
"""What an item takes: with eight volunteers the run takes 10 s at least, with the blows twice that or more."""
BLOWS = 20
"""That fall at least."""
STOPPED_FOR_GOOD = 2
"""Volunteers that stand still until the end, at most: somebody has to do the work."""
HEARTBEAT = 0.5
PAUSES = ((0.1, 0.9), (1.1, 3.0), (6.5, 8.0))
"""Seconds, from and to: not noticed, suspected (after 2 heartbeats), given up (after 12) before it goes on."""


class Kind(Enum):
    """What can be done to a volunteer."""

    KILL = "SIGKILL"
    TERM = "SIGTERM"
    PAUSE = "SIGSTOP and SIGCONT"
    STOP = "SIGSTOP"


@dataclass(frozen=True)
class Blow:
    """One blow: `after` so many seconds, to the volunteer of this number or the next one that can be hit.

    What was killed comes back after `lasts` seconds; what was stopped goes on.
    """

    after: float
    number: int
    kind: Kind
    lasts: float


def blows(seed: int) -> Iterator[Blow]:
    """Draws blows, without an end."""
    draw = random.Random(seed)
    kinds = [Kind.KILL] * 4 + [Kind.TERM] * 3 + [Kind.PAUSE] * 3 + [Kind.STOP]
    stopped = 0
    while True:
        kind = draw.choice(kinds)
        stopped += kind is Kind.STOP
        if stopped == STOPPED_FOR_GOOD:
            kinds = [other for other in kinds if other is not Kind.STOP]
        lasts = draw.uniform(*draw.choice(PAUSES)) if kind is Kind.PAUSE else draw.uniform(0.0, 1.0)
        yield Blow(draw.uniform(0.2, 1.0), draw.randrange(VOLUNTEERS), kind, lasts)


class Place:
    """Where a volunteer is, and another one of the same name when it has ended."""

    def __init__(self, client: Client, number: int) -> None:
        self.name = f"Volunteer {number}"
        self.program: Program | None = None
        """None while there is none, or none that can be hit."""
        self._client = client
        protocol = ("websocket", "webrtc")[number % 2]
        self._options = [f"--device=Volunteer_{number}", "--cores=1", f"--protocol={protocol}"]
        self._stack = contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Starts a volunteer here."""
        self.program = await self._stack.enter_async_context(pando_volunteer(self._client.url, *self._options))

    async def close(self) -> None:
        """Ends whatever is here."""
        await self._stack.aclose()

    async def suffer(self, blow: Blow) -> None:
        """Takes a blow, and comes back from it, if one can."""
        program, self.program = self.program, None
        assert program is not None
        if blow.kind in (Kind.STOP, Kind.PAUSE):
            program.signal(signal.SIGSTOP)
            if blow.kind is Kind.PAUSE:
                await asyncio.sleep(blow.lasts)
                program.signal(signal.SIGCONT)
                self.program = program
            return
        number = signal.SIGKILL if blow.kind is Kind.KILL else signal.SIGTERM
        program.signal(number)
        # One that has hardly begun does not know yet what to do with SIGTERM.
        assert await program.ends() in ((0, -number) if number == signal.SIGTERM else (-number,)), (blow, program)
        await self._stack.aclose()
        await asyncio.sleep(blow.lasts)
        await self.start()


async def beat(places: list[Place], seed: int, story: Story) -> None:
    """Strikes until it is cancelled."""
    async with asyncio.TaskGroup() as suffering:
        for blow in blows(seed):
            await asyncio.sleep(blow.after)
            in_turn = itertools.islice(itertools.cycle(places), blow.number, blow.number + len(places))
            place = next((place for place in in_turn if place.program is not None), None)
            if place is not None:
                story.tell(blow.kind.value, f"{place.name}, {blow.lasts:.2f} s")
                suffering.create_task(place.suffer(blow))


@asynccontextmanager
async def beaten(places: list[Place], seed: int, story: Story) -> AsyncIterator[None]:
    """Strikes during the block; what goes wrong with a volunteer is raised at its end."""
    beating = asyncio.create_task(beat(places, seed, story))
    try:
        yield
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", seeds("PANDO_CHAOS_SEEDS", 1), ids="seed{}".format)
async def test_ten_thousand_items_among_volunteers_that_are_killed_and_stopped(tmp_path: Path, seed: int) -> None:
    async with (
        pando(squares(tmp_path, MS), None, f"--heartbeat={HEARTBEAT * 1000:.0f}") as client,
        contextlib.AsyncExitStack() as stack,
    ):
        places = [Place(client, number) for number in range(VOLUNTEERS)]
        for place in places:
            stack.push_async_callback(place.close)
            await place.start()
        for place in places:
            await client.says(f"{place.name} joined")
        story = Story(seed)
        try:
            async with beaten(places, seed, story):
                await client.feed(ITEMS)
                await client.prints(len(ITEMS), within=240)
            # Some of the volunteers stand still and hear no goodbye; that keeps nobody.
            status = await client.ends(within=15)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{story}") from error
        story.assert_exact(client, status, squared(ITEMS))
        assert story.blows.total() >= BLOWS, story

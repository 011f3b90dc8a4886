"""A job without a process: its output in a list, its volunteers at the end of a fake channel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pando_client.coordination.coordinator import Coordinator
from pando_client.job.job import Job
from pando_client.lending.instructions import Policy
from pando_client.session.flow_control import FixedCredit
from pando_client.session.session import SessionLimits
from pando_client.stdio.input import Arguments
from pando_client.stdio.output import OutputFailed, Wrote
from pando_shared.wire.messages import ClientMessage, Hello, Lend, VolunteerMessage
from tests.support.volunteers import Peer, hello_of


class FakeChannel:
    """A `Channel` whose other end is the test."""

    kind = "fake"
    binding: str | None = None

    def __init__(self, *, stuck: bool = False, peer: str = "nowhere") -> None:
        self.peer = peer
        self.sent: asyncio.Queue[bytes] = asyncio.Queue()
        self.closed = asyncio.Event()
        self.stuck = stuck
        self._incoming: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._end = Peer()

    async def send(self, frame: bytes) -> None:
        if self.closed.is_set():
            raise ConnectionError("closed")
        if self.stuck:
            await asyncio.get_running_loop().create_future()
        self.sent.put_nowait(frame)

    async def receive(self) -> bytes | None:
        return None if self.closed.is_set() else await self._incoming.get()

    async def close(self) -> None:
        self.closed.set()
        self._incoming.put_nowait(None)

    # The volunteer's side

    def say(self, message: VolunteerMessage) -> None:
        for frame in self._end.frames(message):
            self._incoming.put_nowait(frame)

    def say_raw(self, frame: bytes) -> None:
        self._incoming.put_nowait(frame)

    def hang_up(self) -> None:
        self._incoming.put_nowait(None)

    async def hear(self) -> ClientMessage:
        async with asyncio.timeout(10):
            while True:
                message = self._end.hear(await self.sent.get())
                for owed in self._end.owes():
                    self._incoming.put_nowait(owed)
                if message is not None:
                    return message

    async def hello(self) -> Hello:
        heard = await self.hear()
        assert isinstance(heard, Hello)
        return heard

    async def lease(self) -> Lend:
        while not isinstance(heard := await self.hear(), Lend):
            continue
        return heard


class Written:
    """Takes the place of `ResultWriter`: `lines` is what was written."""

    def __init__(self, wrote: Wrote, failed: OutputFailed) -> None:
        self.lines: list[bytes] = []
        self.failed = failed
        self._wrote = wrote

    def write(self, results: Sequence[bytes]) -> None:
        self.lines += results
        asyncio.get_running_loop().call_soon(self._wrote, len(results))


@dataclass
class FakeClock:
    """A clock that stands still unless it is told."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def job_of(
    *items: str,
    limits: SessionLimits | None = None,
    policy: Policy | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Job, Written]:
    """Returns a job over `items` with leases of one item, and where its results go."""
    numbers = iter(range(1, 10_000))
    written: list[Written] = []

    def open_output(wrote: Wrote, failed: OutputFailed) -> Written:
        written.append(Written(wrote, failed))
        return written[0]

    coordinator = Coordinator(hello_of("job-1"), policy or Policy(), limits or SessionLimits(), FixedCredit, bytes)
    job = Job(coordinator, Arguments(items), lambda: f"v{next(numbers)}", open_output, clock)
    return job, written[0]

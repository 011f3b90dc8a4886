"""A job: the shell round the coordinator.

It tells the coordinator what happens to channels, to the input, to the output and to time, and carries out what the
coordinator says; nothing is decided here. Each volunteer has one coroutine, `attend`, from its open channel to its end:
whatever goes wrong in it ends that volunteer and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pando_client import console
from pando_client.channels.channel import Channel
from pando_client.coordination.coordinator import Coordinator
from pando_client.coordination.instructions import Finish, GaveUp, HangUp, Instruction, Level, Notice, Read, Wake, Write
from pando_client.lending.instructions import Failure, VolunteerId
from pando_client.stdio.input import Source
from pando_client.stdio.output import Output, OutputFailed, ResultWriter, Wrote
from pando_shared.errors import InputError
from pando_shared.wire.messages import ClientGoodbye

LONGEST_SLEEP_SECONDS = 0.5
SHORTEST_SLEEP_SECONDS = 0.02
"""Between two looks at the clock: what falls due together is looked at together."""
LAST_WORDS_SECONDS = 2.0
"""In which a volunteer may take our goodbye."""
FAREWELL_SECONDS = 3.0
"""For all goodbyes at the end of a run."""


@dataclass(slots=True, eq=False)
class _Connection:
    """A channel and what its tasks wait for."""

    channel: Channel
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """There may be something to send."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """The session has ended."""


class Job:
    """One run of a client, round its coordinator.

    Args:
        coordinator: decides.
        source: where the items come from.
        new_id: draws a volunteer's identifier.
        open_output: begins to write; gets what `ResultWriter` gets.
        clock: seconds that never jump.
    """

    def __init__(
        self,
        coordinator: Coordinator,
        source: Source,
        new_id: Callable[[], str],
        open_output: Callable[[Wrote, OutputFailed], Output] = ResultWriter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.coordinator = coordinator
        self.outcome: asyncio.Future[Finish] = asyncio.get_running_loop().create_future()
        """Done when the run is over: all results are written, or an item failed; an exception if the output failed."""
        self.on_failure: Callable[[Failure], None] = lambda failure: None
        """Hears of each item that has failed for good while the run goes on."""
        self._source = source
        self._new_id = new_id
        self._clock = clock
        self._output = open_output(self._wrote, self._fail)
        self._connections: dict[VolunteerId, _Connection] = {}
        self._reading: asyncio.Task[None] | None = None
        self._look_again = asyncio.Event()
        self._nobody = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Job {self.coordinator!r}>"

    def stop(self, error: InputError | None = None) -> None:
        """The reader of the results takes no more of them: the run is over, and well if there is no `error`."""
        if not self.outcome.done():
            self.outcome.set_result(Finish(input_error=error))

    # A volunteer's life

    async def attend(self, channel: Channel) -> bool:
        """Serves one volunteer until its end; closes the channel. Never raises but when cancelled.

        Returns whether it ended without a word while it may have been working on something.
        """
        name = self._draw_id()
        connection = self._connections[name] = _Connection(channel)
        self._carry_out(self.coordinator.connected(name, channel.peer, channel.kind, self._clock(), channel.binding))
        volunteer = self.coordinator.volunteers[name]
        self._look_again.set()
        receiving = asyncio.create_task(self._receive(name, channel))
        sending = asyncio.create_task(self._send(name, connection))
        try:
            await connection.over.wait()
        finally:
            try:
                self._carry_out(self.coordinator.closed(name, self._clock()))
                # The goodbye is on its way. One that has stopped reading or does not hang up does not keep us.
                await asyncio.wait({sending}, timeout=LAST_WORDS_SECONDS)
                sending.cancel()
                await channel.close()
            finally:
                # Also when it is cancelled a second time, by whoever does not wait for its goodbye.
                sending.cancel()
                receiving.cancel()
                self._forget(name)
                await asyncio.gather(sending, receiving, return_exceptions=True)
        return volunteer.died_at_work

    def _draw_id(self) -> VolunteerId:
        while (name := self._new_id()) in self._connections:
            continue
        return name

    def _forget(self, name: VolunteerId) -> None:
        del self._connections[name]
        self.coordinator.disconnected(name)
        if not self._connections:
            self._nobody.set()

    async def _receive(self, name: VolunteerId, channel: Channel) -> None:
        """Takes the volunteer's frames, until its channel is closed or it is told to hang up."""
        coordinator, over = self.coordinator, self._connections[name].over
        try:
            while not over.is_set():
                frame = await channel.receive()
                if frame is None:
                    self._carry_out(coordinator.closed(name, self._clock()))
                else:
                    self._carry_out(coordinator.received(name, frame, self._clock()))
        except Exception as error:  # noqa: BLE001 - nothing from the network may raise past its own peer
            self._broken(name, error)

    async def _send(self, name: VolunteerId, connection: _Connection) -> None:
        """Drains the volunteer's frames whenever the channel has room, the last one included."""
        coordinator, channel = self.coordinator, connection.channel
        try:
            while True:
                while (frame := coordinator.next_frame(name, self._clock())) is not None:
                    await channel.send(frame)
                if connection.over.is_set():
                    return
                connection.wake.clear()
                await connection.wake.wait()
        except Exception as error:  # noqa: BLE001 - as in `_receive`
            self._broken(name, error)

    def _broken(self, name: VolunteerId, error: Exception) -> None:
        console.debug(f"{self.coordinator.volunteers[name].name}: {type(error).__name__}: {error}")
        self._carry_out(self.coordinator.closed(name, self._clock()))

    # From the coordinator to the world

    def _carry_out(self, instructions: Iterable[Instruction]) -> None:
        for instruction in instructions:
            match instruction:
                case Wake(name):
                    self._connections[name].wake.set()
                case HangUp(name):
                    self._connections[name].over.set()
                    self._connections[name].wake.set()
                case Read(count):
                    self._reading = asyncio.create_task(self._read(count))
                case Write(results):
                    self._output.write(results)
                case Notice(level, text):
                    console.say(f"pando: {text}") if level is Level.COMPLAINT else console.note(text)
                case GaveUp(failure):
                    self.on_failure(failure)
                case Finish() if not self.outcome.done():
                    self.outcome.set_result(instruction)

    async def _read(self, count: int) -> None:
        try:
            try:
                items = await self._source.next(count)
            except InputError as error:
                self._carry_out(self.coordinator.input_ended(self._clock(), error))
            else:
                now = self._clock()
                self._carry_out(self.coordinator.items(items, now) if items else self.coordinator.input_ended(now))
        except Exception as error:  # noqa: BLE001 - nobody awaits this task: the run has to hear of it
            self._fail(error)

    def _wrote(self, count: int) -> None:
        try:
            self._carry_out(self.coordinator.written(count, self._clock()))
        except Exception as error:  # noqa: BLE001 - the event loop called: without this the run would never end
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)

    # Time, and the end

    async def watch(self) -> None:
        """Lets the coordinator know the time, until cancelled."""
        while True:
            now = self._clock()
            self._carry_out(self.coordinator.tick(now))
            until = self.coordinator.deadline - now
            self._look_again.clear()
            try:
                async with asyncio.timeout(min(LONGEST_SLEEP_SECONDS, max(SHORTEST_SLEEP_SECONDS, until))):
                    await self._look_again.wait()
            except TimeoutError:
                continue

    async def close(self, goodbye: ClientGoodbye) -> None:
        """Takes leave of every volunteer, and waits for the goodbyes to be delivered, a while."""
        if self._reading is not None:
            self._reading.cancel()
        self._carry_out(self.coordinator.finish(goodbye))
        if not self._connections:
            return
        self._nobody.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._nobody.wait()

"""Carries out what the relay orders: messages to volunteers and clients, acknowledgements, the end of a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from pando_server.logs import Sparing, log
from pando_server.peers import Peer
from pando_server.relay.instructions import Assign, Deliver, Drop, Forward, Ignore, Instruction, Reject, Wait
from pando_server.signaling.packet_filter import Guard
from pando_server.signaling.packets import CLIENT, VOLUNTEER
from pando_shared.signaling import Answer, refusal
from pando_shared.text import printable

Emit: TypeAlias = Callable[..., Coroutine[Any, Any, None]]
"""Socket.IO's `emit(event, data, to=…, namespace=…, callback=…)`."""


@dataclass(slots=True, eq=False)
class Link:
    """A connection: its guard, where it is from, and (as `sid`) the library's name for it."""

    guard: Guard
    peer: Peer
    sid: str = ""
    reply: asyncio.Future[dict[str, Any]] | None = None
    """The acknowledgement of the offer that is under way."""

    def resolve(self, reply: dict[str, Any]) -> None:
        """Acknowledges the offer that is under way, if there is one."""
        if self.reply is not None and not self.reply.done():
            self.reply.set_result(reply)


class Post:
    """Everything that leaves the server over Socket.IO.

    Args:
        emit: sends an event.
        sparing: says which log lines are due.
        answer_seconds: how long a client may take to answer an offer.
        answered: told what a client acknowledged an offer with, as it came.
        unanswered: told that it did not.
    """

    def __init__(
        self,
        emit: Emit,
        sparing: Sparing,
        answer_seconds: float,
        answered: Callable[[Forward, Any], None],
        unanswered: Callable[[Forward], None],
    ) -> None:
        self.links: dict[str, Link] = {}
        self._emit = emit
        self._sparing = sparing
        self._answer_seconds = answer_seconds
        self._answered = answered
        self._unanswered = unanswered
        self._outbox: asyncio.Queue[Wait | Assign | Forward] = asyncio.Queue()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._postman: asyncio.Task[Any] | None = None

    def perform(self, instructions: Iterable[Instruction]) -> None:
        """Carries out `instructions`, in order."""
        for instruction in instructions:
            match instruction:
                case Wait() | Assign() | Forward():
                    # One task sends them, one after the other, so that they arrive in this order.
                    self._outbox.put_nowait(instruction)
                    if self._postman is None:
                        self._postman = self.spawn(self._deliver_all)
                case Deliver(volunteer, attempt, sdp):
                    self._resolve(volunteer, Answer(attempt=attempt, sdp=sdp).model_dump(mode="json"))
                case Reject(volunteer, _, code, text):
                    self._resolve(volunteer, refusal(code, printable(text)))
                case Drop(socket, text):
                    self.note("dropped", socket, f"disconnected: {text}")
                    if socket in self.links:
                        self.links[socket].guard.close()
                case Ignore(socket, text):
                    self.note("ignored", socket, f"ignored: {text}")

    def note(self, kind: str, socket: str, text: str) -> None:
        """Writes a line about the peer of `socket`, if one of this kind is due."""
        link = self.links.get(socket)
        address = link.peer.address if link is not None else "somebody who has left"
        if self._sparing.due(kind, address):
            log.warning("%s: %s", address, printable(text))

    def spawn(self, target: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any) -> asyncio.Task[Any]:
        """Starts a task that ends with the server at the latest."""
        task = asyncio.ensure_future(target(*args, **kwargs))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def shutdown(self) -> None:
        """Closes every connection and ends every task."""
        for link in self.links.values():
            link.guard.close()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _resolve(self, socket: str, reply: dict[str, Any]) -> None:
        link = self.links.get(socket)
        if link is not None:
            link.resolve(reply)

    async def _deliver_all(self) -> None:
        while True:
            instruction = await self._outbox.get()
            try:
                await self._deliver(instruction)
            except Exception as error:  # noqa: BLE001 - the next one is for somebody else
                log.error("a message could not be sent (%s)", type(error).__name__)

    async def _deliver(self, instruction: Wait | Assign | Forward) -> None:
        match instruction:
            case Wait(volunteer):
                await self._send("waiting", {}, volunteer, VOLUNTEER)
            case Assign(volunteer, message):
                await self._send("assigned", message.model_dump(mode="json", exclude_none=True), volunteer, VOLUNTEER)
            case Forward(client, message):
                timeout = asyncio.get_running_loop().call_later(self._answer_seconds, self._unanswered, instruction)

                def answered(*data: Any) -> None:
                    timeout.cancel()
                    self._answered(instruction, data[0] if data else None)

                await self._send("offer", message.model_dump(mode="json"), client, CLIENT, answered)

    async def _send(
        self, event: str, data: dict[str, Any], socket: str, namespace: str, callback: Callable[..., None] | None = None
    ) -> None:
        link = self.links.get(socket)
        if link is not None:
            await self._emit(event, data, to=link.sid, namespace=namespace, callback=callback)

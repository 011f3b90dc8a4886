"""Carries out what the relay orders: messages to volunteers and clients, acknowledgements, the end of a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from pando_server.logs import LogLimiter, log
from pando_server.peers import Peer
from pando_server.relay.instructions import Assign, Deliver, Drop, Forward, Instruction, Notify, Reject, Wait
from pando_server.signaling.packet_filter import PacketFilter, State
from pando_server.signaling.packets import CLIENT, VOLUNTEER
from pando_shared.limits import MAX_ICE_SERVERS
from pando_shared.signaling import Answer, Closing, IceServers, Signal, refusal
from pando_shared.text import printable

Emit: TypeAlias = Callable[..., Coroutine[Any, Any, None]]
"""Socket.IO's `emit(event, data, to=…, namespace=…, callback=…)`."""


@dataclass(slots=True, eq=False)
class Connection:
    """One connection: its packet filter, its peer, and (as `sid`) the library's name for it."""

    packet_filter: PacketFilter
    peer: Peer
    sid: str = ""
    reply: asyncio.Future[dict[str, Any]] | None = None
    """The acknowledgement of its pending offer."""

    def resolve(self, reply: dict[str, Any]) -> None:
        """Acknowledges the pending offer, if there is one."""
        if self.reply is not None and not self.reply.done():
            self.reply.set_result(reply)


class Dispatcher:
    """Sends everything that leaves the server over Socket.IO.

    Args:
        emit: sends an event.
        log_limiter: says which log lines are due.
        answer_seconds: how long a client may take to answer an offer.
        answered: is called with the acknowledgement of an offer by its client, as it came.
        unanswered: is called when there was none in time.
        turn_servers: draws credentials of the operator's TURN servers for somebody.
    """

    def __init__(
        self,
        emit: Emit,
        log_limiter: LogLimiter,
        answer_seconds: float,
        answered: Callable[[Forward, Any], None],
        unanswered: Callable[[Forward], None],
        turn_servers: Callable[[str], IceServers] = lambda user: (),
    ) -> None:
        self._turn_servers = turn_servers
        self.connections: dict[str, Connection] = {}
        self._emit = emit
        self._log_limiter = log_limiter
        self._answer_seconds = answer_seconds
        self._answered = answered
        self._unanswered = unanswered
        self._outbox: asyncio.Queue[Wait | Assign | Forward | Notify] = asyncio.Queue()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sender: asyncio.Task[Any] | None = None

    def perform(self, instructions: Iterable[Instruction]) -> None:
        """Carries out `instructions`, in order."""
        for instruction in instructions:
            match instruction:
                case Wait() | Assign() | Forward() | Notify():
                    # One task sends them, one after the other, so that they arrive in this order.
                    self._outbox.put_nowait(instruction)
                    if self._sender is None:
                        self._sender = self.spawn(self._send_all)
                case Deliver(volunteer, attempt, sdp):
                    self._resolve(volunteer, Answer(attempt=attempt, sdp=sdp).model_dump(mode="json"))
                case Reject(volunteer, _, code, text):
                    self._resolve(volunteer, refusal(code, printable(text)))
                case Drop(socket, text):
                    self.note("dropped", socket, f"disconnected: {text}")
                    if socket in self.connections:
                        self.connections[socket].packet_filter.close()

    def note(self, kind: str, socket: str, text: str) -> None:
        """Writes a line about the peer of `socket`, if one of this kind is due."""
        connection = self.connections.get(socket)
        address = connection.peer.address if connection is not None else "somebody who has left"
        if self._log_limiter.due(kind, address):
            log.warning("%s: %s", address, printable(text))

    def spawn(self, target: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any) -> asyncio.Task[Any]:
        """Starts a task that ends with the server at the latest."""
        task = asyncio.ensure_future(target(*args, **kwargs))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def shutdown(self) -> None:
        """Closes every connection and ends every task."""
        for connection in self.connections.values():
            connection.packet_filter.close()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _resolve(self, socket: str, reply: dict[str, Any]) -> None:
        connection = self.connections.get(socket)
        if connection is not None:
            connection.resolve(reply)

    async def _send_all(self) -> None:
        while True:
            instruction = await self._outbox.get()
            try:
                await self._send(instruction)
            except Exception as error:  # noqa: BLE001 - the next message is for another peer
                log.error("a message could not be sent (%s)", type(error).__name__)

    async def _send(self, instruction: Wait | Assign | Forward | Notify) -> None:
        match instruction:
            case Wait(volunteer):
                await self._emit_to("waiting", {}, volunteer, VOLUNTEER)
            case Assign(volunteer, message):
                message = message.model_copy(update={"ice_servers": self._and_ours(message.ice_servers, volunteer)})
                await self._emit_to("assigned", _json(message), volunteer, VOLUNTEER)
            case Notify(client, notice):
                await self._emit_to("notice", _json(notice), client, CLIENT)
            case Forward(client, message):
                timeout = asyncio.get_running_loop().call_later(self._answer_seconds, self._unanswered, instruction)

                def answered(*data: Any) -> None:
                    timeout.cancel()
                    self._answered(instruction, data[0] if data else None)

                # For the client's own side: it has its own servers already.
                ours = self._and_ours((), f"{message.volunteer}-client")
                message = message.model_copy(update={"ice_servers": ours})
                await self._emit_to("offer", _json(message), client, CLIENT, answered)

    def _and_ours(self, servers: IceServers, user: str) -> IceServers:
        """Returns the servers of a client and, behind them, those of the operator, for one `user`."""
        return (*servers, *self._turn_servers(user))[:MAX_ICE_SERVERS]

    async def say_closing(self, closing: Closing) -> None:
        """Tells everybody who has joined that the server ends."""
        for connection in [*self.connections.values()]:
            if connection.packet_filter.state is State.JOINED:
                namespace = connection.packet_filter.namespace
                await self._emit("closing", _json(closing), to=connection.sid, namespace=namespace)

    async def _emit_to(
        self, event: str, data: dict[str, Any], socket: str, namespace: str, callback: Callable[..., None] | None = None
    ) -> None:
        connection = self.connections.get(socket)
        if connection is not None:
            await self._emit(event, data, to=connection.sid, namespace=namespace, callback=callback)


def _json(message: Signal) -> dict[str, Any]:
    return message.model_dump(mode="json", by_alias=True, exclude_none=True)

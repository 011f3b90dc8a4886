"""Filters what comes in on one Socket.IO connection, before the library sees it.

The libraries keep a connection open that was refused or that joins nothing, collect binary attachments without limit,
and log each broken packet. So the filter stands between the ASGI server and them, as an ASGI `receive` and `send`.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol, TypeAlias

from pando_server.signaling.packets import (
    EVENTS,
    Acknowledgement,
    Connect,
    Event,
    Goodbye,
    Packet,
    Pong,
    acknowledged,
    outgoing_kind,
    parse,
    refusing,
)
from pando_shared.errors import ProtocolViolation
from pando_shared.signaling import Code, refusal

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

LEAVE_SECONDS = 1.0
"""How long a refused peer may take to read why and to close. It can do nothing else meanwhile."""
POLICY_VIOLATION = 1008
"""WebSocket close code (RFC 6455, section 7.4.1)."""


class State(enum.Enum):
    """The state of a connection: it joins one namespace, and leaves when it was refused or says goodbye."""

    NEW = enum.auto()
    JOINING = enum.auto()
    JOINED = enum.auto()
    LEAVING = enum.auto()


class PacketSink(Protocol):
    """Is told of every packet that concerns the state of the relay."""

    def heard(self, socket: str) -> bool:
        """`socket` sent an event. Returns whether the server may act on it."""

    def broke(self, socket: str, why: str) -> None:
        """`socket` sent what the protocol forbids."""

    def joined(self, socket: str, namespace: str) -> None:
        """`socket` has been told that it is in `namespace`."""


class PacketFilter:
    """Stands in for the `receive` and `send` of one WebSocket.

    Args:
        socket: the id under which `sink` knows the connection.
        receive: the WebSocket's own.
        send: the WebSocket's own.
        sink: is told of packets, and says which may pass.
        join_seconds: a connection that has joined no namespace by then is closed.
    """

    def __init__(self, socket: str, receive: Receive, send: Send, sink: PacketSink, join_seconds: float) -> None:
        self.socket = socket
        self.state = State.NEW
        self.namespace = ""
        self._receive = receive
        self._send = send
        self._sink = sink
        self._pings = 0
        self._awaited: set[int] = set()
        loop = asyncio.get_running_loop()
        self._closing: asyncio.Future[None] = loop.create_future()
        self._deadline = loop.call_later(join_seconds, self.close)

    def close(self) -> None:
        """Ends the connection: the library is told that the peer has gone. Idempotent."""
        self.state = State.LEAVING
        if not self._closing.done():
            self._closing.set_result(None)

    def release(self) -> None:
        """Ends the timer. Must be called when the connection has ended."""
        self._deadline.cancel()
        self.close()

    async def receive(self) -> Message:
        """Replaces the WebSocket's `receive`: returns only messages that PROTOCOL.md allows."""
        while True:
            message = await self._next()
            if message["type"] != "websocket.receive":
                return message
            text = message.get("text")
            try:
                packet = parse(text)
                passed = await self._examine(packet)
            except ProtocolViolation as violation:
                if self.state is not State.LEAVING:
                    self._sink.broke(self.socket, str(violation))
                continue
            if passed:
                return {"type": "websocket.receive", "text": text}

    async def send(self, message: Message) -> None:
        """Replaces the WebSocket's `send`. After a refusal by the library the connection leaves."""
        text = message.get("text") if message["type"] == "websocket.send" else None
        kind = outgoing_kind(text) if text else "other"
        if kind == "ping":
            self._pings += 1
        elif text and (ack := acknowledged(text)) is not None:
            self._awaited.add(ack)
        await self._send(message)
        if kind == "accepted" and self.state is State.JOINING:
            self.state = State.JOINED
            self._deadline.cancel()
            self._sink.joined(self.socket, self.namespace)
        elif kind in ("refused", "farewell"):
            self._leave()

    async def _next(self) -> Message:
        if not self._closing.done():
            incoming = asyncio.ensure_future(self._receive())
            try:
                await asyncio.wait((incoming, self._closing), return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not incoming.done():
                    incoming.cancel()
            if not self._closing.done():
                return incoming.result()
        return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}

    async def _examine(self, packet: Packet) -> bool:
        """Returns whether the library may have `packet`, now.

        Raises:
            ProtocolViolation: it is early, repeated or unasked.
        """
        if self.state is State.LEAVING:
            return False
        match packet:
            case Pong():
                self._pings -= 1
                if self._pings < 0:
                    raise ProtocolViolation("an answer to a ping that was not sent")
                return True
            case Goodbye():
                self._leave()
                return True
            case Connect(namespace):
                if self.state is not State.NEW:
                    raise ProtocolViolation("a second connect")
                if namespace not in EVENTS:
                    text = "there is no such namespace"
                    packet_text = refusing(namespace, text, refusal(Code.INVALID, text))
                    await self.send({"type": "websocket.send", "text": packet_text})
                    return False
                self.state, self.namespace = State.JOINING, namespace
                return True
            case Event(namespace):
                self._must_be_in(namespace)
                return self._sink.heard(self.socket)
            case Acknowledgement(namespace, id=number):
                self._must_be_in(namespace)
                if number not in self._awaited:
                    raise ProtocolViolation("an acknowledgement that nobody waits for")
                self._awaited.remove(number)
                return True

    def _must_be_in(self, namespace: str) -> None:
        if self.state is not State.JOINED or self.namespace != namespace:
            raise ProtocolViolation("a message to a namespace that it is not in")

    def _leave(self) -> None:
        self.state = State.LEAVING
        self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(LEAVE_SECONDS, self.close)

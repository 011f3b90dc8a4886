"""What may come in over a Socket.IO connection, before any library sees it.

A packet (Engine.IO protocol 4, Socket.IO protocol 5) is a text like `42/volunteer,7["offer",{…}]`: Engine.IO type 4, a
message; Socket.IO type 2, an event; namespace; the id that its acknowledgement will carry; JSON. PROTOCOL.md allows
very little of what the libraries understand. `parse` refuses the rest: binary packets, other namespaces, events that
are not on the list (one called `connect` would reach the library's own handler), deep JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pando_shared.errors import ProtocolViolation
from pando_shared.limits import MAX_SIGNAL_BYTES

CLIENT = "/client"
VOLUNTEER = "/volunteer"
EVENTS = {CLIENT: ("volunteers", "outcome"), VOLUNTEER: ("offer",)}
"""The events that each side sends."""
MAX_DEPTH = 8
"""Nesting of JSON; the deepest message of PROTOCOL.md has four levels."""

_PACKET = re.compile(r"4([0-3])(/[a-z]{1,16}),([0-9]{0,9})(.*)", re.ASCII | re.DOTALL)
_ROOT = re.compile(r"40(?![/0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping of the server."""


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The peer leaves."""


@dataclass(frozen=True, slots=True)
class Connect:
    """The peer asks for a namespace, which may be one that does not exist."""

    namespace: str


@dataclass(frozen=True, slots=True)
class Event:
    """The peer sends the event of its namespace."""

    namespace: str


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The peer answers an event of the server."""

    namespace: str
    id: int


Packet: TypeAlias = Pong | Goodbye | Connect | Event | Acknowledgement


def parse(text: str | None) -> Packet:
    """Parses one WebSocket message; None stands for a binary one.

    Raises:
        ProtocolViolation: it is not one of the few things that a peer may send; the text says why.
    """
    if text is None:
        raise ProtocolViolation("a binary message")
    if len(text) > MAX_SIGNAL_BYTES:
        raise ProtocolViolation("a message that is too long")
    if text == "3":
        return Pong()
    if text == "1":
        return Goodbye()
    if _ROOT.match(text):
        return Connect("/")
    match = _PACKET.fullmatch(text)
    if match is None:
        raise ProtocolViolation("a packet of unknown form")
    kind, namespace, ack, payload = match.groups()
    if kind == "1" and not ack and not payload:
        return Goodbye()
    if kind == "0" and namespace not in EVENTS:
        return Connect(namespace)
    data = _decode(payload)
    match kind, data:
        case ("0", None | dict()) if not ack:
            return Connect(namespace)
        case ("2", [str() as event, _]) if event in EVENTS.get(namespace, ()) and (ack or namespace == CLIENT):
            return Event(namespace)
        case ("3", list()) if ack and namespace == CLIENT:
            return Acknowledgement(namespace, int(ack))
    raise ProtocolViolation("a packet that has no place here")


def acknowledged(text: str) -> int | None:
    """Returns the id under which the peer must acknowledge an outgoing packet, if it must."""
    match = _PACKET.match(text)
    return int(match[3]) if match and match[1] == "2" and match[3] else None


def refusing(namespace: str, text: str, data: Any) -> str:
    """Returns the packet that refuses a connect (`CONNECT_ERROR`)."""
    where = "" if namespace == "/" else f"{namespace},"
    return f"44{where}" + json.dumps({"message": text, "data": data})


def outgoing_kind(text: str) -> Literal["ping", "accepted", "refused", "farewell", "other"]:
    """Returns what an outgoing Engine.IO packet means for the state of the connection."""
    if text == "2":
        return "ping"
    for start, kind in _OUTGOING.items():
        if text.startswith(start):
            return kind
    return "other"


_OUTGOING: dict[str, Literal["accepted", "refused", "farewell"]] = {
    "40": "accepted",
    "44": "refused",
    "41": "farewell",
    "1": "farewell",
}


def _decode(payload: str) -> Any:
    if not payload:
        return None
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError):
        raise ProtocolViolation("a packet that is not JSON") from None
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return data
    raise ProtocolViolation("JSON that is too deep")

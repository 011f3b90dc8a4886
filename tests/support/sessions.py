"""A session whose volunteer is the test: it receives messages at any time, and what it says is decoded."""

from __future__ import annotations

from typing import Any

from pando_client.session.events import Event
from pando_client.session.flow_control import FixedCredit
from pando_client.session.session import Session, SessionLimits
from pando_shared.wire.codec import encode, from_client
from pando_shared.wire.framing import Joiner, split
from pando_shared.wire.messages import (
    Hello,
    Pong,
    Ready,
    ReadyInfo,
    VolunteerMessage,
)
from tests.support.volunteers import hello_of

HELLO = Hello(hello_of("test"))
BEAT = 2.5


def new(batch: int = 1, limits: SessionLimits | None = None) -> Session:
    return Session(encode(HELLO), FixedCredit(batch), limits or SessionLimits(), now=0.0)


def ready(slots: int = 2, batch: int = 1) -> Session:
    session = new(batch)
    sent(session)
    receive(session, Ready(ReadyInfo(slots=slots, device="test")))
    [ping] = sent(session)
    receive(session, Pong(ping.token))
    return session


def receive(session: Session, message: VolunteerMessage, now: float = 0.0) -> list[Event]:
    return [event for frame in split(encode(message)) for event in session.receive(frame, now)]


def frames(session: Session) -> list[bytes]:
    return list(iter(lambda: session.next_frame(0.0), None))


def sent(session: Session) -> list[Any]:  # of client messages, of which each test knows the kind
    joiner = Joiner(1 << 30)
    joined = [joiner.receive(frame) for frame in frames(session)]
    return [from_client(message) for message in joined if message is not None]

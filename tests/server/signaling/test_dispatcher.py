"""The dispatcher with a fake library: what is sent, in which order, and what failures cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pando_server.logs import LogLimiter
from pando_server.peers import Peer
from pando_server.relay.instructions import Assign, Deliver, Drop, Forward, Reject, Wait
from pando_server.signaling.dispatcher import Connection, Dispatcher
from pando_server.signaling.packet_filter import Message, PacketFilter
from pando_shared.signaling import Assigned, Code, ForwardedOffer

OFFER = Forward("c", ForwardedOffer(volunteer="v", attempt=1, sdp="offer"))


class Harness:
    """Takes the place of the library, of the relay, and of the packet sink."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.callbacks: list[Any] = []
        self.answers: list[Any] = []
        self.failing = False
        self.dispatcher = Dispatcher(self.emit, LogLimiter(), 0.05, self.answered, self.unanswered)
        for socket in ("c", "v"):
            packet_filter = PacketFilter(socket, self.nothing, self.swallow, self, join_seconds=60)
            peer = Peer("192.0.2.1", loopback=False)
            self.dispatcher.connections[socket] = Connection(packet_filter, peer, sid=f"sid of {socket}")

    def heard(self, socket: str) -> bool:
        raise AssertionError(socket)

    def broke(self, socket: str, why: str) -> None:
        raise AssertionError(socket, why)

    def joined(self, socket: str, namespace: str) -> None:
        raise AssertionError(socket, namespace)

    async def nothing(self) -> Message:
        return {}

    async def swallow(self, message: Message) -> None:
        pass

    async def emit(self, event: str, data: Any, *, to: str, namespace: str, callback: Any) -> None:
        if self.failing:
            raise RuntimeError("\x1b")
        await asyncio.sleep(0)
        self.sent.append((event, to))
        self.callbacks.append(callback)

    def answered(self, forward: Forward, data: Any) -> None:
        self.answers.append(data)

    def unanswered(self, forward: Forward) -> None:
        self.answers.append("none")

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    harness = Harness()
    yield harness
    await harness.dispatcher.shutdown()
    for connection in harness.dispatcher.connections.values():
        connection.packet_filter.release()


async def test_messages_are_sent_in_the_order_in_which_they_were_ordered(harness: Harness) -> None:
    assign = Assign("v", Assigned(job="job"))
    harness.dispatcher.perform([Wait("v"), assign])
    harness.dispatcher.perform([Wait("v"), OFFER])
    await harness.settle()
    assert [event for event, _ in harness.sent] == ["waiting", "assigned", "waiting", "offer"]
    assert harness.sent[-1] == ("offer", "sid of c")


async def test_nothing_is_sent_to_somebody_who_has_left(harness: Harness) -> None:
    harness.dispatcher.perform([Wait("x"), Deliver("x", 1, "sdp"), Reject("x", 1, Code.GONE, "gone"), Drop("x", "why")])
    await harness.settle()
    assert harness.sent == []


async def test_a_message_that_cannot_be_sent_does_not_stop_the_next(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.failing = True
    harness.dispatcher.perform([Wait("v")])
    await harness.settle()
    harness.failing = False
    harness.dispatcher.perform([Wait("v")])
    await harness.settle()
    assert harness.sent == [("waiting", "sid of v")]
    assert caplog.messages == ["a message could not be sent (RuntimeError)"]


async def test_an_answer_ends_the_wait_for_it(harness: Harness) -> None:
    harness.dispatcher.perform([OFFER])
    await harness.settle()
    harness.callbacks[0]({"sdp": "answer"}, "more")
    await asyncio.sleep(0.1)
    assert harness.answers == [{"sdp": "answer"}]


async def test_an_empty_acknowledgement_is_an_answer_too(harness: Harness) -> None:
    harness.dispatcher.perform([OFFER])
    await harness.settle()
    harness.callbacks[0]()
    assert harness.answers == [None]


async def test_a_client_that_does_not_answer_is_noticed(harness: Harness) -> None:
    harness.dispatcher.perform([OFFER])
    async with asyncio.timeout(5):
        while not harness.answers:  # noqa: ASYNC110 - the dispatcher has no event for it
            await asyncio.sleep(0.01)
    assert harness.answers == ["none"]


async def test_an_offer_is_acknowledged_once(harness: Harness) -> None:
    connection = harness.dispatcher.connections["v"]
    connection.reply = asyncio.get_running_loop().create_future()
    harness.dispatcher.perform([Deliver("v", 1, "sdp"), Reject("v", 1, Code.GONE, "gone")])
    assert connection.reply.result() == {"attempt": 1, "sdp": "sdp"}


async def test_what_goes_wrong_is_logged_once_a_minute_for_each_peer(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(100):
        harness.dispatcher.note("ignored", "v", "ignored: too many \x1b messages")
    assert caplog.messages == [r"192.0.2.1: ignored: too many \x1b messages"]

"""The post with a fake library: what is sent, in which order, and what failures cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pando_server.logs import Sparing
from pando_server.peers import Peer
from pando_server.relay.instructions import Assign, Deliver, Drop, Forward, Ignore, Reject, Wait
from pando_server.signaling.dispatcher import Link, Post
from pando_server.signaling.packet_filter import Guard, Message
from pando_shared.signaling import Assigned, Code, ForwardedOffer

OFFER = Forward("c", ForwardedOffer(volunteer="v", attempt=1, sdp="offer"))


class Office:
    """Takes the library's place, and the relay's."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.callbacks: list[Any] = []
        self.answers: list[Any] = []
        self.failing = False
        self.post = Post(self.emit, Sparing(), 0.05, self.answered, lambda forward: self.answers.append("none"))
        for socket in ("c", "v"):
            guard = Guard(socket, self.nothing, self.swallow, self, join_seconds=60)  # type: ignore[arg-type]
            self.post.links[socket] = Link(guard, Peer("192.0.2.1", loopback=False), sid=f"sid of {socket}")

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

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = Office()
    yield office
    await office.post.shutdown()
    for link in office.post.links.values():
        link.guard.release()


async def test_messages_are_sent_in_the_order_in_which_they_were_ordered(office: Office) -> None:
    assign = Assign("v", Assigned(job="job"))
    office.post.perform([Wait("v"), assign])
    office.post.perform([Wait("v"), OFFER])
    await office.settle()
    assert [event for event, _ in office.sent] == ["waiting", "assigned", "waiting", "offer"]
    assert office.sent[-1] == ("offer", "sid of c")


async def test_nothing_is_sent_to_somebody_who_has_left(office: Office) -> None:
    office.post.perform([Wait("x"), Deliver("x", 1, "sdp"), Reject("x", 1, Code.GONE, "gone"), Drop("x", "why")])
    await office.settle()
    assert office.sent == []


async def test_a_message_that_cannot_be_sent_does_not_stop_the_next(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.failing = True
    office.post.perform([Wait("v")])
    await office.settle()
    office.failing = False
    office.post.perform([Wait("v")])
    await office.settle()
    assert office.sent == [("waiting", "sid of v")]
    assert caplog.messages == ["a message could not be sent (RuntimeError)"]


async def test_an_answer_ends_the_wait_for_it(office: Office) -> None:
    office.post.perform([OFFER])
    await office.settle()
    office.callbacks[0]({"sdp": "answer"}, "more")
    await asyncio.sleep(0.1)
    assert office.answers == [{"sdp": "answer"}]


async def test_an_empty_acknowledgement_is_an_answer_too(office: Office) -> None:
    office.post.perform([OFFER])
    await office.settle()
    office.callbacks[0]()
    assert office.answers == [None]


async def test_a_client_that_does_not_answer_is_noticed(office: Office) -> None:
    office.post.perform([OFFER])
    async with asyncio.timeout(5):
        while not office.answers:  # noqa: ASYNC110 - the post has no event for it
            await asyncio.sleep(0.01)
    assert office.answers == ["none"]


async def test_an_offer_is_acknowledged_once(office: Office) -> None:
    link = office.post.links["v"]
    link.reply = asyncio.get_running_loop().create_future()
    office.post.perform([Deliver("v", 1, "sdp"), Reject("v", 1, Code.GONE, "gone")])
    assert link.reply.result() == {"attempt": 1, "sdp": "sdp"}


async def test_what_goes_wrong_is_logged_once_a_minute_for_each_peer(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.post.perform([Ignore("v", "too many \x1b messages")] * 100)
    assert caplog.messages == [r"192.0.2.1: ignored: too many \x1b messages"]

"""The packet filter between two fakes: a WebSocket that sends what it is told, and a sink that takes notes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from pando_server.signaling.packet_filter import Message, PacketFilter, State

LOGIN = '40/volunteer,{"protocol":1}'
ACCEPTED = '40/volunteer,{"sid":"x"}'
OFFER = '42/volunteer,1["offer",{"attempt":1,"sdp":"x"}]'


class Wire:
    """The WebSocket's other end, and the sink."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.outgoing: list[Message] = []
        self.notes: list[str] = []
        self.allowed = True
        self.filter = PacketFilter("s", self.incoming.get, self.send, self, join_seconds=60)

    async def send(self, message: Message) -> None:
        self.outgoing.append(message)

    def heard(self, socket: str) -> bool:
        self.notes.append("heard")
        return self.allowed

    def broke(self, socket: str, why: str) -> None:
        self.notes.append(why)

    def joined(self, socket: str, namespace: str) -> None:
        self.notes.append(f"joined {namespace}")

    def say(self, text: str) -> None:
        self.incoming.put_nowait({"type": "websocket.receive", "text": text})

    async def reply(self, text: str) -> None:
        await self.filter.send({"type": "websocket.send", "text": text})

    async def join(self) -> None:
        self.say(LOGIN)
        assert (await self.filter.receive())["text"] == LOGIN
        await self.reply(ACCEPTED)

    async def silent(self) -> None:
        """Checks that the library is given nothing."""
        receiving = asyncio.create_task(self.filter.receive())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not receiving.done()
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    yield wire
    wire.filter.release()
    wire.filter.release()


async def test_a_peer_joins_when_it_has_been_told_so(wire: Wire) -> None:
    await wire.join()
    assert wire.filter.state is State.JOINED
    assert wire.notes == ["joined /volunteer"]
    wire.say(OFFER)
    assert (await wire.filter.receive())["text"] == OFFER


async def test_what_the_sink_does_not_allow_is_not_passed_on(wire: Wire) -> None:
    await wire.join()
    wire.allowed = False
    wire.say(OFFER)
    await wire.silent()
    assert wire.notes[-1] == "heard"


async def test_a_message_between_login_and_reply_is_broken(wire: Wire) -> None:
    wire.say(LOGIN)
    await wire.filter.receive()
    wire.say(OFFER)
    await wire.silent()
    assert wire.notes == ["a message to a namespace that it is not in"]


async def test_a_ping_may_be_answered_once(wire: Wire) -> None:
    await wire.reply("2")
    wire.say("3")
    assert (await wire.filter.receive())["text"] == "3"
    wire.say("3")
    await wire.silent()
    assert wire.notes == ["an answer to a ping that was not sent"]


async def test_after_a_refusal_nothing_is_passed_on_and_nothing_is_noted(wire: Wire) -> None:
    wire.say(LOGIN)
    await wire.filter.receive()
    await wire.reply('44/volunteer,{"message":"no"}')
    assert wire.filter.state is State.LEAVING
    for text in (LOGIN, OFFER, "nonsense"):
        wire.say(text)
    await wire.silent()
    assert wire.notes == []


async def test_a_reply_that_comes_after_the_end_changes_nothing(wire: Wire) -> None:
    wire.say(LOGIN)
    await wire.filter.receive()
    wire.filter.close()
    await wire.reply(ACCEPTED)
    assert wire.filter.state is State.LEAVING
    assert wire.notes == []


async def test_closing_ends_the_librarys_wait(wire: Wire) -> None:
    receiving = asyncio.create_task(wire.filter.receive())
    await asyncio.sleep(0)
    wire.filter.close()
    assert (await receiving)["type"] == "websocket.disconnect"
    assert (await wire.filter.receive())["type"] == "websocket.disconnect"


async def test_the_end_of_the_websocket_is_passed_on(wire: Wire) -> None:
    wire.incoming.put_nowait({"type": "websocket.disconnect", "code": 1001})
    assert await wire.filter.receive() == {"type": "websocket.disconnect", "code": 1001}


async def test_an_acknowledgement_is_passed_on_once(wire: Wire) -> None:
    wire.say("40/client,{}")
    await wire.filter.receive()
    await wire.reply('40/client,{"sid":"x"}')
    await wire.reply('42/client,1["offer",{}]')
    answer = '43/client,1[{"sdp":"x"}]'
    wire.say(answer)
    assert (await wire.filter.receive())["text"] == answer
    wire.say(answer)
    await wire.silent()
    assert wire.notes[-1] == "an acknowledgement that nobody waits for"


async def test_frames_that_are_not_text_pass_outwards(wire: Wire) -> None:
    await wire.filter.send({"type": "websocket.accept"})
    await wire.filter.send({"type": "websocket.send", "bytes": b"x"})
    assert len(wire.outgoing) == 2

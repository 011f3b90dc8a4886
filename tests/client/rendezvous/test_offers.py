"""Offers: answered, a bounded number at once, and their channels attended."""

from __future__ import annotations

import asyncio
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from pando_client import console
from pando_client.coordination import unreached
from pando_client.job.job import Job
from pando_client.rendezvous import offers
from pando_client.rendezvous.offers import OfferAnswerer
from pando_shared.signaling import ForwardedOffer

OFFER = ForwardedOffer(volunteer="v1", attempt=1, sdp="v=0\r\n", loopback=True)


class FakeChannel:
    """A channel that opens when the test says so."""

    def __init__(self) -> None:
        self.opening: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.within = 0.0

    async def opened(self, within: float) -> None:
        self.within = within
        await self.opening


class World:
    """An answerer, and what it meets: the module `webrtc`, its channels, and the job."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, loopback_possible: bool = True) -> None:
        self.channels: list[FakeChannel] = []
        self.asked: list[tuple[str, bool]] = []
        self.attended: list[FakeChannel] = []
        self.error: Exception | None = None
        job = cast("Job", SimpleNamespace(attend=self._attend))
        self.answerer = OfferAnswerer(job, [], 9.0, loopback_possible=loopback_possible)

        async def load() -> ModuleType:
            return cast("ModuleType", SimpleNamespace(answer=self._answer))

        monkeypatch.setattr(self.answerer, "load", load)

    async def _attend(self, channel: FakeChannel) -> None:
        self.attended.append(channel)
        await asyncio.get_running_loop().create_future()

    async def _answer(self, sdp: str, ice_servers: Any, *, loopback: bool) -> tuple[str, FakeChannel]:
        self.asked.append((sdp, loopback))
        if self.error is not None:
            raise self.error
        self.channels.append(FakeChannel())
        return f"answer {len(self.channels)}", self.channels[-1]


async def turns() -> None:
    """Lets everything happen that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_an_offer_is_answered_and_its_channel_attended(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    assert await world.answerer.answer(OFFER) == "answer 1"
    await turns()
    [channel] = world.channels
    assert (channel.within, world.attended, world.answerer.connecting) == (9.0, [], 1)
    assert repr(world.answerer) == "<OfferAnswerer 1 connecting>"
    channel.opening.set_result(None)
    await turns()
    assert (world.attended, world.answerer.connecting) == ([channel], 0)
    before = asyncio.all_tasks()
    await world.answerer.close()
    assert len(before - asyncio.all_tasks()) == 1, "the channel is not attended any more"


@pytest.mark.parametrize(("offered", "possible"), [(True, True), (True, False), (False, True)])
async def test_loopback_is_for_volunteers_that_can_be_here(
    offered: bool, possible: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(monkeypatch, loopback_possible=possible)
    await world.answerer.answer(OFFER.model_copy(update={"loopback": offered}))
    assert world.asked == [(OFFER.sdp, offered and possible)]
    await world.answerer.close()


async def test_a_channel_that_does_not_open_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    await world.answerer.answer(OFFER)
    await turns()
    world.channels[0].opening.set_exception(ConnectionError("did not open"))
    await turns()
    assert (world.attended, world.answerer.connecting) == ([], 0)


async def test_volunteers_that_are_not_reached_are_counted_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(console, "say", said.append)
    monkeypatch.setattr(unreached, "AGAIN_SECONDS", 0.05)
    world = World(monkeypatch)

    async def fail(*volunteers: str) -> None:
        for volunteer in volunteers:
            await world.answerer.answer(OFFER.model_copy(update={"volunteer": volunteer}))
        await turns()
        for channel in world.channels[-len(volunteers) :]:
            channel.opening.set_exception(ConnectionError("did not open"))
        await turns()

    await fail("a")
    assert [text.partition(":")[0] for text in said] == ["pando"]
    assert said[0].startswith("pando: 1 volunteer could not be reached directly: ")
    await fail("a", "b")
    await fail("c")
    async with asyncio.timeout(10):
        while len(said) < 2:  # noqa: ASYNC110 - a line on the terminal, in life
            await asyncio.sleep(0.01)
    assert said[1].startswith("pando: 3 volunteers could not be reached directly: ")
    await fail("d")
    await world.answerer.close()
    await asyncio.sleep(0.1)
    assert len(said) == 2, "a run that has ended says nothing more"


async def test_an_offer_that_cannot_be_understood_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "MAX_PLACES", 1)
    world = World(monkeypatch)
    world.error = ValueError("no offer")
    for _ in range(3):
        with pytest.raises(ValueError, match="no offer"):
            await world.answerer.answer(OFFER)
    assert world.answerer.connecting == 0
    world.error = None
    assert await world.answerer.answer(OFFER) == "answer 1"
    await world.answerer.close()


async def test_no_more_connect_than_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "MAX_CONNECTING", 2)
    world = World(monkeypatch)
    for _ in range(2):
        await world.answerer.answer(OFFER)
    await turns()
    with pytest.raises(ConnectionRefusedError, match="too many volunteers"):
        await world.answerer.answer(OFFER)
    world.channels[0].opening.set_result(None)
    await turns()
    assert await world.answerer.answer(OFFER) == "answer 3"
    await world.answerer.close()


async def test_an_offer_waits_for_a_place_but_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "MAX_PLACES", 1)
    monkeypatch.setattr(offers, "WAIT_FOR_PLACE_SECONDS", 0.05)
    world = World(monkeypatch)
    await world.answerer.answer(OFFER)
    with pytest.raises(ConnectionRefusedError, match="too many volunteers"):
        await world.answerer.answer(OFFER)
    assert world.answerer.connecting == 1
    waiting = asyncio.create_task(world.answerer.answer(OFFER))
    await turns()
    world.channels[0].opening.set_result(None)
    assert await waiting == "answer 2"
    await world.answerer.close()


async def test_one_that_opens_slowly_gives_its_place_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "MAX_PLACES", 1)
    monkeypatch.setattr(offers, "HOLD_PLACE_SECONDS", 0.02)
    world = World(monkeypatch)
    for number in (1, 2, 3):
        assert await world.answerer.answer(OFFER) == f"answer {number}"
    assert world.answerer.connecting == 3
    world.channels[0].opening.set_result(None)
    await turns()
    assert world.attended == [world.channels[0]]
    await world.answerer.close()


async def test_one_that_gives_up_waiting_for_a_place_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "MAX_PLACES", 1)
    world = World(monkeypatch)
    await world.answerer.answer(OFFER)
    waiting = asyncio.create_task(world.answerer.answer(OFFER))
    await turns()
    assert world.answerer.connecting == 2
    waiting.cancel()
    await turns()
    assert world.answerer.connecting == 1
    await world.answerer.close()
    assert world.answerer.connecting == 0
    assert world.channels[0].opening.cancelled()


async def test_aiortc_is_imported_once_and_whole() -> None:
    answerer = OfferAnswerer(cast("Job", SimpleNamespace()), [], 9.0, loopback_possible=False)
    modules = await asyncio.gather(answerer.load(), answerer.load())
    assert modules[0] is modules[1] is await answerer.load()
    assert callable(modules[0].answer)

"""Real clients and volunteers meet at a real server on loopback."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from pando_server.peers import TrustedProxies
from pando_server.relay.limits import Limits
from pando_server.relay.relay import Relay
from pando_server.signaling.sockets import Sockets
from tests.support.server_peers import SECRET, Client, Site, Volunteer, site, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_volunteer_that_waits_is_assigned_when_a_client_comes(here: Site) -> None:
    volunteer = await Volunteer(here).connect()
    assert await volunteer.hear() == ("waiting", {})
    ice = [{"urls": "turn:turn.example", "username": "u", "credential": "c"}]
    client = await Client(here).connect(await here.login(ice_servers=ice))
    assert await volunteer.hear() == ("assigned", {"job": "job", "relay": False, "ice_servers": ice})
    await client.close()
    assert await volunteer.hear() == ("waiting", {})
    await volunteer.close()


async def test_an_offer_is_answered_by_the_client_through_the_server(pair: tuple[Client, Volunteer]) -> None:
    client, volunteer = pair
    assert await volunteer.offer(1, "v=0 offer") == {"attempt": 1, "sdp": "answer"}
    [offer] = client.offers
    assert len(offer.pop("volunteer")) == 16
    digest = offer.pop("from")
    assert re.fullmatch("[0-9a-f]{16}", digest)
    assert offer == {"attempt": 1, "sdp": "v=0 offer", "loopback": True, "ice_servers": []}


async def test_what_the_client_reports_is_counted(pair: tuple[Client, Volunteer], here: Site) -> None:
    client, _ = pair
    assert here.relay.volunteers == 1
    await client.report(41)
    await until(lambda: here.relay.volunteers != 1)
    assert here.relay.volunteers == 42


async def test_the_same_run_logs_in_again_and_keeps_its_volunteers(here: Site, pair: tuple[Client, Volunteer]) -> None:
    first, volunteer = pair
    second = await Client(here).connect()
    await asyncio.wait_for(first.left.wait(), 5)
    assert await volunteer.offer() == {"attempt": 1, "sdp": "answer"}
    assert (len(first.offers), len(second.offers)) == (0, 1)
    await second.close()


async def test_an_error_of_the_client_reaches_the_volunteer(here: Site) -> None:
    error = {"error": {"code": "failed", "text": "no usable \x1b[2J candidate"}}
    client = await Client(here, answer=error).connect()
    volunteer = await Volunteer(here).connect()
    await volunteer.hear()
    shown = {"error": {"code": "failed", "text": r"no usable \x1b[2J candidate"}}
    assert await volunteer.offer() == shown
    await volunteer.close()
    await client.close()


async def test_an_offer_to_a_client_that_leaves_is_rejected_at_once(here: Site) -> None:
    asked = asyncio.Event()

    async def hang() -> None:
        asked.set()
        await asyncio.sleep(60)

    client = await Client(here, answer=hang).connect()
    volunteer = await Volunteer(here).connect()
    await volunteer.hear()
    offering = asyncio.create_task(volunteer.offer())
    await asyncio.wait_for(asked.wait(), 5)
    await client.close()
    assert (await offering)["error"]["code"] == "gone"
    assert await volunteer.hear() == ("waiting", {})
    await volunteer.close()


async def test_a_client_that_does_not_answer_is_disconnected_after_three_offers(hasty: Site) -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    client = await Client(hasty, answer=hang).connect()
    volunteer = await Volunteer(hasty).connect()
    await volunteer.hear()
    replies = [await volunteer.offer(attempt) for attempt in (1, 2, 3)]
    assert [reply["error"]["code"] for reply in replies] == ["failed"] * 3
    await asyncio.wait_for(client.left.wait(), 5)
    assert hasty.relay.jobs == 0
    await volunteer.close()
    await client.close()


async def test_a_hundred_volunteers_join_and_offer_at_once(static: Path) -> None:
    async with site(static, limits=Limits(sockets_per_address=200, pending_offers_per_client=100)) as here:
        volunteers = await asyncio.gather(*(Volunteer(here).connect() for _ in range(100)))
        client = await Client(here).connect()
        events = await asyncio.gather(*(one.hear() for one in volunteers for _ in range(2)))
        assert [event for event, _ in events].count("assigned") == 100
        replies = await asyncio.gather(*(one.offer() for one in volunteers))
        assert replies == [{"attempt": 1, "sdp": "answer"}] * 100
        await asyncio.gather(*(one.close() for one in volunteers))
        await client.close()
        await until(lambda: here.relay.volunteers == 0)


async def test_a_connection_that_fails_is_forgotten_and_costs_one_line(caplog: pytest.LogCaptureFixture) -> None:
    relay = Relay(SECRET)
    sockets = Sockets(relay, TrustedProxies(""))

    async def receive() -> dict[str, Any]:
        raise RuntimeError("\x1b[2J")

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = {
        "type": "websocket",
        "path": "/",
        "query_string": b"EIO=4&transport=websocket",
        "headers": [],
        "client": ("192.0.2.1", 1),
    }
    for _ in range(3):
        await sockets(scope, receive, send)
    assert "0 sockets" in repr(relay)
    assert caplog.messages == ["192.0.2.1: its connection failed (RuntimeError)"]
    await sockets.shutdown()

"""What peers send, and what it costs them when it is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.server_checks import HASTY, undisturbed
from tests.support.server_peers import Client, Raw, Site, Volunteer, site, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


BROKEN = [
    b"\x00\x01\x02",
    b"",
    "",
    "4",
    "hello",
    "bAAAA",
    "2probe",
    "3",
    "5",
    "42",
    '42/volunteer,1["offer"',
    '42/volunteer,1["unknown",{}]',
    '42/volunteer,1["connect",{}]',
    '42/volunteer,1["disconnect",{}]',
    '42/volunteer,["offer",{"attempt":1,"sdp":"x"}]',
    '42/client,["volunteers",{"count":1}]',
    '43/client,1[{"sdp":"x"}]',
    '43/volunteer,1[{"sdp":"x"}]',
    '451-/volunteer,1["offer",{"_placeholder":true,"num":0}]',
    "40/volunteer,{}",
    "40/client,{}",
    '44/volunteer,{"message":"x"}',
    '42/volunteer,1["offer",' + "[" * 60_000,
    '42/volunteer,1["offer",' + '{"a":' * 500 + "1" + "}" * 500 + "]",
    '42/volunteer,1["offer",{"attempt":1,"sdp":"x"}' + " " * 60_000,
]


@pytest.mark.parametrize("message", BROKEN, ids=range(len(BROKEN)))
async def test_three_broken_messages_end_the_connection_and_no_other(
    here: Site, message: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with here.raw() as other, here.raw() as raw:
        await other.joined()
        await raw.joined()
        for _ in range(3):
            await raw.send(message)
        await raw.ended()
        await undisturbed(here)
        client = await Client(here).connect()
        assert "assigned" in await other.receive()
        await client.close()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


PAYLOADS = [
    {},
    {"attempt": 1},
    {"attempt": 0, "sdp": "x"},
    {"attempt": 4, "sdp": "x"},
    {"attempt": "1", "sdp": "x"},
    {"attempt": 1.5, "sdp": "x"},
    {"attempt": True, "sdp": "x"},
    {"attempt": 1, "sdp": ""},
    {"attempt": 1, "sdp": None},
    {"attempt": 1, "sdp": ["x"]},
    {"attempt": 1, "sdp": "x" * 16_385},
    {"attempt": 1, "sdp": "a=candidate:1\n" * 21},
    [1, "x"],
    "offer",
    None,
    7,
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
async def test_an_offer_that_is_none_is_refused_and_counts_as_broken(
    here: Site, payload: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client = await Client(here).connect()
    async with here.raw() as raw:
        await raw.join()
        for number in range(3):
            await raw.offer(payload, number)
            if number < 2:
                while (reply := await raw.receive()).startswith("42"):
                    pass
                assert reply.startswith(f"43/volunteer,{number}[")
                assert '"invalid"' in reply
        await raw.ended()
    assert client.offers == []
    assert len(caplog.records) < 10
    await client.close()
    await undisturbed(here)


async def test_sdp_never_reaches_the_log(usual: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "pando_server")
    async with usual.raw() as raw:
        await raw.join()
        await raw.offer({"attempt": "a=candidate", "sdp": "a=candidate"})
        await raw.offer({"attempt": 1, "sdp": "a=candidate" * 2_000}, 2)
        await raw.send('42/volunteer,3["offer","a=candidate')
        await raw.ended()
    assert caplog.records
    assert "a=candidate" not in caplog.text


async def test_a_message_above_the_limit_ends_the_connection(here: Site) -> None:
    async with here.raw() as raw:
        await raw.joined()
        await raw.send("4" * 65_537)
        assert await raw.ended() == 1009
    await undisturbed(here)


async def test_a_message_of_endless_fragments_ends_the_connection(here: Site) -> None:
    async def fragments() -> AsyncIterator[str]:
        while True:
            yield "4" * 1_000

    async with here.raw() as raw:
        await raw.joined()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(raw.websocket.send(fragments()), 10)
        assert await raw.ended() == 1009
    await undisturbed(here)


async def test_unfinished_binary_attachments_are_refused_at_the_first_word(here: Site) -> None:
    async with here.raw() as raw:
        await raw.joined()
        await raw.send('45999999999-/volunteer,1["offer",{"_placeholder":true,"num":0}]')
        for _ in range(2):
            await raw.send(b"x" * 60_000)
        assert await raw.ended() == 1000
    await undisturbed(here)


async def test_a_flood_of_events_is_cut_off(here: Site, caplog: pytest.LogCaptureFixture) -> None:
    async with here.raw() as raw:
        await raw.joined()
        with contextlib.suppress(Exception):
            for number in range(10_000):
                await raw.offer({"attempt": 1, "sdp": "x"}, number)
        await raw.ended()
    assert len(caplog.records) < 5
    await undisturbed(here)


async def test_pongs_that_nobody_asked_for_are_broken_messages(here: Site) -> None:
    async with here.raw() as raw:
        await raw.joined()
        for _ in range(3):
            await raw.send("3")
        assert await raw.ended() == 1000
    assert here.relay.volunteers == 0


async def test_messages_before_the_login_are_broken(here: Site) -> None:
    async with here.raw() as raw:
        await raw.receive()
        for _ in range(3):
            await raw.offer({"attempt": 1, "sdp": "x"})
        assert await raw.ended() == 1000
    assert here.relay.volunteers == 0


async def test_a_volunteer_cannot_make_two_offers_at_a_time(here: Site) -> None:
    asked, release = asyncio.Event(), asyncio.Event()

    async def later() -> dict[str, str]:
        asked.set()
        await release.wait()
        return {"sdp": "late"}

    client = await Client(here, answer=later).connect()
    volunteer = await Volunteer(here).connect()
    await volunteer.hear()
    first = asyncio.create_task(volunteer.offer(1))
    await asyncio.wait_for(asked.wait(), 5)
    assert (await volunteer.offer(2))["error"]["code"] == "invalid"
    release.set()
    assert await first == {"attempt": 1, "sdp": "late"}
    await volunteer.close()
    await client.close()


async def test_without_a_job_an_offer_goes_nowhere(here: Site) -> None:
    volunteer = await Volunteer(here).connect()
    assert (await volunteer.offer())["error"]["code"] == "gone"
    await volunteer.close()


@pytest.mark.parametrize(
    "answer",
    [
        {"sdp": ""},
        {"sdp": 7},
        {"sdp": "x" * 20_000},
        {"sdp": "a=candidate:1\n" * 21},
        {"error": {"code": "secret", "text": "not for a client to say"}},
        {"error": {"code": "nonsense", "text": "x"}},
        {"error": "x"},
        "answer",
        7,
        [],
    ],
)
async def test_an_answer_that_is_none_becomes_an_error_for_the_volunteer(here: Site, answer: Any) -> None:
    client = await Client(here, answer=answer).connect()
    volunteer = await Volunteer(here).connect()
    await volunteer.hear()
    assert await volunteer.offer() == {"error": {"code": "failed", "text": "the client could not answer the offer"}}
    await volunteer.close()
    await client.close()
    await undisturbed(here)


async def test_a_client_cannot_answer_what_it_was_not_asked(here: Site) -> None:
    async with here.raw() as raw:
        assert (await raw.join("/client", await here.login())).startswith("40/client,")
        await raw.send('43/client,1[{"sdp":"x"}]')
        await raw.send('43/client,99999[{"sdp":"x"}]')
        await raw.send('43/client,0[{"sdp":"x"}]')
        await raw.ended()
    assert here.relay.jobs == 0


async def test_a_client_that_reports_nonsense_is_disconnected(here: Site) -> None:
    async with here.raw() as raw:
        await raw.join("/client", await here.login())
        for count in ('"many"', "-1", "1e99"):
            await raw.send(f'42/client,["volunteers",{{"count":{count}}}]')
        await raw.ended()
    assert here.relay.jobs == 0


async def test_a_peer_that_says_goodbye_is_gone(here: Site) -> None:
    for goodbye in ("41/volunteer,", "1"):
        async with here.raw() as raw:
            await raw.joined()
            await raw.send(goodbye)
            await until(lambda: here.relay.volunteers == 0)
            assert await raw.ended() == 1000


async def test_a_peer_that_vanishes_is_gone(here: Site) -> None:
    client = await Client(here).connect()
    async with here.raw() as raw:
        await raw.join()
        await until(lambda: here.relay.volunteers == 1)
        raw.websocket.transport.abort()
        await until(lambda: here.relay.volunteers == 0)
    assert here.relay.jobs == 1  # the others are not touched
    await client.close()


async def test_an_error_of_ours_costs_one_connection(
    usual: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("\x1b[2J")

    client, volunteer = await Client(usual).connect(), await Volunteer(usual).connect()
    async with usual.raw() as raw:
        await raw.join()
        with monkeypatch.context() as patch:
            patch.setattr(usual.relay, "offered", fail)
            await raw.offer({"attempt": 1, "sdp": "x"})
            await raw.ended()
    assert "an error of ours (RuntimeError)" in caplog.text
    assert "\x1b" not in caplog.text
    assert await volunteer.offer() == {"attempt": 1, "sdp": "answer"}
    await volunteer.close()
    await client.close()


async def test_the_server_ends_within_a_second_with_everybody_connected(static: Path) -> None:
    async with site(static, limits=replace(HASTY, join_seconds=60)) as here, contextlib.AsyncExitStack() as stack:
        client = await Client(here).connect()
        for _ in range(20):
            raw: Raw = await stack.enter_async_context(here.raw())
            await raw.join()
        idle = await stack.enter_async_context(here.raw())
        assert await here.stop() < 1
        assert await idle.ended() == 1012
        await asyncio.wait_for(client.left.wait(), 5)

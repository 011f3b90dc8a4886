"""Real clients and volunteers, good and bad, at a real server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import socketio
from websockets.exceptions import InvalidStatus

from pando_server.relay.limits import Limits
from tests.support.server_peers import SECRET, Client, Raw, Site, Volunteer, site, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

HASTY = Limits(sockets_per_address=1_000, join_seconds=0.3, answer_seconds=0.2)
"""As usual, for tests that would have to wait."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(static: Path) -> AsyncIterator[Site]:
    """One server for all tests that do not count."""
    generous = Limits(sockets_per_address=1_000, nonce_burst=10_000, login_failure_burst=10_000)
    async with site(static, limits=generous) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def here(running: Site) -> AsyncIterator[Site]:
    """The server, with nobody there; the test must leave nobody there either."""
    yield running
    await until(lambda: repr(running.relay) == "<Relay [0 jobs, 0 volunteers, 0 waiting, 0 sockets]>")
    running.relay.check()


@pytest.fixture(autouse=True)
def short_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused peers have less time to go."""
    monkeypatch.setattr("pando_server.signaling.packet_filter.LEAVE_SECONDS", 0.2)


@pytest_asyncio.fixture(loop_scope="module")
async def hasty(static: Path) -> AsyncIterator[Site]:
    async with site(static, limits=HASTY) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def usual(static: Path) -> AsyncIterator[Site]:
    async with site(static) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def pair(here: Site) -> AsyncIterator[tuple[Client, Volunteer]]:
    """A client and a volunteer that was assigned to it."""
    client, volunteer = await Client(here).connect(), await Volunteer(here).connect()
    assert await volunteer.hear() == ("assigned", {"job": "job", "ice_servers": []})
    yield client, volunteer
    await volunteer.close()
    await client.close()


async def undisturbed(here: Site) -> None:
    """Checks that the server still brings a client and a volunteer together."""
    login = await here.login("undisturbed")
    client, volunteer = await Client(here).connect(login), await Volunteer(here).connect("undisturbed")
    assert (await volunteer.hear())[0] == "assigned"
    assert await volunteer.offer() == {"attempt": 1, "sdp": "answer"}
    await volunteer.close()
    await client.close()


async def refused(connecting: Any) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        await connecting


# What it is for.


async def test_a_volunteer_that_waits_is_assigned_when_a_client_comes(here: Site) -> None:
    volunteer = await Volunteer(here).connect()
    assert await volunteer.hear() == ("waiting", {})
    ice = [{"urls": "turn:turn.example", "username": "u", "credential": "c"}]
    client = await Client(here).connect(await here.login(ice_servers=ice))
    assert await volunteer.hear() == ("assigned", {"job": "job", "ice_servers": ice})
    await client.close()
    assert await volunteer.hear() == ("waiting", {})
    await volunteer.close()


async def test_an_offer_is_answered_by_the_client_through_the_server(pair: tuple[Client, Volunteer]) -> None:
    client, volunteer = pair
    assert await volunteer.offer(1, "v=0 offer") == {"attempt": 1, "sdp": "answer"}
    [offer] = client.offers
    assert len(offer.pop("volunteer")) == 16
    assert offer == {"attempt": 1, "sdp": "v=0 offer", "loopback": True}


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


# Who is not let in.


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"proof": "0" * 64}, "secret"),
        ({"nonce": "0" * 64}, "nonce"),
        ({"protocol": 2}, "protocol"),
        ({"protocol": 2, "job": ["another", "form"]}, "protocol"),
        ({"protocol": True}, "invalid"),
        ({"protocol": "1"}, "invalid"),
        ({"job": "../etc"}, "invalid"),
        ({"job": "x" * 33}, "invalid"),
        ({"job": "job\n"}, "invalid"),
        ({"job": None}, "invalid"),
        ({"key": "short"}, "invalid"),
        ({"proof": 7}, "invalid"),
        ({"ice_servers": [{"urls": "stun:x"}] * 9}, "invalid"),
        ({"ice_servers": [{"urls": "javascript:alert(1)"}]}, "invalid"),
    ],
)
async def test_a_wrong_login_is_refused_with_a_code(here: Site, change: dict[str, Any], code: str) -> None:
    client = Client(here)
    await refused(client.connect(await here.login(**change)))
    [refusal] = client.refusals
    assert refusal["data"]["error"]["code"] == code
    assert refusal["message"] == refusal["data"]["error"]["text"]
    assert here.relay.jobs == 0


@pytest.mark.parametrize("auth", [None, [], "text", 7, {}, {"protocol": 1}])
async def test_a_login_that_is_none_is_refused(here: Site, auth: Any) -> None:
    async with here.raw() as raw:
        assert (await raw.receive()).startswith("0{")
        await raw.send("40/client," + (json.dumps(auth) if auth is not None else ""))
        if auth is None or isinstance(auth, dict):
            assert '"invalid"' in await raw.receive()
        await raw.websocket.close()
    await undisturbed(here)


async def test_a_volunteer_of_another_version_is_told_so(here: Site) -> None:
    volunteer = Volunteer(here)
    await refused(volunteer.connect(protocol=2))
    assert volunteer.refusals[0]["data"]["error"]["code"] == "protocol"


async def test_a_recorded_login_cannot_be_played_back(here: Site) -> None:
    login = await here.login()
    client = await Client(here).connect(login)
    thief = Client(here)
    await refused(thief.connect(login))
    assert thief.refusals[0]["data"]["error"]["code"] == "nonce"
    assert here.relay.jobs == 1
    await client.close()


async def test_another_run_cannot_take_the_name_of_a_job(here: Site) -> None:
    client = await Client(here).connect()
    other = Client(here)
    await refused(other.connect(await here.login(key="b" * 32)))
    assert other.refusals[0]["data"]["error"]["code"] == "taken"
    await client.close()


async def test_wrong_secrets_by_the_thousand_are_throttled(usual: Site, caplog: pytest.LogCaptureFixture) -> None:
    guess = await usual.login(secret="wrong")
    codes: list[str] = []

    async def attempts(count: int) -> None:
        for _ in range(count):
            async with usual.raw() as raw:
                codes.append(json.loads((await raw.join("/client", guess)).partition(",")[2])["data"]["error"]["code"])

    # Ten at a time, from one address, on loopback: it has no privilege.
    await asyncio.gather(*(attempts(100) for _ in range(10)))
    assert len(codes) == 1_000
    assert codes.count("throttled") == 995
    # The right secret is not compared either, for a while; who is in stays in.
    client = Client(usual)
    await refused(client.connect(await usual.login()))
    assert client.refusals[0]["data"]["error"]["code"] == "throttled"
    assert len(caplog.records) < 10
    assert SECRET not in caplog.text


async def test_nothing_goes_through_a_refused_connection(here: Site) -> None:
    guess = await here.login(secret="wrong")
    right = await here.login()
    async with here.raw() as raw:
        assert (await raw.join("/client", guess)).startswith("44/client,")
        for _ in range(2_000):
            await raw.send(f"40/client,{json.dumps(right)}")
        assert await raw.ended() in (1000, 1008)
    assert here.relay.jobs == 0
    await undisturbed(here)


async def test_a_refused_connection_is_closed_by_the_server(here: Site) -> None:
    async with here.raw() as raw:
        assert (await raw.join("/client", {"protocol": 1})).startswith("44/client,")
        assert await raw.ended() == 1000
    await until(lambda: "0 sockets" in repr(here.relay))
    assert here.relay.jobs == 0


@pytest.mark.parametrize("namespace", ["/admin", "/", "/clients"])
async def test_another_namespace_is_refused_and_the_connection_closed(here: Site, namespace: str) -> None:
    async with here.raw() as raw:
        await raw.receive()
        await raw.send("40{}" if namespace == "/" else f"40{namespace},{{}}")
        assert (await raw.receive()).startswith("44")
        await raw.ended()


async def test_a_connection_that_joins_nothing_is_closed(hasty: Site) -> None:
    async with hasty.raw() as raw:
        assert (await raw.receive()).startswith("0{")
        assert await raw.ended() == 1000
    await until(lambda: "0 sockets" in repr(hasty.relay))


async def test_a_volunteer_that_waits_is_not_closed(hasty: Site) -> None:
    async with hasty.raw() as waiting, hasty.raw() as idle:
        await waiting.joined()
        await idle.ended()
        client = await Client(hasty).connect()
        assert (await waiting.receive()).startswith('42/volunteer,["assigned"')
        await client.close()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "file://"])
async def test_a_page_of_another_site_cannot_connect(here: Site, origin: str) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        async with here.raw(additional_headers={"Origin": origin}):
            pass


async def test_the_servers_own_page_and_a_program_can_connect(here: Site) -> None:
    async with here.raw(additional_headers={"Origin": here.url}) as raw:
        assert (await raw.join()).startswith("40/volunteer,")
    async with here.raw() as raw:
        assert (await raw.join()).startswith("40/volunteer,")


@pytest.mark.parametrize(
    "query", ["EIO=3&transport=websocket", "EIO=4", "EIO=4&transport=polling", "EIO=4&transport=websocket&sid=x", ""]
)
async def test_only_new_sessions_over_websocket_are_served(here: Site, query: str) -> None:
    with pytest.raises(InvalidStatus, match="400"):
        async with here.raw(query):
            pass


async def test_a_query_of_a_thousand_fields_is_refused(here: Site) -> None:
    with pytest.raises(InvalidStatus, match="400"):
        async with here.raw("&".join(f"a{number}=1" for number in range(1_000))):
            pass


async def test_one_address_has_so_many_connections(static: Path) -> None:
    async with site(static, limits=Limits(sockets_per_address=5)) as here, contextlib.AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(here.raw())
        with pytest.raises(InvalidStatus, match="503"):
            await stack.enter_async_context(here.raw())
        await stack.aclose()
        await until(lambda: "0 sockets" in repr(here.relay))
        await undisturbed(here)


async def test_compression_is_not_negotiated(here: Site) -> None:
    async with here.raw(compression="deflate") as raw:
        assert raw.websocket.protocol.extensions == []


# What peers say.

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

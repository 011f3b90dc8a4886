"""Who is not let in: wrong logins, foreign pages, too many connections."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from pando_server.relay.limits import Limits
from pando_shared import __version__
from tests.support.server_checks import refused, undisturbed
from tests.support.server_peers import SECRET, Client, Site, Volunteer, site, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"proof": "0" * 64}, "secret"),
        ({"nonce": "0" * 64}, "nonce"),
        ({"protocol": 1}, "protocol"),
        ({"protocol": 3, "job": ["another", "form"]}, "protocol"),
        ({"host": "rogue.test"}, "host"),
        ({"login": "{}"}, "invalid"),
        ({"login": "[" * 10_000}, "invalid"),
        ({"card": {"title": "x" * 201}}, "invalid"),
        ({"protocol": True}, "invalid"),
        ({"protocol": "2"}, "invalid"),
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


@pytest.mark.parametrize("auth", [None, [], "text", 7, {}, {"protocol": 2}])
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
    client = await Client(here).connect()
    await refused(volunteer.connect(protocol=1))
    assert volunteer.refusals[0]["data"]["error"] == {
        "code": "protocol",
        "text": f"this server runs Pando {__version__} (version 2 of the protocol): "
        "reload the page, or update pando-volunteer",
    }
    await until(lambda: client.notices == [{"outdated": 1}])
    async with here.http() as http:
        # This is how one of version 1 asks; curl does too, and is none.
        for agent in ("Mozilla/5.0", "Deno/2.9", "curl/8"):
            assert (await http.get("/api/config", headers={"user-agent": agent})).json()["protocol"] == 2
    await client.close()


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

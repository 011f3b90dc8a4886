"""What a server says before anybody has a socket: jobs, refusals that a browser can read, and its end."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from pando_server.relay.limits import Limits
from pando_server.relay.turn import turn_servers
from pando_shared.signaling import IceServers
from tests.support.server_peers import Client, Volunteer, site, until

V1 = json.loads((Path(__file__).parents[3] / "shared/vectors/v1/signaling.json").read_text())
HOST_TEXT = "its requests come to 127.0.0.1:"


async def test_a_job_can_be_looked_at_before_anybody_computes_for_it(static: Path) -> None:
    async with site(static) as here, here.http() as http:
        assert "job" not in (await http.get("/api/config")).json()
        gone = await http.get("/api/jobs/job")
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "gone")
        card = {"title": "square.js", "context": "page"}
        client = await Client(here).connect(await here.login(card=card, client="k" * 43))
        job = {"name": "job", "card": card, "client": "k" * 43}
        assert (await http.get("/api/config")).json()["job"] == job
        assert (await http.get("/api/jobs/job")).json() == job
        await client.close()


async def test_who_is_not_admitted_is_told_so_where_a_browser_can_read_it(
    static: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with site(static, limits=Limits(sockets_per_address=1)) as here, here.http() as http, here.raw() as raw:
        await raw.joined()
        for path in ("/api/config", "/api/jobs/job", "/api/nonce"):
            response = await http.get(path)
            assert (response.status_code, response.headers["retry-after"]) == (503, "30")
            assert response.json()["error"]["text"].startswith("too many connections from your address")
        with caplog.at_level(logging.DEBUG), pytest.raises(InvalidStatus) as caught:
            async with here.raw():
                pass
        assert caught.value.response.status_code == 503
        await asyncio.sleep(0.05)
        assert "handshake" not in caplog.text


async def test_a_page_whose_proxy_changes_the_host_reads_both_names(static: Path) -> None:
    async with site(static) as here, here.http() as http:
        response = await http.get("/api/config", params={"protocol": 2, "host": "pando.example:8443"})
        assert response.status_code == 403
        text = response.json()["error"]["text"]
        assert text.startswith(f"this page is at pando.example:8443, and {HOST_TEXT}{here.port}: ")
        assert (await http.get("/api/config", params={"host": f"127.0.0.1:{here.port}"})).status_code == 200
        foreign = await http.get("/api/nonce", headers={"origin": "https://evil.test"})
        assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "host")


@pytest.mark.parametrize("who", ["client", "volunteer"])
async def test_what_version_1_says_first_is_refused_in_words(static: Path, who: str) -> None:
    async with site(static) as here, here.raw() as raw:
        reply = await raw.join(V1[who]["namespace"], V1[who]["auth"])
        data = json.loads(reply.partition(",")[2])
        assert data["data"]["error"]["code"] == "protocol"
        assert data["message"].startswith("this server runs Pando ")


async def test_everybody_hears_that_the_server_ends(static: Path) -> None:
    async with site(static) as here:
        heard: list[Any] = []
        client = Client(here)
        client.socket.on("closing", heard.append, namespace="/client")
        await client.connect()
        async with here.raw() as raw:
            assert (await raw.join()).startswith("40/volunteer,")
            assert '"assigned"' in await raw.receive()
            ending = asyncio.create_task(here.stop())
            assert await raw.receive() == (
                '42/volunteer,["closing",{"text":"the server is being restarted","retry_ms":2000}]'
            )
        await ending
        await until(lambda: heard == [{"text": "the server is being restarted", "retry_ms": 2000}])
        await client.close()


async def test_the_operators_turn_servers_come_with_credentials_for_each_connection(static: Path) -> None:
    def drawn(user: str) -> IceServers:
        return turn_servers(["turn:turn.example"], "north", user, 1_700_000_000)

    async with site(static, turn_servers=drawn) as here:
        client, volunteer = await Client(here).connect(), await Volunteer(here).connect()
        _, assigned = await volunteer.hear()
        await volunteer.offer()
        [offer] = client.offers
        [theirs], [ours] = assigned["ice_servers"], offer["ice_servers"]
        assert theirs["urls"] == ours["urls"] == "turn:turn.example"
        assert theirs["username"] == f"1700000000:{offer['volunteer']}"
        assert ours["username"] == f"1700000000:{offer['volunteer']}-client"
        assert theirs["credential"] != ours["credential"]
        await volunteer.close()
        await client.close()

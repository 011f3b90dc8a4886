"""Volunteers and clients in networks of their own, between which lies a router, and what firewalls do to that."""

import re
import signal
import sys
from pathlib import Path

import pytest

from tests.support.functions import squared, squares
from tests.support.machine import eventually
from tests.support.on_hosts import site, stun_url, turn_url
from tests.support.programs import Client, programs_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ITEMS = range(1, 101)
ROOT = Path(__file__).parents[2]
TURN = ROOT / "docs/turn.md"

MAKES_A_NETWORK = """
import asyncio
from tests.support.networks import network

async def main():
    async with network() as net:
        host = await net.host("host")
        interfaces = (await host.run("ip -o link | cut -d: -f2 | cut -d@ -f1")).split()
        print(",".join(interfaces), host.pid, net.router.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def assert_exact(client: Client) -> None:
    """The client ends well, and its output is what it should be."""
    assert await client.ends() == 0, client
    assert client.lines == squared(ITEMS)


async def all_compute(client: Client) -> None:
    """Waits for a volunteer of each kind, and then gives the client its items."""
    for device in ("Deno", "Tab", "Firefox"):
        await client.says(rf"{device} joined .*\(webrtc\)")
    await client.feed(ITEMS)
    await assert_exact(client)


async def test_volunteers_of_other_networks_are_reached_directly(tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        place, here, tab, fox, deno = await at.hosts("server", "client", "tab", "fox", "deno")
        server = await at.server(place)
        client = await at.client(here, squares(tmp_path), server.url, "--stdin")
        await at.volunteer(deno, server.url, "Deno")
        await at.tab(tab, server.url)
        await at.firefox(fox, server.url)
        await all_compute(client)


async def test_a_turn_server_carries_what_may_not_go_directly(tmp_path: Path) -> None:
    """Over UDP, from a page, from Firefox and from a volunteer without a browser; none can reach the client."""
    async with site(tmp_path) as at:
        place, here, relay, *there = await at.hosts("server", "client", "relay", "tab", "fox", "deno")
        server = await at.server(place)
        await at.turn(relay)
        for host in there:
            await at.net.block_udp_between(here, host)
        client = await at.client(here, squares(tmp_path), server.url, "--stdin", ice=turn_url(relay))
        await at.tab(there[0], server.url)
        await at.firefox(there[1], server.url)
        await at.volunteer(there[2], server.url, "Deno")
        await all_compute(client)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_turn_server_over_tcp_needs_no_udp_at_the_volunteer(transport: str, tmp_path: Path) -> None:
    async with site(tmp_path) as at:
        place, here, relay, there, fox = await at.hosts("server", "client", "relay", "tab", "fox")
        server = await at.server(place)
        await at.turn(relay)
        await at.net.block_udp(there, fox)
        client = await at.client(here, squares(tmp_path), server.url, "--stdin", ice=turn_url(relay, transport))
        await at.tab(there, server.url)
        await client.says(r"Tab joined .*\(webrtc\)")
        if transport == "tcp":  # of Firefox nobody can ask that it trusts a certificate that nobody has signed
            await at.firefox(fox, server.url)
            await client.says(r"Firefox joined .*\(webrtc\)")
        await client.feed(ITEMS)
        await assert_exact(client)


async def test_a_network_with_ipv6_only(tmp_path: Path) -> None:
    """With a STUN server: there a Chromium that hides its addresses has no candidate of its own."""
    async with site(tmp_path) as at:
        names = ("server", "client", "stun", "tab", "fox", "deno")
        place, here, stun, tab, fox, deno = await at.hosts(*names, v4=False, v6=True)
        server = await at.server(place)
        await at.turn(stun)
        client = await at.client(here, squares(tmp_path), server.url, "--stdin", ice=stun_url(stun))
        await at.volunteer(deno, server.url, "Deno")
        await at.tab(tab, server.url)
        await at.firefox(fox, server.url)
        await all_compute(client)


async def test_a_client_with_an_interface_without_a_way_out(tmp_path: Path) -> None:
    """As a VPN that is down, or a bridge of containers: what is asked from there gets no answer."""
    async with site(tmp_path) as at:
        place, here, stun, there = await at.hosts("server", "client", "stun", "deno")
        await at.net.add_dead_end(here)
        server = await at.server(place)
        await at.turn(stun)
        client = await at.client(here, squares(tmp_path), server.url, *ITEMS, ice=stun_url(stun))
        await at.volunteer(there, server.url, "Deno")
        await client.says(r"Deno joined .*\(webrtc\)")
        await assert_exact(client)


async def test_the_local_network_of_a_client_may_be_routed(tmp_path: Path) -> None:
    """Without a public server, from another network of the same house, where UDP is blocked."""
    async with site(tmp_path) as at:
        here, tab, deno = await at.hosts("client", "tab", "deno")
        await at.net.block_udp(tab, deno)
        client = await at.local_client(here, squares(tmp_path), "--stdin")
        await at.tab(tab, client.url)
        await at.volunteer(deno, client.url, "Deno")
        for device in ("Tab", "Deno"):
            await client.says(rf"{device} joined .*\(websocket\)")
        await client.feed(ITEMS)
        await assert_exact(client)


async def test_the_turn_server_of_the_documents(tmp_path: Path) -> None:
    """Its configuration, and the way to a user name, are run as they stand in docs/turn.md."""
    [configuration] = re.findall(r"```ini\n(.*?)```", TURN.read_text(), re.DOTALL)
    [script] = re.findall(r"```sh\n(.*?)```", TURN.read_text(), re.DOTALL)
    async with site(tmp_path) as at:
        place, here, relay, tab, deno = await at.hosts("server", "client", "relay", "tab", "deno")
        server = await at.server(place)
        certificate, key = await at.certificate(relay)
        files = {"/etc/letsencrypt/live/turn.example.org/fullchain.pem": certificate}
        files["/etc/letsencrypt/live/turn.example.org/privkey.pem"] = key
        for name, file in files.items():
            assert name in configuration
            configuration = configuration.replace(name, str(file))
        # Where it logs is the only thing that differs.
        coturn = await at.configured_turn(relay, configuration.replace("syslog\n", ""))
        at.programs.file(".pando/config.json", await here.run(script.replace("turn.example.org", relay.address)))
        await at.net.block_udp(tab)
        await at.net.block_udp_between(here, deno)
        client = await at.client(here, squares(tmp_path), server.url, "--stdin", ice=None)
        await at.tab(tab, server.url)
        await at.volunteer(deno, server.url, "Deno")
        for device in ("Tab", "Deno"):
            await client.says(rf"{device} joined .*\(webrtc\)")
        await client.feed(ITEMS)
        await assert_exact(client)
        assert b":pando>" in coturn.out, coturn


async def test_a_network_leads_nowhere_and_is_gone_when_its_test_dies(tmp_path: Path) -> None:
    async with programs_in(tmp_path) as programs:
        test = await programs.start(sys.executable, "-c", MAKES_A_NETWORK, env={"PYTHONPATH": str(ROOT)})
        await test.prints(1)
        interfaces, *holders = test.lines[0].split()
        assert interfaces == "lo,eth0"
        assert all(pid_exists(int(pid)) for pid in holders)
        test.signal(signal.SIGKILL)

        async def gone() -> bool:
            return not any(pid_exists(int(pid)) for pid in holders)

        await eventually(gone, "no process holds the network")


def pid_exists(pid: int) -> bool:
    return Path(f"/proc/{pid}/ns/net").exists()

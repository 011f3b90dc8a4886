"""A run that waits for volunteers, seen from all sides: what the original's users see of it and of its options.

One run shows it all; `test_features` says what else is promised.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import signal
import struct
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import ifaddr
import pytest

from pando_shared.wire.messages import Lend
from tests.support.machine import eventually, free_port
from tests.support.processes import Outcome
from tests.support.programs import programs_in
from tests.support.server_peers import Site, Volunteer
from tests.support.volunteers import WebSocketPeer, websocket_to

STUN, TURN = "stun:127.0.0.1:1", "turn:user:pass@127.0.0.1:2"
ITEMS = "".join(f"{n}\n" for n in range(20))


@dataclass
class Served:
    """What is known of it."""

    port: int
    said: list[str]
    pages: dict[str, httpx.Response]
    before: dict[str, Any]
    unread_before: int
    computing_here: list[int]
    same_seed: dict[str, Any]
    ice_servers: list[dict[str, Any]]
    busy: Outcome
    lease: Lend
    lent: int
    silent_after: float
    late_after: float
    status: int
    lines: list[str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """Looks at it from all sides."""
    return asyncio.run(_look(tmp_path_factory.mktemp("served")))


async def _look(folder: Path) -> Served:
    port = free_port()
    ours, theirs = os.pipe()
    os.write(theirs, ITEMS.encode())
    options = [f"--port={port}", "--stdin", "--seed=7", "--degree=5", "--headless", "--global-monitoring"]
    options += ["--batch-size=3", "--heartbeat=200", "--bootstrap-timeout=1.5"]
    async with programs_in(folder) as programs:
        programs.file(
            ".pando/config.json",
            json.dumps({"iceServers": f"{STUN},{TURN}", "reporting-interval": 0.25, "batch-size": 9}),
        )
        client = await programs.start_pando("f.js", *options, stdin=ours)
        client.url, client.monitor = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
        await client.says(rf"Serving monitoring page at http://127\.0\.0\.1:{port + 1}\n")
        async with httpx.AsyncClient(trust_env=False) as http:
            urls = re.findall(r"^Serving .* at (\S+)$", "\n".join(client.err_lines), re.MULTILINE)
            pages = {url: await http.get(url) for url in urls}
        before, unread = await client.status(), _unread(ours)
        twin = await programs.start_pando("f.js", "--stdin", "--port=0", "--seed=7", stdin=asyncio.subprocess.PIPE)
        twin.monitor = (await twin.says(r"monitoring page at (http://127\.0\.0\.1:\d+)\n"))[1]
        same_seed = await twin.status()
        twin.signal(signal.SIGTERM)
        volunteer = await Volunteer(Site(port)).connect()
        event, assigned = await volunteer.hear()
        assert event == "assigned"
        await volunteer.close()
        busy = await programs.pando("f.js", f"--port={port}", "1")
        said, here = client.err_lines, programs.volunteers_here()
        async with websocket_to(client.url) as late, websocket_to(client.url) as socket:
            begin = time.monotonic()
            late_after = asyncio.create_task(_closed_after(late, begin))
            peer = WebSocketPeer(socket)
            await peer.join(slots=2)
            lease = await peer.lease()
            await peer.lease()
            lent = (await client.status())["lent"]
            begin = time.monotonic()  # from now on it hears nothing, so it answers no ping

            async def is_missed() -> bool:
                return any(row["state"] == "suspect" for row in (await client.status())["volunteers"])

            await eventually(is_missed, "that the silent volunteer is missed")
            silent_after = time.monotonic() - begin
            late_seconds = await late_after
        client.signal(signal.SIGTERM)
        status = await client.ends()
        os.close(ours)
        os.close(theirs)
        return Served(
            port, said, pages, before, unread, here, same_seed, assigned["ice_servers"], busy, lease, lent,
            silent_after, late_seconds, status, client.lines,
        )  # fmt: skip


def _unread(pipe: int) -> int:
    """How many bytes are in a pipe."""
    return int(struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0])


async def _closed_after(socket: Any, begin: float) -> float:
    await socket.wait_closed()
    return time.monotonic() - begin


def test_at_start_it_says_where_it_serves_word_for_word(served: Served) -> None:
    """A line for each IPv4 address, for the volunteers; then as many for the monitoring page, one port further."""
    addresses = {str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4}
    said = [line for line in served.said if line.startswith("Serving ")]
    half = len(addresses)
    assert set(said[:half]) == {f"Serving volunteer code at http://{address}:{served.port}" for address in addresses}
    monitor = {f"Serving monitoring page at http://{address}:{served.port + 1}" for address in addresses}
    assert set(said[half:]) == monitor
    assert len(said) == 2 * half


@pytest.mark.parametrize(("further", "holds"), [(0, "<title>Pando</title>"), (1, "<title>Pando: monitoring</title>")])
def test_the_pages_are_at_the_addresses_that_were_said(served: Served, further: int, holds: str) -> None:
    """That of the volunteers and that of the monitoring, for other machines as well."""
    pages = [page for url, page in served.pages.items() if url.endswith(f":{served.port + further}")]
    assert len(pages) == len(served.pages) / 2
    assert all(page.status_code == 200 and holds in page.text for page in pages)


def test_a_busy_port_is_a_clear_error(served: Served) -> None:
    assert (served.busy.status, served.busy.out) == (1, b"")
    assert served.busy.complaint.startswith(f"pando: port {served.port} is in use by another program; choose another")


def test_standard_input_is_read_lazily(served: Served) -> None:
    """Not before there is a volunteer."""
    assert served.before["read"] == 0
    assert served.unread_before == len(ITEMS)


def test_this_machine_does_not_compute_unless_it_is_told_to(served: Served) -> None:
    assert served.before["volunteers"] == []
    assert served.computing_here == []


def test_the_same_seed_makes_the_same_identifiers(served: Served) -> None:
    assert re.fullmatch(r"[0-9a-f]{8}", served.before["job"])
    assert served.same_seed["job"] == served.before["job"]


def test_a_batch_size_is_how_many_items_a_volunteer_is_lent_for_each_core(served: Served) -> None:
    """That the command line says 3 counts, though the configuration file says 9."""
    assert served.lease.items == [b"0", b"1", b"2"]
    assert served.lent == 6


def test_a_lost_connection_is_noticed_within_two_heartbeats(served: Served) -> None:
    """Of 200 ms; with the default it could not be noticed so soon."""
    assert served.silent_after < 4.5


def test_a_volunteer_has_so_many_seconds_to_connect(served: Served) -> None:
    assert 1.4 < served.late_after < 20


def test_ice_servers_of_the_configuration_file_reach_the_volunteers(served: Served) -> None:
    """By the key `iceServers`; separated by commas; TURN with its credentials."""
    stun, turn = served.ice_servers
    assert _urls(stun) == [STUN]
    assert (_urls(turn), turn["username"], turn["credential"]) == (["turn:127.0.0.1:2"], "user", "pass")


def _urls(server: dict[str, Any]) -> list[str]:
    return [server["urls"]] if isinstance(server["urls"], str) else server["urls"]


def test_the_reporting_interval_is_that_of_the_monitoring_page(served: Served) -> None:
    assert served.before["interval_ms"] == 250


def test_options_that_are_not_needed_any_more_are_accepted(served: Served) -> None:
    """`--headless` and `--degree` say nothing; `--global-monitoring` says once that it is not needed."""
    # A machine that takes long for this says what it waits for as well.
    assert [line for line in served.said if not line.startswith(("Serving ", "pando: waiting for a volunteer"))] == [
        "pando: --global-monitoring has no effect: what volunteers report reaches this client without it"
    ]


def test_a_signal_ends_it_and_its_output_is_only_results(served: Served) -> None:
    assert (served.status, served.lines) == (143, [])

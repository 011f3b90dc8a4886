"""Volunteers, public servers, pull-sync and monitoring, as the original's users know them: see `test_features`."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import httpx
import ifaddr
import pytest

from tests.support.functions import squared, squares
from tests.support.machine import free_port
from tests.support.processes import Outcome
from tests.support.programs import BIN, Client, Programs, Server, pando, pando_volunteer
from tests.support.secrets import SECRET

# Volunteers


async def test_volunteers_come_and_go_and_the_results_are_those_of_one_process(tmp_path: Path) -> None:
    """They may join at any time; what one leaves unfinished another one gets; results come in the items' order."""
    async with (
        pando(squares(tmp_path), None) as client,
        pando_volunteer(client.url, "--cores=1", "--device=First") as first,
    ):
        await client.give(range(1, 11))
        await client.prints(5)
        async with pando_volunteer(client.url, "--cores=1", "--device=Second"):
            await client.says("Second joined")
            await client.feed(range(11, 151))
            await client.prints(15)
            first.signal(signal.SIGKILL)
            assert await client.ends() == 0, client
    assert client.lines == squared(range(1, 151))


# A public server


async def test_a_public_server_needs_a_port_and_a_secret_and_clients_know_the_secret(programs: Programs) -> None:
    """`pando-server` with `PORT` and `SECRET`; a client has the secret from an option, a file, or its environment.

    One volunteer opens the server's address and works for all of them, one after the other, over WebRTC.
    """
    port = free_port()
    server = await programs.launch(Server, str(BIN / "pando-server"), env={"PORT": str(port), "SECRET": SECRET})
    await server.listens_at()
    async with httpx.AsyncClient(trust_env=False) as http:
        page = await http.get(f"http://127.0.0.1:{port}")
    assert (page.status_code, "<title>Pando</title>" in page.text) == (200, True)
    volunteer = await programs.volunteer(port)
    await volunteer.says("There is no job now")

    programs.file("secret", f"{SECRET}\n")
    item = ("f.js", "7")
    host = f"127.0.0.1:{port}"
    by_option, by_file, by_environment, wrong = await asyncio.gather(
        programs.pando(*item, f"--host={host}", f"--secret={SECRET}"),
        programs.pando(*item, f"--host={host}", "--secret-file=secret"),
        programs.pando(*item, f"--host=http://{host}", env={"PANDO_SECRET": SECRET}),
        programs.pando(*item, f"--host={host}", "--secret=another secret, long enough"),
    )
    serving = f"Serving volunteer code at http://{host}"
    visible = "pando: --secret can be read by other users of this machine; PANDO_SECRET or --secret-file cannot"
    assert (by_option.status, by_option.lines, said(by_option)) == (0, ["49"], [visible, serving])
    for outcome in (by_file, by_environment):
        assert (outcome.status, outcome.lines, said(outcome)) == (0, ["49"], [serving])
    assert (wrong.status, wrong.out) == (1, b"")
    assert wrong.err == [visible, f"pando: the server at http://{host} has another secret"]

    server.signal(signal.SIGTERM)
    outcome = await server.finish()
    addresses = {str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4}
    assert outcome.status == 0
    assert sorted(outcome.lines) == sorted(f"Listening at http://{address}:{port}" for address in addresses)


def said(outcome: Outcome) -> list[str]:
    """What a client says, but for two lines: that it waits, which depends on whose turn it is and on how busy this
    machine is; and the address of the job alone, which the original does not have."""
    others = ("pando: waiting for a volunteer", "Serving this job alone at ")
    return [line for line in outcome.err if not line.startswith(others)]


async def test_a_public_server_listens_at_port_5000_and_does_not_start_without_a_secret(programs: Programs) -> None:
    explained = await (await programs.start(str(BIN / "pando-server"), "--help")).finish()
    assert "PORT, or 5000" in " ".join(explained.out.decode().split())
    refused = await (await programs.start(str(BIN / "pando-server"))).finish()
    assert (refused.status, refused.out, len(refused.err)) == (2, b"", 1)
    assert "PANDO_SECRET is not set" in refused.err[0]


# pull-sync, message by message


class Dialogue:
    """The other end of pull-sync, by hand."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._heard = 0

    async def hears(self, *lines: str) -> None:
        """Waits for these lines, and for no others before them."""
        await self.client.prints(self._heard + len(lines))
        assert self.client.lines[self._heard : self._heard + len(lines)] == list(lines)
        self._heard += len(lines)

    async def says(self, *lines: str) -> None:
        """Sends lines."""
        await self.client.write("".join(f"{line}\n" for line in lines).encode())


GREETING = "5 pull-sync: missing sync"


@pytest.fixture
async def dialogue(programs: Programs) -> Dialogue:
    """With a run that has begun."""
    return await begin(programs, "f.js")


async def begin(programs: Programs, module: str) -> Dialogue:
    """Begins a run; `--sync-stdio` needs no `--stdin` besides."""
    client = await programs.start_pando(module, "--sync-stdio", "--local", stdin=asyncio.subprocess.PIPE)
    dialogue = Dialogue(client)
    # A greeting once, then that this end can be asked, then a value is asked for.
    await dialogue.hears(GREETING, "4", "2")
    await dialogue.says(GREETING, "4")
    return dialogue


async def test_pull_sync_gives_each_value_only_when_it_was_asked_for(dialogue: Dialogue) -> None:
    """The values are JSON; the next item may be made of the last result; `1true` is the end, both ways."""
    await dialogue.says('0"3"')
    await dialogue.hears("2")  # the next item is wanted, and the result waits until somebody asks
    await dialogue.says("2")
    await dialogue.hears('0"9"')
    await dialogue.says('0"9"')
    await dialogue.hears("2")
    await dialogue.says("2")
    await dialogue.hears('0"81"')
    await dialogue.says("1true", "2")
    await dialogue.hears("1true")
    await dialogue.client.end_input()
    outcome = await dialogue.client.finish()
    assert (outcome.status, outcome.err, len(outcome.lines)) == (0, [], 8)


async def test_pull_sync_ends_quietly_when_the_other_end_wants_no_more(dialogue: Dialogue) -> None:
    """`3` is the abort."""
    await dialogue.says('0"3"', "2")
    await dialogue.client.until(lambda: '0"9"' in dialogue.client.lines, "the result")
    await dialogue.says("3")
    await dialogue.client.until(lambda: "1true" in dialogue.client.lines, "the end")
    await dialogue.client.end_input()
    outcome = await dialogue.client.finish()
    assert (outcome.status, outcome.err) == (0, [])


async def test_pull_sync_passes_on_the_error_of_the_other_end(dialogue: Dialogue) -> None:
    """`1` with a message."""
    await dialogue.says('1"the source broke"', "2")
    outcome = await dialogue.client.finish()
    assert outcome.status == 1
    assert "the source broke" in outcome.complaint


async def test_pull_sync_tells_the_other_end_of_an_error_here(programs: Programs) -> None:
    programs.file("g.js", "module.exports['/pando/1.0.0'] = function (x, cb) { cb(new Error('not ' + x)) }")
    dialogue = await begin(programs, "g.js")
    await dialogue.says('0"3"', "2")
    outcome = await dialogue.client.finish()
    assert outcome.status == 1
    assert outcome.lines[-1].startswith('1"')
    assert "not 3" in outcome.lines[-1]
    assert "not 3" in outcome.err[-1]


# Monitoring


async def test_the_monitoring_page_gets_the_state_of_the_run_and_of_each_volunteer(tmp_path: Path) -> None:
    """As JSON at `/status.json`: what the table shows, by identifier."""
    async with pando(squares(tmp_path), None) as client, pando_volunteer(client.url, "--cores=1", "--device=Rack 7"):
        await client.give(range(20))
        await client.prints(20)
        status = await client.status()
        [row] = status.pop("volunteers")
        assert status.pop("job")
        counts = {"read": 20, "written": 20, "waiting": 0, "lent": 0, "held_back": 0, "left": 0}
        assert status == {**counts, "interval_ms": 3000}
        assert (row["device"], row["state"], row["slots"], row["items"]) == ("Rack 7", "ready", 1, 20)
        assert row["throughput"] > 0
        assert 0 < row["load"] <= 1
        assert row["connected_s"] > 0
        assert {"id", "channel", "address", "round_trip_ms", "reported_items", "reported_units"} <= set(row)
        await client.end_input()
        assert await client.ends() == 0
    assert client.lines == squared(range(20))

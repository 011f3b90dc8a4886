"""STUN and TURN servers that cannot be used are left out, and of TURN servers it is said."""

from __future__ import annotations

import socket

import pytest

from pando_client import console
from pando_client.channels.aiortc_tuning import gathering
from pando_client.rendezvous import stun
from pando_client.rendezvous.stun import without_silent
from pando_shared.signaling import IceServer
from tests.support.fronts import listening
from tests.support.stun_servers import stun_server, turn_server

DOES_WITHOUT = ": this client does without it"


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(console, "say", lines.append)
    monkeypatch.setattr(gathering, "_took", {})
    return lines


def turn(port: int, credential: str = "right", more: str = "") -> IceServer:
    return IceServer(urls=f"turn:127.0.0.1:{port}{more}", username="user", credential=credential)


@pytest.mark.parametrize("skip", [0, 1])
async def test_who_answers_stays_and_who_does_not_goes(
    skip: int, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stun, "PROBE_SECONDS", 1.0)
    monkeypatch.setattr(stun, "TURN_PROBE_SECONDS", 1.0)
    async with stun_server() as server, turn_server("user", "right") as relay:
        server.skip = skip  # packets may be lost
        answering = IceServer(urls=f"stun:127.0.0.1:{server.address[1]}")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            mute.bind(("127.0.0.1", 0))
            port = mute.getsockname()[1]
            silent = IceServer(urls=f"stun:127.0.0.1:{port}")
            found = await without_silent([silent, answering, turn(port), turn(relay.address[1])])
        assert found == [answering, turn(relay.address[1])]
        assert said == [f"pando: the TURN server turn:127.0.0.1:{port} does not answer{DOES_WITHOUT}"]
        assert gathering.patience(server.address, 0.0) > 0, "it is known how long it takes"


async def test_servers_of_ipv6() -> None:
    async with stun_server("::1") as server, turn_server("user", "right", "::1") as relay:
        servers = [
            IceServer(urls=f"stun:[::1]:{server.address[1]}"),
            IceServer(urls=f"turn:[::1]:{relay.address[1]}", username="user", credential="right"),
        ]
        assert await without_silent(servers) == servers


@pytest.mark.parametrize(
    ("credential", "error", "says"),
    [
        ("wrong", None, "refuses the user name or password"),
        ("right", (486, "Allocation Quota Reached"), "has no room for another allocation of this user"),
        ("right", (403, "Forbidden"), "does not let this machine in"),
        ("right", (500, "Server Error"), "refuses (code 500)"),
    ],
)
async def test_a_turn_server_that_refuses_is_named(
    credential: str, error: tuple[int, str] | None, says: str, said: list[str]
) -> None:
    async with turn_server("user", "right") as relay:
        relay.error = error
        assert await without_silent([turn(relay.address[1], credential)]) == []
        assert said == [f"pando: the TURN server turn:127.0.0.1:{relay.address[1]} {says}{DOES_WITHOUT}"]


async def test_a_turn_server_that_is_none(said: list[str]) -> None:
    async with listening(lambda reader, writer: _talk(writer)) as port:
        for more, scheme in (("?transport=tcp", "turn"), ("", "turns")):
            server = IceServer(urls=f"{scheme}:127.0.0.1:{port}{more}", username="user", credential="right")
            assert await without_silent([server]) == []
    assert [line.partition(" does not answer")[1] for line in said] == [" does not answer"] * 2
    assert not any("SSL" in line or "Errno" in line for line in said)


async def _talk(writer: object) -> None:
    writer.write(b"220 this is a mail server\r\n")  # type: ignore[attr-defined]  # a StreamWriter


@pytest.mark.parametrize("urls", ["stun:127.0.0.1", "stun:[::1]:9", "stun:no-such-host.invalid"])
async def test_what_cannot_be_asked_goes(urls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stun, "PROBE_SECONDS", 0.2)  # one is asked, but no server is at the usual port
    assert await without_silent([IceServer(urls=urls)]) == []


async def test_none_are_none() -> None:
    assert await without_silent([]) == []

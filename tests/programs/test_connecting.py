"""What people read when a server cannot be reached, and that proxies, certificates and IPv6 count."""

from __future__ import annotations

import asyncio
import datetime
import re
from pathlib import Path

import pytest
import socketio
from aiortc import RTCConfiguration, RTCPeerConnection

from pando_shared import PROTOCOL
from pando_shared.signaling import Nonce, VolunteerLogin
from tests.support.fronts import Authority, connect_proxy, http, listening, responding, tls_front
from tests.support.machine import free_port
from tests.support.processes import Outcome, Program
from tests.support.programs import BIN, Programs, Server
from tests.support.secrets import SECRET

DAY = datetime.timedelta(days=1)
NONCE = Nonce(nonce="0" * 64, protocol=PROTOCOL, version="9.9").model_dump_json().encode()
FOREIGN = re.compile(r"ssl[^_]|errno|traceback|httpx|aiohttp|os error|client error|TypeError", re.IGNORECASE)
"""Texts of libraries."""


async def refused(programs: Programs, host: str, **env: str) -> str:
    """Runs a client that cannot connect; returns its last words."""
    outcome = await programs.pando("f.js", "1", f"--host={host}", "--ice-servers=", env={"PANDO_SECRET": SECRET} | env)
    assert (outcome.status, outcome.out) == (1, b"")
    return own_words(outcome)


def own_words(outcome: Outcome) -> str:
    assert not [line for line in outcome.err if FOREIGN.search(line)]
    return outcome.err[-1]


async def complains(programs: Programs, url: str, says: str, **env: str) -> str:
    """Runs a volunteer that cannot connect, until it says so; returns what matched."""
    volunteer = await programs.launch(Program, str(BIN / "pando-volunteer"), url, env=env)
    said = (await volunteer.says(says))[0]
    assert not volunteer.said(FOREIGN.pattern)
    assert not volunteer.said("this page|headless")
    await volunteer.close()
    return said


def trusting(authority: Authority) -> dict[str, str]:
    return {"SSL_CERT_FILE": str(authority.file)}


async def test_both_connections_go_through_a_proxy_and_trust_whom_the_environment_names(
    programs: Programs, tmp_path: Path
) -> None:
    server, port = await programs.server()
    authority = Authority(tmp_path)
    asked: list[str] = []
    tls = authority.context(own=False)
    async with tls_front(port, tls) as front, connect_proxy(front, asked) as proxy:
        env = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy}", "no_proxy": "", "NO_PROXY": "", **trusting(authority)}
        given = ("f.js", "1", "--host=other.example", "--ice-servers=")
        client = await programs.start_pando(*given, env=env | {"PANDO_SECRET": SECRET})
        await client.says("Serving volunteer code at https://other.example\n")
        await server.has("jobs", 1)
        assert asked == ["CONNECT other.example:443 HTTP/1.1"] * 2

        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(http("407 Proxy Authentication Required"))
            await writer.drain()

        async with listening(refuse) as closed:
            gone = f"http://user:pass@127.0.0.1:{free_port()}"
            by_nobody, by_rule, by_kind = await asyncio.gather(
                refused(programs, "other.example", **(env | {"HTTPS_PROXY": gone})),
                refused(programs, "other.example", **(env | {"HTTPS_PROXY": f"http://127.0.0.1:{closed}"})),
                programs.pando(*given, env=env | {"HTTPS_PROXY": "socks5://a:1", "PANDO_SECRET": SECRET}),
            )
    assert re.search(r"^pando: the proxy at [\d.:]+ \(HTTPS_PROXY\), .* nothing listens at this port$", by_nobody)
    assert by_rule.endswith(
        "does not let us through to https://other.example: it wants a user name and a password (status 407)"
    )
    assert (by_kind.status, "of a kind that Pando cannot use (socks5)" in by_kind.err[-1]) == (2, True)


async def test_a_certificate_that_is_not_trusted_is_named_with_the_reason(programs: Programs, tmp_path: Path) -> None:
    _, port = await programs.server()
    authority = Authority(tmp_path)
    contexts = {
        "it is signed by an authority that this machine does not know": authority.context(),
        "it has expired, or the clock": authority.context(since=-2 * DAY, until=-DAY),
        "it is not valid yet, or the clock": authority.context(since=DAY, until=2 * DAY),
        "it is for another name": authority.context(own=False),
    }
    for why, context in contexts.items():
        env = {} if "authority" in why else trusting(authority)
        async with tls_front(port, context) as front:
            host = f"https://localhost:{front}"
            trust = f"the certificate of localhost:{front} is not trusted: {why}"
            said, _ = await asyncio.gather(
                refused(programs, host, **env), complains(programs, host, trust.replace("the ", "The ", 1), **env)
            )
            assert said.startswith(f"pando: {trust}")
    # And where it is trusted all is well.
    async with tls_front(port, authority.context()) as front:
        env = trusting(authority)
        volunteer = await programs.launch(Program, str(BIN / "pando-volunteer"), f"https://localhost:{front}", env=env)
        await volunteer.says("There is no job now")
        host = f"--host=https://localhost:{front}"
        client = await programs.start_pando("f.js", "7", host, "--ice-servers=", env=env | {"PANDO_SECRET": SECRET})
        outcome = await client.finish()
        assert (outcome.status, outcome.lines) == (0, ["49"])
    missing = await programs.pando(
        "f.js", "1", "--host=a.example", env={"SSL_CERT_FILE": "/nowhere", "PANDO_SECRET": SECRET}
    )
    assert (missing.status, missing.err[-1]) == (
        2,
        "pando: SSL_CERT_FILE names /nowhere, which cannot be read: No such file or directory",
    )


async def test_what_answers_in_a_servers_place_has_its_words(programs: Programs) -> None:
    def swallow(head: bytes) -> bytes | None:
        return None if b"pgrade: websocket" in head else http("200 OK", NONCE)

    def deny(head: bytes) -> bytes:
        return http("400 Bad Request") if b"pgrade: websocket" in head else http("200 OK", NONCE)

    responses = [http("502 Bad Gateway"), http("503 Service Unavailable"), http("403 Forbidden")]
    moved = http("301 Moved Permanently", b"", "location: https://new.example/api/nonce")
    async with (
        responding(swallow) as mute,
        responding(deny) as closed,
        responding(lambda head: responses.pop(0)) as away,
        responding(lambda head: moved) as old,
        responding(lambda head: http("200 OK", b"<!doctype html>")) as web,
    ):
        began = asyncio.get_running_loop().time()
        waiting = asyncio.ensure_future(
            programs.pando("f.js", "1", f"--host=127.0.0.1:{away}", env={"PANDO_SECRET": SECRET})
        )
        ports = (mute, closed, old, web)
        by_mute, by_closed, by_old, by_web = await asyncio.gather(
            *(refused(programs, f"127.0.0.1:{port}") for port in ports)
        )
        waited = await waiting
        assert asyncio.get_running_loop().time() - began < 25, "15 s, and the start of the program"
    blocked = "a proxy between may not let WebSockets through"
    assert (
        by_mute == f"pando: the server at http://127.0.0.1:{mute} answers, but its WebSocket does not open: {blocked}"
    )
    assert by_closed.endswith(f"but its WebSocket does not open (status 400): {blocked}")
    assert by_old.endswith("has moved: use --host=https://new.example")
    assert by_web.endswith("is not a Pando server: it sends a web page")
    there = f"pando: the server at http://127.0.0.1:{away} answers with status"
    assert waited.err == [
        f"{there} 502: is the server behind it running? Trying again for 30 s ...",
        f"{there} 403: something before it, such as a firewall, does not let this machine in",
    ]


async def test_a_volunteer_says_why_it_does_not_connect(programs: Programs, tmp_path: Path) -> None:
    _, port = await programs.server()

    def swallow(head: bytes) -> bytes | None:
        config = b'{"protocol":%d,"version":"9","channels":["webrtc"]}' % PROTOCOL
        return http("404 Not Found") if b"pgrade: websocket" in head else http("200 OK", config)

    async with (
        tls_front(port, Authority(tmp_path).context()) as front,
        responding(lambda head: http("503 Service Unavailable")) as away,
        responding(swallow) as closed,
        asyncio.TaskGroup() as group,
    ):
        said = [
            group.create_task(complains(programs, url, says))
            for url, says in (
                (f"http://localhost:{free_port()}", r"Nothing listens at port \d+ of localhost: trying again"),
                ("http://no-such-machine.invalid", "There is no machine called no-such-machine.invalid"),
                (f"https://localhost:{port}", f"does not speak TLS .* use http://localhost:{port}[.] Trying"),
                (f"http://localhost:{front}", f"takes https only, use https://localhost:{front}: trying"),
                (f"http://localhost:{away}", "answers with status 503: what is behind it may not be running"),
                (f"http://localhost:{closed}", "answers, but its WebSocket does not open: a proxy"),
            )
        ]
    found = [task.result() for task in said]
    assert len(set(found)) == 6, "each failure has words of its own"


async def test_a_copied_address_and_its_choices_count(programs: Programs) -> None:
    client = await programs.start_pando(
        "f.js", "--stdin", "--port=0", env={"DEBUG": "pando-computing"}, stdin=asyncio.subprocess.PIPE
    )
    url = f"http://127.0.0.1:{await client.serves_at()}/#device=My_laptop;cores=1;"
    volunteer = str(BIN / "pando-volunteer")
    await programs.launch(Program, volunteer, url)
    await client.says("My laptop joined with 1 core")
    many = await programs.launch(Program, volunteer, url, "--device=other", "--cores=999")
    await many.says(r"this machine has \d+ cores?: it lends no more, instead of 999")
    await client.says(r"other joined with \d cores?")
    await programs.launch(Program, volunteer, url, "--device", "third", "--cores", "1")
    await client.says("third joined with 1 core")
    await client.feed([5])
    outcome = await client.finish()
    assert (outcome.status, outcome.lines) == (0, ["25"])
    for arguments, says in (
        (["--cores"], "--cores needs a value"),
        (["a", "b"], "usage: pando-volunteer URL "),
    ):
        wrong = await (await programs.launch(Program, volunteer, *arguments)).finish()
        assert wrong.status == 2
        assert wrong.err[-1].startswith(f"pando-volunteer: {says}")


async def test_ipv6_alone_is_enough(programs: Programs) -> None:
    """The public server and the client's own, each reached by ::1."""
    server = await programs.launch(Server, str(BIN / "pando-server"), "--port=0", env={"PANDO_SECRET": SECRET})
    server.url = await server.listens_at()
    url = f"http://[::1]:{server.port}"
    volunteer = await programs.launch(Program, str(BIN / "pando-volunteer"), url, "--cores=1")
    await volunteer.says("There is no job now")
    client = await programs.start_pando("f.js", "7", f"--host=[::1]:{server.port}", env={"PANDO_SECRET": SECRET})
    outcome = await client.finish()
    assert (outcome.status, outcome.lines, outcome.err[0]) == (0, ["49"], f"Serving volunteer code at {url}")
    assert outcome.err[1].startswith(f"Serving this job alone at {url}/j/")
    client = await programs.start_pando("f.js", "8", "--port=0")
    url = f"http://[::1]:{await client.serves_at()}"
    await programs.launch(Program, str(BIN / "pando-volunteer"), url, "--cores=1")
    outcome = await client.finish()
    assert (outcome.status, outcome.lines) == (0, ["64"])


@pytest.mark.parametrize("count", [2])
async def test_volunteers_that_are_answered_and_never_connect_are_counted(programs: Programs, count: int) -> None:
    _, port = await programs.server()
    client = await programs.start_client(port, "f.js", "1", "--bootstrap-timeout=1", "--ice-servers=")
    await client.says("Serving volunteer code at")
    for _ in range(count):
        await _offer_and_leave(port)
    await client.says("pando: 1 volunteer could not be reached directly: a firewall .* --ice-servers=turn:")
    assert not client.said("2 volunteers"), "the next number comes a minute later"


async def _offer_and_leave(port: int) -> None:
    """Offers a connection to the job, takes the answer, and is not there."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.createDataChannel("pando", negotiated=True, id=0)
    await peer.setLocalDescription(await peer.createOffer())
    sdp = peer.localDescription.sdp
    await peer.close()
    volunteer = socketio.AsyncClient(reconnection=False, handle_sigint=False)
    assigned = asyncio.Event()
    volunteer.on("assigned", lambda _: assigned.set(), namespace="/volunteer")
    await volunteer.connect(
        f"http://127.0.0.1:{port}",
        auth=VolunteerLogin().model_dump(mode="json"),
        transports=["websocket"],
        namespaces=["/volunteer"],
    )
    await asyncio.wait_for(assigned.wait(), 30)
    answer = await volunteer.call("offer", {"attempt": 1, "sdp": sdp}, namespace="/volunteer", timeout=30)
    assert "sdp" in answer
    await volunteer.disconnect()

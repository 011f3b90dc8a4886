"""A public server, clients and headless volunteers, each a process; any of them may die."""

from __future__ import annotations

import asyncio
import re
import signal

from tests.support.processes import Outcome
from tests.support.programs import Programs
from tests.support.secrets import SECRET

SLOW = "module.exports['/pando/1.0.0'] = function (x, cb) { setTimeout(function () { cb(null, x * x) }, 20) }\n"
ITEMS = [str(n) for n in range(1, 101)]
SQUARES = [str(n * n) for n in range(1, 101)]


async def test_a_volunteer_waits_for_a_job_and_starts_by_itself(programs: Programs) -> None:
    _, port = await programs.server()
    volunteer = await programs.volunteer(port)
    await volunteer.says("There is no job now")
    client = await programs.start_client(port, "f.js", *ITEMS)
    outcome = await client.finish()
    assert (outcome.status, outcome.lines) == (0, SQUARES)
    first, second = outcome.err
    assert first == f"Serving volunteer code at http://127.0.0.1:{port}"
    assert re.fullmatch(
        rf"Serving this job alone at http://127\.0\.0\.1:{port}/j/[0-9a-f]{{8}}#client=[\w-]{{43}};", second
    )
    # And it waits again, for the next.
    outcome = await (await programs.start_client(port, "f.js", "7")).finish()
    assert (outcome.status, outcome.lines) == (0, ["49"])


async def test_two_clients_on_one_server_get_their_own_results(programs: Programs) -> None:
    programs.file("cube.js", "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x * x * x) }\n")
    _, port = await programs.server()
    clients = [await programs.start_client(port, "f.js", *ITEMS), await programs.start_client(port, "cube.js", *ITEMS)]
    for client in clients:
        await client.says("Serving volunteer code at")
    for _ in range(2):
        await programs.volunteer(port)
    squares, cubes = await asyncio.gather(*(client.finish() for client in clients))
    assert (squares.status, squares.lines) == (0, SQUARES)
    assert (cubes.status, cubes.lines) == (0, [str(n**3) for n in range(1, 101)])


async def test_a_volunteer_that_goes_is_replaced(programs: Programs) -> None:
    """Killed, told to end, frozen: three runs at once, since most of it is waiting."""
    programs.file("g.js", SLOW)
    outcomes = await asyncio.gather(
        *(replaced(programs, number) for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP))
    )
    for outcome in outcomes:
        assert (outcome.status, outcome.lines, outcome.complaints) == (0, SQUARES, [])


async def replaced(programs: Programs, number: int) -> Outcome:
    _, port = await programs.server()
    client = await programs.start_client(port, "g.js", "--heartbeat=300", *ITEMS)
    first = await programs.volunteer(port)
    await client.prints(5)
    await programs.volunteer(port)
    first.signal(number)
    outcome = await client.finish()
    if number == signal.SIGTERM:
        assert (await first.finish(within=10)).status in (0, 143)
    return outcome


async def test_the_server_dies_and_comes_back(programs: Programs) -> None:
    """The run goes on without it; with another secret the client says so, and keeps on trying."""
    programs.file("g.js", SLOW)
    for outcome in await asyncio.gather(*(comes_back(programs, same_secret) for same_secret in (True, False))):
        assert (outcome.status, outcome.lines) == (0, SQUARES)
        assert len(outcome.complaints) == 2
        assert not any("Traceback" in line for line in outcome.err)


async def comes_back(programs: Programs, same_secret: bool) -> Outcome:
    server, port = await programs.server()
    client = await programs.start_client(port, "g.js", "--stdin", stdin=asyncio.subprocess.PIPE)
    await programs.volunteer(port)
    await client.write(b"1\n")
    await client.prints(1)
    server.signal(signal.SIGKILL)
    await server.finish()
    await client.says(rf"lost the server at http://127\.0\.0\.1:{port}; the run goes on")
    await client.write(b"2\n3\n")
    await client.prints(3)
    await programs.server(port, SECRET if same_secret else "another secret that is long enough")
    if same_secret:
        await client.says(rf"the server at http://127\.0\.0\.1:{port} is back")
        await programs.volunteer(port)
    else:
        await client.says(r"has another secret; trying again")
    await client.write("".join(f"{n}\n" for n in ITEMS[3:]).encode())
    await client.end_input()
    return await client.finish()


async def test_the_server_ends_properly(programs: Programs) -> None:
    programs.file("g.js", SLOW)
    server, port = await programs.server()
    client = await programs.start_client(port, "g.js", *ITEMS)
    await programs.volunteer(port)
    await client.prints(1)
    server.signal(signal.SIGTERM)
    await server.finish(within=15)
    outcome = await client.finish()
    assert (outcome.status, outcome.lines) == (0, SQUARES)
    assert "lost the server" in outcome.complaint


async def test_interrupted_while_logged_in(programs: Programs) -> None:
    """The library for Socket.IO would take Ctrl-C for itself."""
    _, port = await programs.server()
    client = await programs.start_client(port, "f.js", "--stdin", stdin=asyncio.subprocess.PIPE)
    await client.says("Serving volunteer code at")
    client.signal(signal.SIGINT)
    outcome = await client.finish(within=10)
    assert (outcome.status, outcome.out, outcome.complaints) == (130, b"", [])


async def test_this_machine_computes_besides(programs: Programs) -> None:
    _, port = await programs.server()
    client = await programs.start_client(port, "f.js", "--start-idle=false", *ITEMS)
    outcome = await client.finish()
    assert (outcome.status, outcome.lines, outcome.complaints) == (0, SQUARES, [])


async def test_a_volunteer_of_a_clients_own_server(programs: Programs) -> None:
    """Without a public server, by WebSocket and by WebRTC."""
    for protocol in ("websocket", "webrtc"):
        client = await programs.start_pando("f.js", "--port=0", *ITEMS)
        volunteer = await programs.volunteer(await client.serves_at(), f"--protocol={protocol}")
        outcome = await client.finish()
        assert (outcome.status, outcome.lines, outcome.complaints) == (0, SQUARES, []), protocol
        volunteer.signal(signal.SIGKILL)

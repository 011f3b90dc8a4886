"""What a user sees when something is wrong: one clear line, the right exit status, nothing on standard output."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from pando_shared.limits import MAX_UNPACKED_BUNDLE_BYTES
from tests.support.programs import SQUARE, Programs
from tests.support.secrets import SECRET

Stub = Callable[[str], tuple[int, str, bytes]]
"""Answers the path of a GET with a status, a content type and a body."""


@asynccontextmanager
async def http_stub(answer: Stub) -> AsyncIterator[int]:
    """A plain HTTP server on loopback; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            status, kind, body = answer(request.split()[1].decode())
            head = f"HTTP/1.1 {status} Whatever\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
            writer.write(head.encode() + b"connection: close\r\n\r\n" + body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def nonce(**more: object) -> bytes:
    return json.dumps({"protocol": 2, "version": "9.9", "nonce": "0" * 64} | more).encode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "the module g.js does not exist"),
        ("var a = 1\nvar b = ]\n", "{folder}/g.js:2:9: "),
        ("exports.f = 1\n", "g.js: Incompatible module, missing '/pando/1.0.0' property"),
        (
            "module.exports['/pando/1.0.0'] = function (x) {}\n",
            "g.js: Incompatible module, '/pando/1.0.0' property is not a function or does not expect two arguments",
        ),
        ("require('no-such-package')\n" + SQUARE, '{folder}/g.js:1:9: There is no package "no-such-package"'),
        ("require('./nothing')\n" + SQUARE, '{folder}/g.js:1:9: There is no module "./nothing"'),
        ("throw new Error('not\\nnow')\n", "{folder}/g.js:1:7: Loading the module failed: Error: not\\nnow"),
    ],
)
async def test_a_module_that_cannot_be_used(programs: Programs, content: str | None, says: str) -> None:
    if content is not None:
        programs.file("g.js", content)
    outcome = await programs.pando("g.js", "--port=0", "1")
    assert (outcome.status, outcome.out) == (1, b"")
    assert outcome.complaint.startswith("pando: " + says.format(folder=programs.folder))
    assert outcome.err == [outcome.complaint], "nobody is asked for help before the module is known to be right"
    await programs.nothing_is_left()


async def test_a_function_that_no_volunteer_would_unpack_is_refused_before_anybody_is_asked(programs: Programs) -> None:
    """It compresses well, so that it would travel, and then every volunteer would refuse it."""
    programs.file("g.js", SQUARE + f"module.exports.filling = '{'x' * MAX_UNPACKED_BUNDLE_BYTES}'\n")
    outcome = await programs.pando("g.js", "--port=0", "1")
    assert (outcome.status, outcome.out) == (1, b"")
    assert outcome.complaint.startswith("pando: the bundle of g.js is too large: ")
    assert outcome.complaint.endswith(f" bytes; a volunteer takes {MAX_UNPACKED_BUNDLE_BYTES} at most")
    assert outcome.err == [outcome.complaint]
    await programs.nothing_is_left()


async def test_a_folder_is_no_module(programs: Programs) -> None:
    outcome = await programs.pando(".", "1")
    assert (outcome.status, outcome.complaint) == (1, "pando: the module . is a folder")


@pytest.mark.parametrize("which", [0, 1])
async def test_a_port_that_is_taken(programs: Programs, which: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy: int = taken.getsockname()[1]
        outcome = await programs.pando("f.js", f"--port={busy - which}", "1")
    assert (outcome.status, outcome.out) == (1, b"")
    assert outcome.complaint == f"pando: port {busy} is in use by another program; choose another one with --port"


async def test_nobody_answers(programs: Programs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as freed:
        port = freed.getsockname()[1]
    outcome = await programs.pando("f.js", f"--host=127.0.0.1:{port}", "1", env={"PANDO_SECRET": SECRET})
    assert (outcome.status, outcome.out) == (1, b"")
    assert outcome.complaint.startswith(f"pando: the server at http://127.0.0.1:{port} does not answer")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda _: (404, "text/plain", b"no"), "there is no Pando server at {url} (status 404): "),
        (lambda _: (200, "text/html", b"<!doctype html><p>hello"), "what answers at {url} is not a Pando server"),
        (lambda _: (200, "application/json", b'{"hello": "world"}'), "what answers at {url} is not a Pando server"),
        (lambda _: (200, "application/json", b"[" * 100_000), "what answers at {url} is not a Pando server"),
        (lambda _: (301, "text/html", b""), "what answers at {url} is not a Pando server"),
        (
            lambda _: (500, "text/html", nonce(nonce="short")),
            "the server at {url} answers with status 500: something is wrong there",
        ),
        (lambda _: (200, "application/json", b"\xff\xfe"), "what answers at {url} is not a Pando server"),
        (lambda _: (429, "application/json", b"{}"), "the server at {url} wants fewer logins: wait a minute"),
        (
            lambda _: (200, "application/json", nonce(protocol=3)),
            "the server at {url} runs Pando 9.9 (version 3 of the protocol), and this is Pando 0.1.0 (version 2):"
            " install the same Pando on both",
        ),
        # A nonce, but no Socket.IO behind it.
        (
            lambda path: (200, "application/json", nonce()) if path == "/api/nonce" else (404, "text/plain", b"no"),
            "the server at {url} answers, but its WebSocket does not open (status 404): ",
        ),
    ],
)
async def test_somebody_else_answers(programs: Programs, answer: Stub, says: str) -> None:
    async with http_stub(answer) as port:
        outcome = await programs.pando("f.js", f"--host=127.0.0.1:{port}", "1", env={"PANDO_SECRET": SECRET})
    assert (outcome.status, outcome.out) == (1, b"")
    assert outcome.complaint.startswith("pando: " + says.format(url=f"http://127.0.0.1:{port}"))


async def test_somebody_answers_with_something_else_than_http(programs: Programs) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp ready\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        outcome = await programs.pando("f.js", f"--host=127.0.0.1:{port}", "1", env={"PANDO_SECRET": SECRET})
    assert outcome.status == 1
    assert outcome.complaint.startswith(f"pando: the server at http://127.0.0.1:{port} does not answer: ")


async def test_secrets_wrong_short_and_missing(programs: Programs) -> None:
    _, port = await programs.server()
    at = f"--host=127.0.0.1:{port}"
    wrong = await programs.pando("f.js", at, "1", env={"PANDO_SECRET": "another secret, long enough"})
    assert (wrong.status, wrong.out) == (1, b"")
    assert wrong.complaint == f"pando: the server at http://127.0.0.1:{port} has another secret"
    short = await programs.pando("f.js", at, "1", env={"PANDO_SECRET": SECRET[:10]})
    assert (short.status, short.out) == (2, b"")
    assert "too short" in short.complaint
    missing = await programs.pando("f.js", at, "1")
    assert (missing.status, missing.out) == (2, b"")
    assert "needs the server's secret" in missing.complaint
    programs.file("two", f"{SECRET}\n{SECRET}\n")
    two = await programs.pando("f.js", at, "--secret-file=two", "1")
    assert (two.status, two.out) == (2, b"")
    assert two.err == ["pando: the secret file two has text after its first line: the secret must be its only line"]
    # None of them has locked the right one out.
    programs.file("secret", SECRET + "\n")
    right = await programs.start_pando("f.js", at, "--secret-file=secret", "1")
    await right.says(f"Serving volunteer code at http://127.0.0.1:{port}\n")


async def test_a_function_that_cannot_be_computed_here_is_said_and_ends(programs: Programs) -> None:
    programs.file("page.js", f"document.title = 'x'\n{SQUARE}")
    outcome = await programs.pando("page.js", "--local", "1")
    assert (outcome.status, outcome.out) == (1, b"")
    assert "needs a page while the module loads, and --local has none" in outcome.complaint

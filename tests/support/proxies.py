"""nginx and Caddy in front of a server on loopback, with the blocks of `docs/deploy.md`."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.browsers import installed
from tests.support.machine import eventually, make_folder
from tests.support.processes import Program, start

DOCUMENT = Path(__file__).parents[2] / "docs" / "deploy.md"

NGINX = """\
daemon off;
master_process off;
error_log stderr;
pid nginx.pid;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    {block}
}}
"""
CADDY = "{{\n    admin off\n    auto_https off\n}}\n{block}\n"


def blocks(language: str) -> list[str]:
    """The blocks of the document in the language `nginx` or `caddy`."""
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)


@asynccontextmanager
async def nginx(folder: Path, block: str, port: int, server: int) -> AsyncIterator[Program]:
    """Runs nginx with a block of the document, without TLS: at `port`, before what listens at `server`."""
    block = re.sub(r"listen 443 ssl;", f"listen 127.0.0.1:{port};", block)
    block = re.sub(r"(?m)^ *(listen \[::\]|ssl_).*\n", "", block).replace("127.0.0.1:5000", f"127.0.0.1:{server}")
    make_folder(folder, {"nginx.conf": NGINX.format(block=block)})
    async with _running(port, installed("nginx", "/usr/sbin/nginx"), "-p", str(folder), "-c", "nginx.conf") as program:
        yield program


@asynccontextmanager
async def caddy(folder: Path, block: str, port: int, server: int) -> AsyncIterator[Program]:
    """Runs Caddy with a block of the document, without TLS."""
    block = re.sub(r"(?m)^\S+ \{", f"http://127.0.0.1:{port} {{", block, count=1)
    block = block.replace("127.0.0.1:5000", f"127.0.0.1:{server}")
    make_folder(folder, {"Caddyfile": CADDY.format(block=block)})
    command = (installed("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile"))
    async with _running(port, *command) as program:
        yield program


@asynccontextmanager
async def _running(port: int, *command: str) -> AsyncIterator[Program]:
    program = await start(Program, *command)

    async def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        await eventually(listens, f"{command[0]} listens: {program}", 10)
        yield program
    finally:
        await program.close()

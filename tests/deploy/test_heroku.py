"""The files of the deployment, and its smoke check against a local server."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pando_server.settings import load
from tests.support.server_peers import Site, site

ROOT = Path(__file__).parents[2]
SMOKE = ROOT / "deploy" / "heroku" / "smoke.py"


async def smoke(url: str) -> tuple[int, str]:
    """Runs the check. Returns its exit status and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SMOKE), url, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


@pytest.fixture
async def here(static: Path) -> AsyncIterator[Site]:
    async with site(static) as running:
        yield running


async def test_the_smoke_check_passes_on_a_server_that_works(here: Site) -> None:
    status, out = await smoke(here.url)
    assert (status, re.findall(r"^(\w+ +\w+):", out, re.MULTILINE)) == (
        0,
        ["ok   health", "ok   page", "ok   config", "ok   nonce", "ok   sockets"],
    )


async def test_the_smoke_check_says_what_is_wrong(static: Path) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        writer.close()

    async with await asyncio.start_server(nonsense, "127.0.0.1", 0) as server:
        status, out = await smoke(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert status == 1
    assert out.count("FAIL") == 5
    assert "Traceback" not in out


async def test_the_smoke_check_explains_its_usage() -> None:
    status, out = await smoke("app.example")
    assert status == 2
    assert "must begin with https://" in out


def test_the_settings_of_the_app_start_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    app = json.loads((ROOT / "deploy/heroku/app.json").read_text())
    assert "value" not in app["env"]["SECRET"]
    for name, setting in app["env"].items():
        monkeypatch.setenv(name, setting.get("value", "drawn by the platform"))
    settings = load()
    scope = {
        "client": ("10.1.2.3", 1),
        "server": ("10.1.2.4", 2),
        "headers": [(b"x-forwarded-for", b"evil, 192.0.2.1")],
    }
    assert settings.proxies.peer(scope).address == "192.0.2.1"


def test_the_platform_finds_what_to_install_and_what_to_run() -> None:
    assert (ROOT / "Procfile").read_text() == "web: pando-server\n"
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["."]
    assert 'pando-server = "pando_server.__main__:main"' in (ROOT / "pyproject.toml").read_text()

"""A server behind nginx and Caddy, with the blocks of `docs/deploy.md`: whole jobs, and what the log says otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from pando_server.settings import ServerSettings
from tests.support import proxies
from tests.support.browsers import Chromium
from tests.support.functions import squared, squares
from tests.support.machine import free_port
from tests.support.processes import Program
from tests.support.programs import Client, Server, pando, pando_server, pando_volunteer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ITEMS = range(1, 41)
Proxy = Callable[[Path, str, int, int], AbstractAsyncContextManager[Program]]


def behind(port: int, path: str) -> Server:
    """The server, as clients and volunteers see it through a proxy."""
    seen = Server("server behind a proxy")
    seen.url = f"http://127.0.0.1:{port}{path}"
    return seen


async def has_all(client: Client) -> None:
    """Gives the client its items and waits for the results."""
    await client.feed(ITEMS)
    assert await client.ends() == 0, client
    assert client.lines == squared(ITEMS)


@pytest.mark.parametrize(
    ("proxy", "number", "path"),
    [
        (proxies.nginx, 0, "/"),
        (proxies.nginx, 1, "/pando/"),
        (proxies.caddy, 0, "/"),
        (proxies.caddy, 1, "/pando/"),
    ],
    ids=["nginx", "nginx, a folder", "caddy", "caddy, a folder"],
)
async def test_a_job_through_a_proxy(browser: Chromium, tmp_path: Path, proxy: Proxy, number: int, path: str) -> None:
    port = free_port()
    block = proxies.blocks(proxy.__name__)[number]
    async with (
        pando_server() as server,
        proxy(tmp_path / "proxy", block, port, server.port),
        pando(squares(tmp_path), None, server=behind(port, path)) as client,
    ):
        tab = await browser.open(f"http://127.0.0.1:{port}{path}", "Tab")
        await client.says("Tab joined")
        job = (await client.says(r"Serving this job alone at ([^#\s]+)"))[1]
        assert job.startswith(f"http://127.0.0.1:{port}{path}j/")
        async with pando_volunteer(job, "--device=Process", "--cores=1"):
            await client.says("Process joined")
            # The page of one job is in a folder further down than its files.
            other = await browser.open(job, "Other")
            await client.says("Other joined")
            await has_all(client)
        assert [page.problems for page in (tab, other)] == [[], []]
        assert server.said("X-Forwarded|tried to connect") == 0, server


async def test_a_folder_without_its_slash_leads_there(browser: Chromium, tmp_path: Path) -> None:
    """Also for a client that serves its volunteers itself, over WebSocket, with a function that has a page."""
    port = free_port()
    async with (
        pando(squares(tmp_path), None, "--context=page") as client,
        proxies.nginx(tmp_path / "proxy", proxies.blocks("nginx")[1], port, int(client.url.rpartition(":")[2])),
    ):
        tab = await browser.open(f"http://127.0.0.1:{port}/pando", "Tab", "websocket")
        assert "/pando/#" in tab.page.url
        await client.says("Tab joined")
        await client.give(ITEMS)
        await client.prints(len(ITEMS))
        # Before its client ends: then the page asks for the next job through a proxy that has nothing behind it.
        assert tab.problems == []
        await client.feed(())
        assert await client.ends() == 0, client
        assert client.lines == squared(ITEMS)


async def test_a_proxy_that_leaves_the_port_out(browser: Chromium, tmp_path: Path) -> None:
    port = free_port()
    block = proxies.blocks("nginx")[0].replace("Host $http_host", "Host $host")
    silent = re.sub(r"(?m)^.*X-Forwarded-(Host|Port).*\n", "", block)
    async with pando_server() as server:
        async with proxies.nginx(tmp_path / "one", block, port, server.port):
            tab = await browser.open(f"http://127.0.0.1:{port}/", "Tab")
            await tab.state("waiting")
        async with proxies.nginx(tmp_path / "two", silent, port, server.port):
            tab = await browser.open(f"http://127.0.0.1:{port}/", "Tab")
            page, asked = rf"127\.0\.0\.1:{port}", r"127\.0\.0\.1"
            await server.says(f"a page at {page} asked this server, which is asked for as {asked}\n")
            await tab.state("lost")
            said = f"his page is at 127.0.0.1:{port}, and its requests come to 127.0.0.1: a proxy between must pass on"
            assert said in await tab.text("body")


async def test_the_document_names_every_setting() -> None:
    text = proxies.DOCUMENT.read_text()
    fields = [field for name, field in ServerSettings.model_fields.items() if name != "embedded"]
    for field in fields:
        alias = field.validation_alias
        names = [alias] if isinstance(alias, str) else alias.choices  # type: ignore[union-attr]
        assert [name for name in names if f"`{name}`" not in text] == []

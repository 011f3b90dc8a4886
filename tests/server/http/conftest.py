"""One server for each file of tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio

from pando_server.relay.limits import Limits
from tests.support.server_peers import Site, site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(static: Path) -> AsyncIterator[Site]:
    async with site(static, limits=Limits(nonce_burst=10_000)) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def http(running: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with running.http() as client:
        yield client

"""Browsers that the tests of one module share."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support import browsers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[browsers.Chromium]:
    """A Chromium that shows its addresses: what it announces of hidden ones would leave this machine."""
    async with browsers.chromium(tmp_path_factory.mktemp("chromium"), browsers.OPEN_ADDRESSES) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def browser(running_chromium: browsers.Chromium) -> AsyncIterator[browsers.Chromium]:
    """The same, without tabs."""
    yield running_chromium
    await running_chromium.close_tabs()

"""A browser for those examples that show something."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import browsers


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[browsers.Chromium]:
    async with browsers.chromium(tmp_path / "chromium") as running:
        yield running
        await running.close_tabs()

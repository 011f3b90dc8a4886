"""What the tests of the client share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from running import Programs, programs_in


@pytest.fixture
async def programs(tmp_path: Path) -> AsyncIterator[Programs]:
    """Starts real processes in a folder of their own, and ends what is left of them."""
    async with programs_in(tmp_path) as found:
        yield found

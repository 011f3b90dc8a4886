"""What all tests share."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis
import pytest

from tests.support.processes import Programs, programs_in
from tests.support.server_peers import write_page

# CI machines stall now and then; a slow example is no failure of the code.
hypothesis.settings.register_profile("pando", deadline=None, print_blob=True)
hypothesis.settings.load_profile("pando")

# Under `nohup`, or behind `&` in a shell without job control, some of these are ignored, also by what the tests start.
for number, usual in (
    (signal.SIGHUP, signal.SIG_DFL),
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A volunteer page that is as good as built."""
    return write_page(tmp_path_factory.mktemp("static"))


@pytest.fixture
async def programs(tmp_path: Path) -> AsyncIterator[Programs]:
    """Starts real processes in a folder of their own, and ends what is left of them."""
    async with programs_in(tmp_path) as found:
        yield found

"""What all tests share, and in which order they run."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import coverage
import hypothesis
import pytest
import pytest_asyncio

from tests.support import browsers
from tests.support.programs import Programs, programs_in
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

RINGS = ("end_to_end", "programs", "examples")
"""Folders whose files take long, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts long files first: workers take a file at a time, and should end together."""

    def place(item: pytest.Item) -> int:
        if item.get_closest_marker("untraced") is not None:
            return -1
        ring = item.path.parent.name
        return RINGS.index(ring) if ring in RINGS else len(RINGS)

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Measures no coverage while a test runs that is marked `untraced`."""
    tracing = coverage.Coverage.current() if item.get_closest_marker("untraced") is not None else None
    if tracing is not None:
        tracing.stop()
    try:
        yield
    finally:
        if tracing is not None:
            tracing.start()


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A volunteer page that is as good as built."""
    return write_page(tmp_path_factory.mktemp("static"))


@pytest.fixture
async def programs(tmp_path: Path) -> AsyncIterator[Programs]:
    """Starts real processes in a folder of their own, and ends what is left of them."""
    async with programs_in(tmp_path) as found:
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[browsers.Chromium]:
    """A Chromium that shows its addresses: what it announces of hidden ones would leave this machine."""
    async with browsers.chromium(tmp_path_factory.mktemp("chromium"), browsers.OPEN_ADDRESSES) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def browser(running_chromium: browsers.Chromium) -> AsyncIterator[browsers.Chromium]:
    """The same, without tabs. Who uses it runs in the loop of the session."""
    yield running_chromium
    await running_chromium.close_tabs()

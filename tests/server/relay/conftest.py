"""A relay whose invariant is checked at the end of each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.relay_shell import RelayShell


@pytest.fixture
def shell() -> Iterator[RelayShell]:
    shell = RelayShell()
    yield shell
    shell.relay.check()

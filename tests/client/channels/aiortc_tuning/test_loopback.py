"""127.0.0.1 among the addresses that ICE gathers."""

from __future__ import annotations

import runpy

import aioice.ice
import pytest

from pando_client.channels.aiortc_tuning import loopback
from pando_client.channels.aiortc_tuning.loopback import gather_loopback, host_addresses


def test_it_is_gathered_for_tasks_that_want_it() -> None:
    assert aioice.ice.get_host_addresses is host_addresses
    gather_loopback(False)
    without = host_addresses(True, False)
    assert "127.0.0.1" not in without
    gather_loopback(True)
    assert host_addresses(True, False) == ["127.0.0.1", *without]
    assert "127.0.0.1" not in host_addresses(False, True)
    gather_loopback(False)


def test_an_aioice_without_that_function_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(aioice.ice, "get_host_addresses")
    runpy.run_path(str(loopback.__file__))
    assert not hasattr(aioice.ice, "get_host_addresses")

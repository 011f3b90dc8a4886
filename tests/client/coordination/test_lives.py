"""Which page or process a volunteer is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from pando_client.coordination import lives
from pando_client.coordination.connected_volunteer import ConnectedVolunteer
from pando_client.coordination.lives import Lives


def volunteer(number: str, life: str) -> ConnectedVolunteer:
    return cast("ConnectedVolunteer", SimpleNamespace(id=number, life=life))


def test_who_comes_back_is_known_by_what_it_calls_itself() -> None:
    known = Lives()
    assert known.begin(volunteer("1", "page")) is None
    assert known.begin(volunteer("2", "other page")) is None
    assert known.begin(volunteer("3", "page")) == "1"
    assert known.begin(volunteer("4", "page")) == "3"
    assert repr(known) == "<Lives, 2 remembered>"


def test_who_does_not_say_it_is_new_each_time() -> None:
    known = Lives()
    assert known.begin(volunteer("1", "")) is None
    assert known.begin(volunteer("2", "")) is None


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "MAX_REMEMBERED", 2)
    known = Lives()
    for number in "123":
        known.begin(volunteer(number, f"page {number}"))
    assert [known.begin(volunteer("4", f"page {number}")) for number in "321"] == ["3", "2", None]

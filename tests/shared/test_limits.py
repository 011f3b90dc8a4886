"""`limits.json` binds the limits of both languages, as the vectors bind the codecs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pando_shared import limits

SHARED: dict[str, int] = json.loads((Path(__file__).parents[2] / "shared/limits.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(SHARED))
def test_a_limit_here_is_the_one_of_the_file(name: str) -> None:
    assert getattr(limits, name) == SHARED[name]


def test_the_file_holds_whole_numbers_above_zero() -> None:
    assert len(SHARED) > 20
    assert all(type(value) is int and value > 0 for value in SHARED.values())


def test_the_function_fits_the_message_that_carries_it() -> None:
    room_for_json = limits.MAX_MESSAGE_TO_VOLUNTEER_BYTES - limits.MAX_PACKED_BUNDLE_BYTES
    hosts = limits.MAX_ALLOWED_HOSTS * limits.MAX_HOST_CHARACTERS
    assert room_for_json > hosts + 6 * limits.MAX_TITLE_CHARACTERS + 1024

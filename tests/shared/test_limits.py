"""`limits.json` binds the limits of both languages, as the vectors bind the codecs."""

from __future__ import annotations

import json
from pathlib import Path

from pando_shared import limits

SHARED = json.loads((Path(__file__).parents[2] / "shared/limits.json").read_text(encoding="utf-8"))
HERE = {name: value for name, value in vars(limits).items() if name.isupper()}


def test_the_limits_here_are_those_of_the_file() -> None:
    assert SHARED == HERE


def test_every_limit_is_a_whole_number_above_zero() -> None:
    assert all(type(value) is int and value > 0 for value in SHARED.values())


def test_the_function_fits_the_message_that_carries_it() -> None:
    room_for_json = limits.MAX_TO_VOLUNTEER_BYTES - limits.MAX_BUNDLE_PACKED_BYTES
    assert room_for_json > limits.MAX_HOSTS * limits.MAX_HOST_CHARS + 10 * limits.MAX_SHORT_TEXT_CHARS

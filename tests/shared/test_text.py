"""Foreign text on one line, whatever it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pando_shared.text import MAX_SHOWN, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with ß and 😀", "plain, with ß and 😀"),
        ("a\x1b[2Jb\n", r"a\x1b[2Jb\n"),
        ("right\u202eto left", r"right\u202eto left"),
        ("half \ud83d", r"half \ud83d"),
        (KeyError("k"), "'k'"),
    ],
)
def test_what_a_terminal_could_act_on_is_escaped(text: object, shown: str) -> None:
    assert printable(text) == shown


def test_long_texts_are_cut() -> None:
    assert printable("x" * 10, 10) == "x" * 10
    assert printable("x" * 11, 10) == "x" * 9 + "…"
    # Escaping makes a text longer, so it is cut afterwards too.
    assert printable("\x1b" * 10, 10) == r"\x1b\x1b\…"


@given(st.text(), st.integers(1, 300))
def test_any_text_is_one_printable_line_within_the_limit(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
    assert len(printable(text)) <= MAX_SHOWN

"""What `pando --help` prints, in any width."""

from __future__ import annotations

import pytest

from pando_client.command.help import MAX_COLUMNS, MIN_COLUMNS, help_text
from pando_client.command.option_table import OPTIONS


def test_it_has_every_option_and_what_has_to_be_known() -> None:
    text = help_text(MAX_COLUMNS)
    assert [option.name for option in OPTIONS if f"--{option.name}" not in text] == []
    assert text.startswith("usage: pando MODULE [OPTIONS] ITEM…\n")
    for words in ("/pando/1.0.0", "Exit status", "0x10 and 007", "Everything after -- is an item"):
        assert words in " ".join(text.split())
    assert "BOOL" not in text


@pytest.mark.parametrize("columns", [MIN_COLUMNS, 60, 80, 100])
def test_nothing_is_wider_than_the_terminal(columns: int) -> None:
    # But for a word that is wider than a very narrow one.
    assert [line for line in help_text(columns).splitlines() if len(line) > columns and " " in line.strip()] == []


def test_it_asks_the_terminal_and_keeps_to_what_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns, widest in (("70", 70), ("500", MAX_COLUMNS)):
        monkeypatch.setenv("COLUMNS", columns)
        assert widest - 20 < max(map(len, help_text().splitlines())) <= widest
    assert help_text(1) == help_text(MIN_COLUMNS)

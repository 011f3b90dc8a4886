"""The table of options: it names those that `Options` has, with the ranges that `Options` checks."""

from __future__ import annotations

import re

import pytest

from pando_client.command.arguments import CommandLine
from pando_client.command.configuration import Configuration
from pando_client.command.option_table import BY_KEY, BY_WORD, OPTIONS, Kind, Option
from pando_client.command.values import merged
from pando_client.options import Options
from pando_shared.errors import UsageError

BETWEEN = re.compile(r"from ([\d.]+) to ([\d.]+)")


def is_taken(option: Option, value: str) -> bool:
    try:
        merged(CommandLine({option.key: value}, "f.js"), Configuration())
    except UsageError:
        return False
    return True


def test_it_has_the_options_that_there_are() -> None:
    questions = {option.key for option in OPTIONS if option.kind is Kind.QUESTION}
    assert set(BY_KEY) - questions == set(Options.model_fields) - {"module", "items"}
    assert {word for word in BY_WORD if not word.startswith("--")} == {"-h", "-v", "-e"}


def test_flags_are_what_is_true_or_false() -> None:
    booleans = {name for name, field in Options.model_fields.items() if field.annotation is bool}
    assert {option.key for option in OPTIONS if option.kind is Kind.FLAG} == booleans


@pytest.mark.parametrize("option", [o for o in OPTIONS if BETWEEN.search(o.takes)], ids=lambda option: option.name)
def test_a_range_is_the_one_that_is_checked(option: Option) -> None:
    found = BETWEEN.search(option.takes)
    assert found
    low, high = found.groups()
    assert is_taken(option, low)
    assert is_taken(option, high)
    step = 1 if "whole" in option.takes else 0.0005
    assert not is_taken(option, str(float(low) - step if step < 1 else int(low) - 1))
    assert not is_taken(option, str(int(high) + 1))
    assert not is_taken(option, low + "x")


@pytest.mark.parametrize("name", ["bootstrap_timeout", "reporting_interval"])
def test_a_range_without_its_end(name: str) -> None:
    assert BY_KEY[name].takes == "a number of seconds above 0, up to 86400"
    taken = {value: is_taken(BY_KEY[name], value) for value in ("0", "0.001", "86400", "86401", "nan", "inf")}
    assert taken == {"0": False, "0.001": True, "86400": True, "86401": False, "nan": False, "inf": False}


@pytest.mark.parametrize(("name", "words"), [("context", ["worker", "page"]), ("on_error", ["stop", "skip"])])
def test_words_are_those_that_are_taken(name: str, words: list[str]) -> None:
    assert BY_KEY[name].takes == " or ".join(words)
    assert BY_KEY[name].metavar == "|".join(words)
    assert all(is_taken(BY_KEY[name], word) for word in words)
    assert not is_taken(BY_KEY[name], words[0].upper())

"""pull-sync, the core."""

from __future__ import annotations

import pytest

from pando_client.stdio.pull_sync import GREETING, PullSync
from pando_shared.errors import InputError


def begun() -> PullSync:
    core = PullSync()
    assert core.lines() == [GREETING, b"4"]
    core.receive(GREETING)
    core.receive(b"4")
    return core


def test_a_value_is_asked_for_once_at_a_time() -> None:
    core = begun()
    core.ask()
    core.ask()
    assert core.lines() == [b"2"]
    core.receive(b'0"one"')
    assert list(core.items) == [b"one"]
    core.ask()
    assert core.lines() == [b"2"]


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ('"text \\u00e9\\n"', "text é\n"),
        ('"\\ud800"', "?"),
        ("3", "3"),
        ("-1.5", "-1.5"),
        ("true", "true"),
        ("null", "null"),
        ('{"a":[1]}', '{"a":[1]}'),
    ],
)
def test_items_are_strings(text: str, item: str) -> None:
    core = begun()
    core.ask()
    core.receive(b"0" + text.encode())
    assert list(core.items) == [item.encode()]


def test_a_result_waits_until_it_is_asked_for() -> None:
    core = begun()
    core.give([b"one", 'é"\n'.encode()])
    assert core.lines() == []
    core.receive(b"2")
    assert core.lines() == [b'0"one"']
    core.receive(b"2")
    assert core.lines() == ['0"é\\"\\n"'.encode()]
    core.receive(b"2")
    core.finish()
    assert core.lines() == [b"1true"]
    assert core.ended


def test_an_error_is_told_after_the_results() -> None:
    core = begun()
    core.give([b"one"])
    core.finish("it \u2028 broke")
    core.finish("again")
    core.receive(b"2")
    core.receive(b"2")
    core.receive(b"2")
    assert core.lines() == [b'0"one"', '1"it \u2028 broke"'.encode()]


def test_an_abort_ends_it_and_what_is_left_is_forgotten() -> None:
    core = begun()
    core.give([b"one", b"two"])
    core.receive(b"2")
    core.receive(b"3")
    assert core.lines() == [b'0"one"', b"1true"]
    assert core.aborted
    assert core.ended


def test_the_other_source_ends_well_or_with_an_error() -> None:
    core = begun()
    core.ask()
    core.receive(b"1true")
    assert core.input_ended
    assert core.input_error is None
    core.ask()
    assert core.lines() == [b"2"]  # the one from before
    core = begun()
    core.receive(b'1"it broke\\u001b"')
    assert str(core.input_error) == "the other end of pull-sync failed: it broke\\x1b"


def test_an_end_that_closes_between_two_lines_wants_no_more() -> None:
    for said in ([], [b"2"], [b"2", b"2"], [b"3"]):
        core = begun()
        core.ask()
        for line in said:
            core.receive(line)
        core.give([b"one", b"two", b"three"])
        core.closed()
        assert (core.gone, core.ended, core.input_ended, core.input_error) == (True, True, True, None)


@pytest.mark.parametrize("rest", [b"0", b'0"3', b"1", b"1tru", b"2", b"4", b"5 pull-sync: missing sync", b"\xff"])
def test_half_a_line_is_an_error(rest: bytes) -> None:
    core = begun()
    core.closed(rest)
    assert "in the middle of a line" in str(core.input_error)
    assert core.gone


@pytest.mark.parametrize("rest", [b"3", b"1true"])
def test_last_words_need_no_newline(rest: bytes) -> None:
    core = begun()
    core.closed(rest)
    assert (core.gone, core.input_error) == (True, None)


def test_nothing_at_all_is_no_end_of_pull_sync() -> None:
    for rest, says in ((b"", "is empty"), (b"5 pull-", "in the middle of a line"), (b"3", "does not speak pull-sync")):
        core = PullSync()
        core.closed(rest)
        assert says in str(core.input_error)


def test_the_error_of_the_other_source_is_not_forgotten() -> None:
    core = begun()
    core.receive(b'1"it broke"')
    core.closed()
    assert "it broke" in str(core.input_error)


def test_what_was_asked_for_before_a_regular_end_is_still_sent() -> None:
    core = begun()
    core.lines()
    for line in (b"2", b"2", b"1true"):
        core.receive(line)
    core.closed()
    assert not core.gone
    core.give([b"one"])
    assert not core.gone
    core.give([b"two", b"three"])
    assert core.gone
    assert core.lines() == [b'0"one"', b'0"two"']
    core = begun()
    core.receive(b"2")
    core.receive(b"1true")
    core.closed()
    core.finish()
    assert core.lines() == [b"1true"]


@pytest.mark.parametrize("line", [b"", b"2", b"hello", b"\xff", b"5", b"0 5 pull-sync: missing sync"])
def test_another_first_line_than_the_greeting(line: bytes) -> None:
    with pytest.raises(InputError, match="does not speak pull-sync"):
        PullSync().receive(line)


@pytest.mark.parametrize("line", [b"", b'0"not asked"', b"22", b"33", b"44", b"9", b"1", b"1{", b"\x00"])
def test_what_may_not_come(line: bytes) -> None:
    with pytest.raises(InputError, match="line 3 of standard input is no pull-sync message"):
        begun().receive(line)


@pytest.mark.parametrize("text", [b"{", b"", b"[" * 200_000, b"1" * 5000])
def test_an_item_that_is_no_json(text: bytes) -> None:
    core = begun()
    core.ask()
    with pytest.raises(InputError, match="no pull-sync message"):
        core.receive(b"0" + text)
    with pytest.raises(InputError, match="no pull-sync message"):
        begun().receive(b"1" + text)


def test_an_abort_after_the_last_result_is_answered() -> None:
    core = begun()
    core.finish()
    assert core.lines() == []
    core.receive(b"3")
    assert core.lines() == [b"1true"]
    assert core.ended

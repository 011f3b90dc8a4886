"""The command line, taken apart."""

from __future__ import annotations

import os

import pytest

from pando_client.command.arguments import CommandLine, parse
from pando_client.command.option_table import OPTIONS, Kind
from pando_shared.errors import UsageError

FLAGS = [option.name for option in OPTIONS if option.kind is Kind.FLAG]


def refused(*words: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse(words)
    return str(caught.value)


def test_only_what_is_given_is_in_the_result() -> None:
    assert parse(["f.js", "--host=h", "1"]) == CommandLine({"host": "h"}, "f.js", ["1"])
    assert parse([]) == CommandLine()


def test_items_may_stand_before_between_and_after_options() -> None:
    found = parse(["f.js", "1", "--port", "5", "2", "--stdin", "3", "--seed=s", "4"])
    assert found == CommandLine({"port": "5", "stdin": "true", "seed": "s"}, "f.js", ["1", "2", "3", "4"])


def test_the_module_may_come_after_options() -> None:
    assert parse(["--local", "f.js", "1"]) == CommandLine({"local": "true"}, "f.js", ["1"])
    assert parse(["--local", "--", "-f.js", "-1"]) == CommandLine({"local": "true"}, "-f.js", ["-1"])


@pytest.mark.parametrize("words", [["-e", "x => x"], ["--eval", "x => x"], ["--eval=x => x"], ["-e=x => x"]])
def test_with_the_function_on_the_command_line_all_words_are_items(words: list[str]) -> None:
    assert parse(["1", *words, "2", "--", "-3"]) == CommandLine({"eval": "x => x"}, None, ["1", "2", "-3"])


@pytest.mark.parametrize(
    ("words", "items"),
    [
        (["--", "a", "--", "b"], ["a", "--", "b"]),
        (["--", "--", "--"], ["--", "--"]),
        (["a", "--"], ["a"]),
        (["a", "--", "--stdin", "-1e5", "-x", "--no-local", "-h", "--help", ""], None),
        (["-", "--", "-"], ["-", "-"]),
        (["", "1"], ["", "1"]),
    ],
)
def test_only_the_first_two_hyphens_separate(words: list[str], items: list[str] | None) -> None:
    expected = [word for word in words if word != "--"] if items is None else items
    assert parse(["f.js", "--local", *words]) == CommandLine({"local": "true"}, "f.js", expected)


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_takes_true_and_false_and_no_other_item(flag: str) -> None:
    for words, value in {
        ("",): "true",
        ("", "false"): "false",
        ("", "true"): "true",
        ("=false",): "false",
        ("=no",): "no",
        ("=",): "",
    }.items():
        suffix, *rest = words
        found = parse(["f.js", f"--{flag}{suffix}", *rest, "1"])
        assert found == CommandLine({flag.replace("-", "_"): value}, "f.js", ["1"])
    assert parse(["f.js", f"--no-{flag}", "true"]) == CommandLine({flag.replace("-", "_"): "false"}, "f.js", ["true"])
    assert parse(["f.js", f"--{flag}", "--", "false"]).items == ["false"]
    assert parse(["f.js", f"--{flag}"]).given == {flag.replace("-", "_"): "true"}


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "True", "FALSE"])
def test_a_word_that_may_be_meant_for_the_flag_is_an_item_and_that_is_said(word: str) -> None:
    found = parse(["f.js", "--local", word])
    assert (found.items, found.given) == ([word], {"local": "true"})
    meant = f"if it is meant for the option, write --local={word.lower()}"
    assert found.warnings == [f"{word} after --local is taken for an item; {meant}"]
    assert parse(["f.js", "--local", "--", word]).warnings == []
    assert parse(["f.js", "--local", "1", word]).warnings == []


def test_hosts_take_no_item_for_one() -> None:
    assert parse(["f.js", "--allow-net", "example.org"]) == CommandLine({"allow_net": "true"}, "f.js", ["example.org"])
    assert parse(["f.js", "--allow-net=a.example,b.example", "1"]).given == {"allow_net": "a.example,b.example"}
    for words in (["--allow-net", "false"], ["--no-allow-net"], ["--allow-net=false"]):
        assert parse(["f.js", *words, "1"]) == CommandLine({"allow_net": "false"}, "f.js", ["1"])


def test_the_last_of_two_values_counts() -> None:
    found = parse(["f.js", "--start-idle", "--start-idle=false", "--port=1", "--port=2", "1"])
    assert found.given == {"start_idle": "false", "port": "2"}


@pytest.mark.parametrize("word", ["-x", "-0", "-1", "-1.5", "-1e5", "-0x10", "-\x1b", "---"])
def test_what_begins_with_a_hyphen_is_an_option_and_how_it_is_an_item_is_said(word: str) -> None:
    shown = word.replace("\x1b", "\\x1b")
    said = refused("f.js", "1", word, "2")
    if word == "---":
        assert said == "there is no option ---; see pando --help"
    else:
        hint = f"if it is an item, put -- before the items: pando MODULE -- {shown}"
        assert said == f"there is no option {shown}; {hint}"


@pytest.mark.parametrize(
    ("word", "name", "meant"),
    [
        ("--stdn", "--stdn", "--stdin"),
        ("--batchsize=2", "--batchsize", "--batch-size"),
        ("--secrte=hidden", "--secrte", "--secret"),
        ("-stdin", "-stdin", "--stdin"),
        ("--loca", "--loca", "--local"),
        ("--Local", "--Local", "--local"),
        ("--no-stdn", "--no-stdn", "--stdin"),
        ("--frobnicate", "--frobnicate", None),
    ],
)
def test_an_unknown_option_is_named_with_what_may_be_meant(word: str, name: str, meant: str | None) -> None:
    hint = f"did you mean {meant}? (pando --help lists all of them)" if meant else "see pando --help"
    assert refused("f.js", word, "1") == f"there is no option {name}; {hint}"


def test_a_long_unknown_option_is_cut() -> None:
    assert len(refused("f.js", "--" + "x" * 5000)) < 200


@pytest.mark.parametrize("rest", [[], ["--stdin"], ["-x"], ["--", "1"]])
def test_an_option_without_its_value_is_an_error(rest: list[str]) -> None:
    assert refused("f.js", "--host", *rest) == "--host needs a value: --host=HOST; see pando --help"
    assert refused("-e", *rest) == "-e needs a value: -e FUNCTION; see pando --help"


def test_a_number_and_a_hyphen_are_values() -> None:
    given = parse(["f.js", "--port", "-5", "--secret-file", "-", "--seed", ""]).given
    assert given == {"port": "-5", "secret_file": "-", "seed": ""}


def test_who_asks_is_told_whatever_else_is_there() -> None:
    assert parse(["--frobnicate", "-h", "--host"]).questions == {"help"}
    assert parse(["f.js", "-v", "--help"]).questions == {"help", "version"}
    assert parse(["f.js", "--version"]) == CommandLine(questions={"version"})
    assert parse(["f.js", "--", "-h"]).questions == set()


@pytest.mark.parametrize("word", ["--help=yes", "--version=", "--no-local=true"])
def test_what_takes_no_value(word: str) -> None:
    assert refused("f.js", word) == f"{word.partition('=')[0]} takes no value; see pando --help"


@pytest.mark.parametrize("word", ["--no-port", "--no-help"])
def test_only_flags_can_be_negated(word: str) -> None:
    assert refused("f.js", word).startswith(f"there is no option {word};")


def test_words_in_an_encoding_that_is_not_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    # As Python decodes them in the C locale.
    word = "é😀".encode().decode("ascii", "surrogateescape")
    monkeypatch.setattr(os, "fsencode", lambda text: text.encode("ascii", "surrogateescape"))
    assert parse([word, "--seed", word, "--secret-file", word, word]) == CommandLine(
        {"seed": "é😀", "secret_file": word}, word, ["é😀"]
    )
    assert refused(f"--{word}") == "there is no option --é😀; see pando --help"


def test_what_is_no_text_is_refused_where_text_is_needed() -> None:
    word = b"\xff".decode("utf-8", "surrogateescape")
    assert refused("f.js", f"--seed={word}") == "the value of --seed is not valid UTF-8"
    assert parse(["f.js", f"--secret-file={word}", word]).items == [word], "that is said of the item, by its number"

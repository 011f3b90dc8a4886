"""The command line: what it accepts, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pando_client.command.arguments import FLAGS, config_files, parse, parser
from pando_shared.errors import UsageError

OPTIONS = [
    "--stdin",
    "--local",
    "--start-idle",
    "--host",
    "--port",
    "--secret",
    "--secret-file",
    "--batch-size",
    "--retries",
    "--on-error",
    "--bootstrap-timeout",
    "--heartbeat",
    "--ice-servers",
    "--reporting-interval",
    "--seed",
    "--sync-stdio",
    "--headless",
    "--degree",
    "--global-monitoring",
    "--help",
    "--version",
]


def test_only_what_is_given_is_in_the_result() -> None:
    assert parse(["f.js", "--host=h", "1"]) == {"module": "f.js", "items": ["1"], "host": "h"}


def test_items_may_stand_before_between_and_after_options() -> None:
    given = parse(["f.js", "1", "--port", "5", "2", "--stdin", "3", "--seed=s", "4"])
    assert given == {"module": "f.js", "items": ["1", "2", "3", "4"], "port": "5", "stdin": "true", "seed": "s"}


def test_the_module_may_come_after_options() -> None:
    assert parse(["--local", "f.js", "1"]) == {"module": "f.js", "items": ["1"], "local": "true"}


def test_negative_numbers_are_items() -> None:
    assert parse(["f.js", "--local", "-5", "-1.5", "-0"])["items"] == ["-5", "-1.5", "-0"]


def test_everything_after_two_hyphens_is_an_item() -> None:
    given = parse(["f.js", "--local", "--", "--stdin", "-1e5", "-x", "--no-local"])
    assert given == {"module": "f.js", "items": ["--stdin", "-1e5", "-x", "--no-local"], "local": "true"}


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_takes_no_item_for_its_value(flag: str) -> None:
    name = flag.replace("-", "_")
    assert parse(["f.js", f"--{flag}", "1"])[name] == "true"
    assert parse(["f.js", f"--{flag}=false", "1"])[name] == "false"
    assert parse(["f.js", f"--no-{flag}", "1"])[name] == "false"


def test_allowing_all_hosts_takes_no_item_for_one() -> None:
    assert parse(["f.js", "--allow-net", "example.org"]) == {
        "module": "f.js",
        "items": ["example.org"],
        "allow_net": "*",
    }
    assert parse(["f.js", "--allow-net=a.example,b.example", "1"])["allow_net"] == "a.example,b.example"


def test_the_last_of_two_values_counts() -> None:
    assert parse(["f.js", "--start-idle", "--start-idle=false", "--port=1", "--port=2", "1"]) == {
        "module": "f.js",
        "items": ["1"],
        "start_idle": "false",
        "port": "2",
    }


@pytest.mark.parametrize("word", ["--frobnicate", "-x", "--loca", "--no-port", "-1e5"])
def test_an_unknown_option_is_named(word: str) -> None:
    with pytest.raises(UsageError, match=f"no option {word};"):
        parse(["f.js", "1", word, "2"])


def test_an_option_without_its_value_is_an_error() -> None:
    with pytest.raises(UsageError, match="--host"):
        parse(["f.js", "--host"])


def test_help_lists_every_option() -> None:
    text = parser().format_help()
    assert [option for option in OPTIONS if option not in text] == []
    assert "/pando/1.0.0" in text
    assert "Exit status" in text


def test_where_a_configuration_file_may_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config_files()[0] == tmp_path / ".pando/config.json"

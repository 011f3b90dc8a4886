"""From words to options: the command line over the configuration file over the defaults, each checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pando_client.command.arguments import CommandLine
from pando_client.command.configuration import Configuration, read
from pando_client.command.values import merged
from pando_client.lending.instructions import OnError
from pando_client.options import Options
from pando_shared.errors import UsageError
from pando_shared.signaling import IceServer

TURN = {"urls": "turn:t:3478", "username": "u", "credential": "p:w"}


def line(*items: str, **given: str) -> CommandLine:
    return CommandLine(dict(given), "f.js", list(items))


def config(tmp_path: Path, **content: object) -> Configuration:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    return read([file])


def refused(found: CommandLine, configuration: Configuration | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        merged(found, configuration or Configuration())
    return str(caught.value)


def test_words_become_values() -> None:
    found = merged(
        line("1", "", start_idle="false", port="0", heartbeat="100", on_error="skip", secret="s"), Configuration()
    )
    assert (found.module, found.items, found.start_idle, found.port, found.heartbeat) == (
        "f.js",
        ("1", ""),
        False,
        0,
        100,
    )
    assert found.on_error is OnError.SKIP
    assert merged(line(), Configuration()) == Options(module="f.js")


def test_the_configuration_file_counts_where_the_command_line_says_nothing(tmp_path: Path) -> None:
    file = config(tmp_path, port=6000, heartbeat="100", seed=7, retries=None, **{"start-idle": False})
    found = merged(line(port="7000"), file)
    assert (found.port, found.heartbeat, found.seed, found.retries, found.start_idle) == (7000, 100, "7", 3, False)


@pytest.mark.parametrize("key", ["stdin", "syncStdio"])
def test_items_of_the_command_line_win_over_where_the_file_takes_them_from(tmp_path: Path, key: str) -> None:
    file = config(tmp_path, **{key: True})
    found = merged(line("1"), file)
    assert (found.stdin, found.sync_stdio) == (False, False)
    found = merged(line(), file)
    assert found.stdin or found.sync_stdio
    assert merged(line("1", stdin="true"), file).stdin, "which does not go together"


def test_ice_servers_in_the_form_of_browsers_and_none_of_the_command_line(tmp_path: Path) -> None:
    file = config(tmp_path, iceServers=[TURN, {"urls": "stun:a"}, "stun:b"])
    assert merged(line(), file).ice_servers == (IceServer(**TURN), IceServer(urls="stun:a"), IceServer(urls="stun:b"))
    assert merged(line(ice_servers=""), file).ice_servers == ()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("port", "abc", "--port takes a whole number from 0 to 65534, not abc"),
        ("port", "65535", "--port takes a whole number from 0 to 65534, not 65535"),
        ("port", "-1", "--port takes a whole number from 0 to 65534, not -1"),
        ("port", "1.5", "--port takes a whole number from 0 to 65534, not 1.5"),
        ("port", "a\x1b[2J\n", "--port takes a whole number from 0 to 65534, not a\\x1b[2J\\n"),
        ("heartbeat", "nan", "--heartbeat takes a whole number of milliseconds from 50 to 3600000, not nan"),
        ("timeout", "0", "--timeout takes a number of seconds from 0.001 to 86400 (leave it out for no limit), not 0"),
        ("bootstrap_timeout", "0", "--bootstrap-timeout takes a number of seconds above 0, up to 86400, not 0"),
        ("reporting_interval", "inf", "--reporting-interval takes a number of seconds above 0, up to 86400, not inf"),
        ("batch_size", "", '--batch-size takes a whole number from 1 to 1000000, or auto, not ""'),
        ("on_error", "STOP", "--on-error takes stop or skip, not STOP"),
        ("context", "moon", "--context takes worker or page, not moon"),
        ("stdin", "", '--stdin takes true or false, not ""'),
        ("start_idle", "perhaps", "--start-idle takes true or false, not perhaps"),
        ("degree", "x", "--degree takes a whole number, not x"),
        ("allow_net", "", "--allow-net: it names no host; without a value, or with *, it means all"),
    ],
)
def test_what_is_refused_and_how(name: str, value: str, says: str) -> None:
    assert refused(line(**{name: value})) == says


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("http://u:hidden@h", "a server begins with stun:, turn: or turns:"),
        ("turn:u:hidden@h:99999", "the port of a server is a number from 1 to 65535"),
        (",".join(["stun:a"] * 9), "it takes at most 8 servers"),
        ("hidden", "a server begins with stun:, turn: or turns:"),
    ],
)
def test_what_may_hold_a_secret_is_not_shown(value: str, says: str) -> None:
    assert refused(line(ice_servers=value)) == f"--ice-servers: {says}"


def test_a_long_value_is_cut() -> None:
    assert len(refused(line(port="x" * 5000))) < 150


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("bootstrapTimeout", "soon", "takes a number of seconds above 0, up to 86400, not soon"),
        ("port", True, "takes a whole number from 0 to 65534, not true"),
        ("port", [5000], "takes a whole number from 0 to 65534, not [5000]"),
        ("port", {"a": None}, 'takes a whole number from 0 to 65534, not {"a": null}'),
        ("local", 2, "takes true or false, not 2"),
        ("host", ["h"], 'takes text, not ["h"]'),
        ("secret", ["hidden"], "takes text"),
        ("secretFile", [], "takes the path of a file, not []"),
    ],
)
def test_an_error_names_the_key_and_the_file(tmp_path: Path, key: str, value: object, says: str) -> None:
    assert refused(line(), config(tmp_path, **{key: value})) == f'"{key}" in {tmp_path / "config.json"} {says}'


def test_our_own_words_name_the_file_too(tmp_path: Path) -> None:
    said = refused(line(), config(tmp_path, allowNet=["no host"]))
    assert said.startswith(f'"allowNet" in {tmp_path / "config.json"}: a host is [SCHEME://]NAME[:PORT]')

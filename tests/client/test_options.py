"""Options: the command line over the configuration file over the defaults, each checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from pando_client.lending.instructions import OnError
from pando_client.options import Options, Where, load, secret_of
from pando_shared.errors import UsageError
from pando_shared.signaling import IceServer
from tests.support.programs import Programs

SECRET = "0123456789abcdef"


def config(tmp_path: Path, content: object) -> list[Path]:
    file = tmp_path / "config.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return [tmp_path / "there-is-none.json", file]


def options(**given: object) -> Options:
    return load({"module": "f.js", **given}, [])


def test_the_defaults() -> None:
    found = options()
    assert found == Options(module=Path("f.js"))
    assert (found.port, found.batch_size, found.heartbeat, found.bootstrap_timeout) == (5000, "auto", 2500, 60.0)
    assert (found.stdin, found.local, found.start_idle, found.host) == (False, False, True, None)
    assert (found.retries, found.on_error, found.ice_servers) == (3, OnError.STOP, None)


def test_words_become_values() -> None:
    found = options(
        items=["1", ""], stdin="true", start_idle="false", port="0", heartbeat="100", on_error="skip", secret="s"
    )
    assert found.items == ("1", "")
    assert (found.stdin, found.start_idle, found.port, found.heartbeat) == (True, False, 0, 100)
    assert found.on_error is OnError.SKIP


def test_the_secret_does_not_show() -> None:
    assert SECRET not in repr(options(secret=SECRET))


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({}, Where.LOCAL_NETWORK),
        ({"host": "h"}, Where.PUBLIC_SERVER),
        ({"host": ""}, Where.PUBLIC_SERVER),  # an unset variable of a shell must not open a server here
        ({"local": "true"}, Where.HERE),
        ({"local": "true", "host": "h"}, Where.HERE),
    ],
)
def test_who_computes(given: dict[str, str], where: Where) -> None:
    assert options(**given).where is where


def test_the_configuration_file_counts_where_the_command_line_says_nothing(tmp_path: Path) -> None:
    files = config(tmp_path, {"port": 6000, "heartbeat": 100, "start-idle": False, "unknown": 1})
    found = load({"module": "f.js", "port": "7000"}, files)
    assert (found.port, found.heartbeat, found.start_idle) == (7000, 100, False)


@pytest.mark.parametrize("key", ["ice-servers", "ice_servers", "iceServers"])
def test_a_key_may_be_spelled_in_three_ways(tmp_path: Path, key: str) -> None:
    found = load({"module": "f.js"}, config(tmp_path, {key: "stun:a:1,stun:b:2"}))
    assert found.ice_servers == (IceServer(urls="stun:a:1"), IceServer(urls="stun:b:2"))
    # And the command line wins over each.
    assert load({"module": "f.js", "ice_servers": ""}, config(tmp_path, {key: "stun:a:1"})).ice_servers == ()


def test_hosts_that_are_not_named_are_not_all_hosts() -> None:
    assert options(allow_net="*").allow_net == ("*",)
    assert options(allow_net=True).allow_net == ("*",)
    assert options(allow_net=False).allow_net == ()
    for empty in ("", " , "):
        with pytest.raises(UsageError, match=r"--allow-net: .*it names no host"):
            options(allow_net=empty)


def test_ice_servers_in_the_form_of_browsers(tmp_path: Path) -> None:
    turn = {"urls": "turn:t:3478", "username": "u", "credential": "p:w"}
    found = load({"module": "f.js"}, config(tmp_path, {"iceServers": [turn, {"urls": "stun:a"}, "stun:b"]}))
    assert found.ice_servers == (IceServer(**turn), IceServer(urls="stun:a"), IceServer(urls="stun:b"))


def test_a_turn_server_with_its_credentials_on_the_command_line() -> None:
    found = options(ice_servers="turn:user:pa:ss@[::1]:3478?transport=udp, turns:u:@t")
    assert found.ice_servers == (
        IceServer(urls="turn:[::1]:3478?transport=udp", username="user", credential="pa:ss"),
        IceServer(urls="turns:t", username="u", credential=""),
    )


def test_a_file_cannot_give_the_module_or_the_items(tmp_path: Path) -> None:
    found = load({"module": "f.js"}, config(tmp_path, {"module": "g.js", "items": ["1"]}))
    assert (found.module, found.items) == (Path("f.js"), ())


@pytest.mark.parametrize("content", ["{", "", "[1]", "null", '{"a": 1}}', "\x00"])
def test_a_broken_file_is_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(UsageError, match=r"^the configuration file .*config\.json (cannot be read|does not hold)"):
        load({"module": "f.js"}, config(tmp_path, content))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read: Is a directory$"):
        load({"module": "f.js"}, [tmp_path])
    (tmp_path / "bad.json").write_bytes(b'{"host": "\xff"}')
    with pytest.raises(UsageError, match=r"cannot be read: .utf-8."):
        load({"module": "f.js"}, [tmp_path / "bad.json"])


def test_an_error_names_the_option_and_the_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^--bootstrap-timeout \(in .*config\.json\): "):
        load({"module": "f.js"}, config(tmp_path, {"bootstrapTimeout": "soon"}))
    with pytest.raises(UsageError, match=r"^--bootstrap-timeout: "):
        load({"module": "f.js", "bootstrap_timeout": "soon"}, config(tmp_path, {}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "65535"),
        ("port", "-1"),
        ("port", "1.5"),
        ("heartbeat", "nan"),
        ("bootstrap_timeout", "0"),
        ("bootstrap_timeout", "nan"),
        ("reporting_interval", "inf"),
        ("retries", "0"),
        ("batch_size", ""),
        ("ice_servers", "http://x"),
        ("ice_servers", ",".join(["stun:a"] * 9)),
        ("on_error", "STOP"),
        ("stdin", ""),
    ],
)
def test_what_is_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"^--{name.replace('_', '-')}: "):
        options(**{name: value})


def test_where_the_secret_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text(f"  {SECRET}file\n", encoding="utf-8")
    monkeypatch.setenv("PANDO_SECRET", SECRET + "environment")
    assert secret_of(options()) == SECRET + "environment"
    assert secret_of(options(secret_file=str(file))) == SECRET + "file"
    assert secret_of(options(secret_file=str(file), secret=SECRET)) == SECRET
    assert options(secret=SECRET).secret == SecretStr(SECRET)


def test_no_secret_a_short_one_and_a_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PANDO_SECRET", raising=False)
    with pytest.raises(UsageError, match="PANDO_SECRET"):
        secret_of(options())
    with pytest.raises(UsageError, match=r"too short"):
        secret_of(options(secret=SECRET[:15]))
    with pytest.raises(UsageError, match=r"^the secret file .* cannot be read: No such file or directory$"):
        secret_of(options(secret_file=str(tmp_path / "none")))
    (tmp_path / "binary").write_bytes(b"\xff" * 20)
    with pytest.raises(UsageError, match=r"cannot be read: it is not text$"):
        secret_of(options(secret_file=str(tmp_path / "binary")))
    (tmp_path / "empty").write_bytes(b" \n")
    with pytest.raises(UsageError, match="needs the server's secret"):
        secret_of(options(secret_file=str(tmp_path / "empty")))
    (tmp_path / "two").write_text(f"{SECRET}\n{SECRET}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"^the secret file .* has text after its first line"):
        secret_of(options(secret_file=str(tmp_path / "two")))


async def test_the_file_in_the_home_folder_counts_and_the_command_line_wins(programs: Programs) -> None:
    programs.file(".pando/config.json", '{"local": true, "port": "nowhere", "iceServers": "stun:a"}')
    outcome = await programs.pando("f.js", "3")
    assert outcome.status == 2
    home = programs.folder / ".pando/config.json"
    assert outcome.complaint.startswith(f"pando: --port (in {home}): Input should be a valid integer")
    outcome = await programs.pando("f.js", "--port=0", "3")
    assert (outcome.status, outcome.lines, outcome.err) == (0, ["9"], [])


async def test_a_broken_file_in_the_home_folder_is_one_line(programs: Programs) -> None:
    programs.file(".pando/config.json", "{,}")
    outcome = await programs.pando("f.js", "--local", "3")
    assert (outcome.status, outcome.out) == (2, b"")
    assert "config.json cannot be read" in outcome.complaint

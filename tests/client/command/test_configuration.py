"""The configuration file: where it is, what it may hold, and in which ways it is not there."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path

import pytest

from pando_client.command import configuration
from pando_client.command.configuration import MAX_BYTES, MAX_WARNINGS, Configuration, files, read
from pando_shared.errors import UsageError


def written(tmp_path: Path, content: object) -> list[Path]:
    file = tmp_path / "config.json"
    if not isinstance(content, bytes):
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
    file.write_bytes(content)
    return [tmp_path / "there-is-none.json", file]


def refused(candidates: list[Path]) -> str:
    with pytest.raises(UsageError) as caught:
        read(candidates)
    return str(caught.value)


def test_values_are_what_they_would_be_on_the_command_line(tmp_path: Path) -> None:
    content = {"seed": 7, "port": "5000", "timeout": 0.5, "heartbeat": 100.0, "local": True, "stdin": False, "host": ""}
    found = read(written(tmp_path, content))
    assert found.file == tmp_path / "config.json"
    assert found.values == {
        "seed": "7",
        "port": "5000",
        "timeout": "0.5",
        "heartbeat": "100",
        "local": "true",
        "stdin": "false",
        "host": "",
    }
    assert found.warnings == ()


def test_lists_and_objects_stay_what_they_are(tmp_path: Path) -> None:
    servers = [{"urls": "stun:a"}, "stun:b"]
    assert read(written(tmp_path, {"iceServers": servers})).values == {"ice_servers": servers}


def test_null_is_the_default_also_after_a_value(tmp_path: Path) -> None:
    found = read(written(tmp_path, {"port": None, "ice-servers": "stun:a", "iceServers": None, "secret": None}))
    assert (found.values, found.warnings) == ({}, ())


@pytest.mark.parametrize("key", ["ice-servers", "ice_servers", "iceServers", "ICE-SERVERS"])
def test_a_key_may_be_spelled_in_several_ways(tmp_path: Path, key: str) -> None:
    found = read(written(tmp_path, {key: "stun:a"}))
    assert (found.values, found.keys, found.warnings) == ({"ice_servers": "stun:a"}, {"ice_servers": key}, ())


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("retires", '"retires" is no option and has no effect; did you mean "retries"?'),
        ("no-stdin", '"no-stdin" is no option and has no effect; did you mean "stdin"?'),
        ("colour", '"colour" is no option and has no effect'),
        ("", '"" is no option and has no effect'),
        ("module", '"module" has no effect in a configuration file: it comes from the command line'),
        ("items", '"items" has no effect in a configuration file: it comes from the command line'),
        ("help", '"help" has no effect in a configuration file: it comes from the command line'),
        ("a\x1b[2J", '"a\\u001b[2J" is no option and has no effect'),
    ],
)
def test_what_has_no_effect_is_named_with_the_file(tmp_path: Path, key: str, says: str) -> None:
    candidates = written(tmp_path, {key: 1, "port": 1})
    assert read(candidates).warnings == (f"{says} (in {candidates[1]})",)
    assert read(candidates).values == {"port": "1"}


def test_so_many_keys_are_named_and_no_more(tmp_path: Path) -> None:
    candidates = written(tmp_path, {f"key{number}": 1 for number in range(MAX_WARNINGS + 3)})
    warnings = read(candidates).warnings
    assert len(warnings) == MAX_WARNINGS + 1
    assert warnings[-1] == f"3 more keys of {candidates[1]} have no effect"


@pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf", "null", "{}"])
def test_an_empty_file_says_nothing(tmp_path: Path, content: object) -> None:
    found = read(written(tmp_path, content))
    assert (found.values, found.warnings) == ({}, ())


def test_a_byte_order_mark_is_no_part_of_it(tmp_path: Path) -> None:
    assert read(written(tmp_path, b'\xef\xbb\xbf{"port": 1}')).values == {"port": "1"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{\n,}", "it is not valid JSON at line 2, column 1"),
        ('{"a": 1}}', "it is not valid JSON at line 1, column 9"),
        (b"\x00", "it is not valid JSON at line 1, column 1"),
        (b'{"host": "\xff"}', "it is not UTF-8 text"),
        ('{"a": 1}'.encode("utf-16"), "it is not UTF-8 text"),
        ("[" * 100_000, "its JSON has numbers that are too long or is nested too deeply"),
        ("1" * 5000, "its JSON has numbers that are too long or is nested too deeply"),
        (b" " * (MAX_BYTES + 1), f"it is longer than {MAX_BYTES} bytes"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, content: object, why: str) -> None:
    candidates = written(tmp_path, content)
    assert refused(candidates) == f"the configuration file {candidates[1]} cannot be read: {why}"


@pytest.mark.parametrize("content", ["[1]", "7", '"x"', "true"])
def test_it_holds_an_object(tmp_path: Path, content: str) -> None:
    candidates = written(tmp_path, content)
    assert refused(candidates) == f"the configuration file {candidates[1]} does not hold an object, such as {{}}"


def test_half_a_character_is_no_value(tmp_path: Path) -> None:
    candidates = written(tmp_path, '{"seed": "\\ud800"}')
    assert refused(candidates) == f'the value of "seed" in {candidates[1]} has half a character in it'


def test_the_ways_in_which_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    none = ["none", "none/none", "file/config.json", "dangling", "loop", "x" * 300, "a\0b", "a\ud800b"]
    assert read([tmp_path / name for name in none]) == Configuration()
    assert read([Path("/dev/null/.pando/config.json"), Path("/proc/.pando/config.json")]) == Configuration()
    assert read([Path(os.devnull)]) == Configuration(Path(os.devnull))


def test_a_folder_that_we_may_not_look_into(monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may look everywhere: `programs/test_run_command_line.py` has a user who may not.
    def forbidden(path: Path) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", forbidden)
    assert read([Path("config.json")]) == Configuration()


def test_a_device_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> os.stat_result:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "stat", broken)
    assert refused([Path("c.json")]) == "the configuration file c.json cannot be read: Input/output error"


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    candidates = written(tmp_path, "{}")

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    assert refused(candidates) == f"the configuration file {candidates[1]} cannot be read: Permission denied"


def test_a_folder_in_its_place_is_said_and_no_obstacle(tmp_path: Path) -> None:
    says = f"{tmp_path} is a folder and no configuration file: nothing is read from it"
    assert read([tmp_path]) == Configuration(tmp_path, warnings=(says,))


def test_a_pipe_and_a_device_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        assert refused([path]) == f"the configuration file {path} cannot be read: it is not a file"


def test_where_it_may_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    home, program = files()
    assert home == tmp_path / ".pando/config.json"
    assert program == Path(configuration.__file__).parents[1] / "config.json"


def test_where_nobody_knows_whose_home_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert read(files()) == Configuration()


@pytest.mark.parametrize(
    ("home", "kept"), [("/dev/null", False), ("/x" * 3000, False), ("/nowhere", True), (None, None)]
)
def test_a_home_that_can_be_none_is_forgotten(monkeypatch: pytest.MonkeyPatch, home: str | None, kept: bool) -> None:
    monkeypatch.delenv("HOME", raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)
    configuration.forget_useless_home()
    assert os.environ.get("HOME") == (home if kept else None)

"""Options, and where the secret comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from pando_client.lending.instructions import OnError
from pando_client.options import Options, Where, secret_of
from pando_shared.errors import UsageError
from pando_shared.signaling import IceServer

SECRET = "0123456789abcdef"


def options(**given: object) -> Options:
    return Options.model_validate({"module": "f.js", **given})


def test_the_defaults() -> None:
    found = options()
    assert found == Options(module="f.js")
    assert (found.port, found.batch_size, found.heartbeat, found.bootstrap_timeout) == (5000, "auto", 2500, 60.0)
    assert (found.stdin, found.local, found.start_idle, found.host) == (False, False, True, None)
    assert (found.retries, found.on_error, found.ice_servers) == (3, OnError.STOP, None)


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


def test_hosts_that_are_not_named_are_not_all_hosts() -> None:
    assert options(allow_net="*").allow_net == ("*",)
    assert options(allow_net="true").allow_net == ("*",)
    assert options(allow_net="false").allow_net == ()
    for empty in ("", " , "):
        with pytest.raises(ValidationError, match="it names no host"):
            options(allow_net=empty)


def test_a_turn_server_with_its_credentials_on_the_command_line() -> None:
    found = options(ice_servers="turn:user:pa:ss@[::1]:3478?transport=udp, turns:u:p%40ss@t")
    assert found.ice_servers == (
        IceServer(urls="turn:[::1]:3478?transport=udp", username="user", credential="pa:ss"),
        IceServer(urls="turns:t", username="u", credential="p@ss"),
    )


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
    monkeypatch.setenv("PANDO_SECRET", SECRET + "\udcff")
    with pytest.raises(UsageError, match=r"^the secret in PANDO_SECRET is not valid UTF-8$"):
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

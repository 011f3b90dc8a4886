"""What an operator can set, and how a wrong value is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from pando_server.relay.limits import Limits
from pando_server.settings import ServerSettings, load
from pando_shared.errors import UsageError

SECRET = "a secret that is long enough"
NAMES = (
    "SECRET",
    "PANDO_SECRET",
    "PORT",
    "HOST",
    "FORWARDED_ALLOW_IPS",
    "WEB_CONCURRENCY",
    "REDIS_URL",
    "PANDO_STATIC",
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_the_environment_says_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "PANDO_SECRET": SECRET,
        "PORT": "8080",
        "HOST": "127.0.0.1",
        "PANDO_MAX_SOCKETS": "7",
        "PANDO_MAX_JOBS": "3",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = load()
    assert (settings.port, settings.host) == (8080, "127.0.0.1")
    assert settings.limits == Limits(sockets=7, jobs=3)


def test_there_are_defaults_for_all_but_the_secret() -> None:
    settings = load(secret=SECRET)
    assert (settings.port, settings.host, settings.limits) == (5000, "*", Limits())


def test_the_names_of_hosting_platforms_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    assert load().secret.get_secret_value() == SECRET
    monkeypatch.setenv("PANDO_SECRET", "another secret, just as long")
    assert load().secret.get_secret_value() == "another secret, just as long"


def test_the_command_line_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "another secret, just as long")
    monkeypatch.setenv("PORT", "1")
    settings = load(secret=SECRET, port=2, host=None)
    assert (settings.secret.get_secret_value(), settings.port) == (SECRET, 2)


def test_without_a_secret_there_is_no_server_and_the_error_says_how_to_make_one() -> None:
    with pytest.raises(UsageError, match=r"^PANDO_SECRET is not set: .* Make one with: python3 -c .*$") as raised:
        load()
    assert "\n" not in str(raised.value)
    assert raised.value.exit_status == 2


@pytest.mark.parametrize("secret", ["", "too brief", "x" * 15])
def test_a_short_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("SECRET", secret)
    with pytest.raises(UsageError, match="shorter than 16 characters") as raised:
        load()
    assert not secret or secret not in str(raised.value)


def test_the_secret_does_not_show() -> None:
    settings = load(secret=SECRET)
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "many"),
        ("PORT", "65536"),
        ("HOST", ""),
        ("PANDO_MAX_SOCKETS", "0"),
        ("PANDO_MAX_SOCKETS_PER_ADDRESS", "-1"),
        ("FORWARDED_ALLOW_IPS", "proxy.example"),
        ("WEB_CONCURRENCY", "2"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=rf"^{name}(?:: .+| takes .+, not {value or 'nothing'})$") as raised:
        load()
    assert "\n" not in str(raised.value)


def test_a_wrong_value_of_the_command_line_is_called_by_the_name_of_its_variable() -> None:
    with pytest.raises(UsageError, match=r"^PORT takes a whole number from 0 to 65535, not 65536$"):
        load(secret=SECRET, port=65536)


def test_the_page_may_be_another_build(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(secret=SECRET).static is None
    monkeypatch.setenv("PANDO_STATIC", "/some/where")
    assert load(secret=SECRET).static == Path("/some/where")
    assert ServerSettings(secret=SECRET, embedded=True).static is None


def test_more_than_one_process_is_refused_even_with_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1")
    with pytest.raises(UsageError, match="in the memory of one process: set WEB_CONCURRENCY=1"):
        load()


def test_an_embedded_server_does_not_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "nonsense")
    settings = ServerSettings(secret=SECRET, embedded=True)
    assert settings.port == 5000
    assert settings.secret.get_secret_value() == SECRET


def test_an_embedded_server_believes_no_proxy_and_lets_one_address_have_all_sockets() -> None:
    settings = ServerSettings(secret=SECRET, embedded=True)
    scope = {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "headers": [(b"x-forwarded-for", b"192.0.2.1")]}
    assert settings.proxies.peer(scope).address == "127.0.0.1"
    assert settings.limits.sockets_per_address == settings.limits.sockets
    assert settings.limits.offer_burst == 4 * settings.limits.sockets
    assert ServerSettings(secret=SECRET, embedded=True, max_sockets_per_address=3).limits.sockets_per_address == 3
    assert load(secret=SECRET).proxies.peer(scope).address == "192.0.2.1"


def test_the_proxies_in_a_row_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = (b"x-forwarded-for", b"192.0.2.1, 192.0.2.2")
    scope = {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "headers": [chain]}
    assert load(secret=SECRET).proxies.peer(scope).address == "192.0.2.2"
    monkeypatch.setenv("PANDO_TRUSTED_HOPS", "2")
    assert load(secret=SECRET).proxies.peer(scope).address == "192.0.2.1"
    monkeypatch.setenv("PANDO_TRUSTED_HOPS", "0")
    with pytest.raises(UsageError, match="PANDO_TRUSTED_HOPS takes a whole number from 1 to 10, not 0"):
        load(secret=SECRET)


@pytest.mark.parametrize(
    ("urls", "secret", "seconds", "says"),
    [
        ("turn:h", None, None, "PANDO_TURN_URLS needs PANDO_TURN_SECRET"),
        ("", "north", None, "PANDO_TURN_SECRET has no effect without PANDO_TURN_URLS"),
        ("stun:h", "north", None, "PANDO_TURN_URLS: each server begins with turn: or turns:"),
        ("turn:u:p@h", "north", None, "PANDO_TURN_URLS: a server stands here without user and password"),
        ("turn:h:99999", "north", None, "PANDO_TURN_URLS: the port of a server is a number from 1 to 65535"),
        ("turn:a,turn:b,turn:c,turn:d,turn:e", "north", None, "PANDO_TURN_URLS: at most 4 servers"),
        ("turn:h", "north", "5", "PANDO_TURN_SECONDS takes a whole number from 60 to 86400, not 5"),
    ],
)
def test_turn_servers_that_cannot_work_are_one_error(
    monkeypatch: pytest.MonkeyPatch, urls: str, secret: str | None, seconds: str | None, says: str
) -> None:
    monkeypatch.setenv("PANDO_SECRET", "a secret that is long enough")
    for name, value in (("URLS", urls), ("SECRET", secret), ("SECONDS", seconds)):
        if value is not None:
            monkeypatch.setenv(f"PANDO_TURN_{name}", value)
    with pytest.raises(UsageError) as caught:
        load()
    assert str(caught.value).startswith(says)


def test_turn_servers_get_credentials_for_each_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANDO_SECRET", "a secret that is long enough")
    assert load().turn_servers("v") == ()
    monkeypatch.setenv("PANDO_TURN_URLS", "turn:a, turns:b")
    monkeypatch.setenv("PANDO_TURN_SECRET", "north")
    [first, second] = load().turn_servers("v")
    assert (first.urls, second.urls, str(first.username).partition(":")[2]) == ("turn:a", "turns:b", "v")
    assert load().turn_servers("w")[0].credential != first.credential

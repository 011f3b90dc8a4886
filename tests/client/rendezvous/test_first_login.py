"""The first login waits for a server that is away for a moment."""

from __future__ import annotations

import pytest

from pando_client import console
from pando_client.rendezvous import first_login as module
from pando_client.rendezvous.first_login import first_login
from pando_shared.errors import LoginRefused, PandoError, ServerAway


class Login:
    """Fails with each of `errors`, then works."""

    def __init__(self, *errors: PandoError) -> None:
        self.errors = list(errors)
        self.attempts = 0

    async def __call__(self) -> None:
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(console, "say", lines.append)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    return lines


async def test_a_server_that_is_there_is_asked_once(said: list[str]) -> None:
    login = Login()
    await first_login(login)
    assert (login.attempts, said) == (1, [])


async def test_one_that_is_away_is_asked_again_and_that_is_said_once(said: list[str]) -> None:
    login = Login(ServerAway("away?"), ServerAway("away?"))
    await first_login(login)
    assert (login.attempts, said) == (3, ["pando: away? Trying again for 30 s ..."])


async def test_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)
    login = Login(*[ServerAway(f"away {number}") for number in range(1000)])
    with pytest.raises(ServerAway):
        await first_login(login)
    assert 2 <= login.attempts <= 11


async def test_what_waiting_does_not_mend_is_not_waited_for(said: list[str]) -> None:
    login = Login(LoginRefused("no"))
    with pytest.raises(LoginRefused):
        await first_login(login)
    assert (login.attempts, said) == (1, [])

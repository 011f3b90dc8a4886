from __future__ import annotations

import pytest

from pando_server.relay.admission import Door
from pando_server.relay.instructions import Refuse
from pando_server.relay.limits import Limits
from pando_shared.signaling import ClientLogin, Code, proof

SECRET = "a secret that is long enough"
ADDRESS = "192.0.2.1"


def login(nonce: str, secret: str = SECRET, protocol: int = 1, job: str = "job") -> ClientLogin:
    return ClientLogin(protocol=protocol, nonce=nonce, proof=proof(secret, nonce, job), job=job, key="a" * 32)


def door_with_a_socket(limits: Limits | None = None) -> Door:
    door = Door(SECRET, limits or Limits())
    assert door.admit("s", ADDRESS, False, 0) is None
    return door


def fetch(door: Door, number: int = 1, now: float = 0) -> str:
    nonce = door.nonce(f"address {number}", f"{number:064x}", now)
    assert nonce is not None
    return nonce


def code_of(refusal: Refuse | None) -> Code | None:
    return refusal.code if refusal else None


def test_who_knows_the_secret_is_recognised() -> None:
    door = door_with_a_socket()
    assert door.recognise("s", login(fetch(door)), 1) is None


def test_a_recorded_login_is_worth_nothing() -> None:
    door = door_with_a_socket()
    recorded = login(fetch(door))
    assert door.recognise("s", recorded, 1) is None
    assert code_of(door.recognise("s", recorded, 1)) is Code.NONCE


def test_a_nonce_is_good_for_half_a_minute() -> None:
    door = door_with_a_socket()
    assert door.recognise("s", login(fetch(door, 1)), 29.9) is None
    assert code_of(door.recognise("s", login(fetch(door, 2)), 30)) is Code.NONCE


def test_a_nonce_that_was_never_given_out_is_refused() -> None:
    assert code_of(door_with_a_socket().recognise("s", login("f" * 64), 0)) is Code.NONCE


def test_a_wrong_secret_is_refused_and_uses_the_nonce_up() -> None:
    door = door_with_a_socket()
    nonce = fetch(door)
    assert code_of(door.recognise("s", login(nonce, "wrong"), 0)) is Code.SECRET
    assert code_of(door.recognise("s", login(nonce), 0)) is Code.NONCE


def test_a_proof_for_one_job_does_not_open_another() -> None:
    door = door_with_a_socket()
    stolen = login(fetch(door)).model_copy(update={"job": "other"})
    assert code_of(door.recognise("s", stolen, 0)) is Code.SECRET


def test_another_version_is_told_so_and_nothing_is_compared() -> None:
    door = door_with_a_socket()
    nonce = fetch(door)
    assert code_of(door.recognise("s", login(nonce, protocol=2), 0)) is Code.PROTOCOL
    assert door.recognise("s", login(nonce), 0) is None


def test_wrong_secrets_by_the_thousand_are_throttled_before_they_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    door = door_with_a_socket()
    compared = []

    def counting(*arguments: str) -> str:
        compared.append(arguments)
        return proof(*arguments)

    monkeypatch.setattr("pando_server.relay.admission.proof", counting)
    codes = [code_of(door.recognise("s", login(fetch(door, number), "wrong"), 1)) for number in range(1, 1_001)]
    assert codes == [Code.SECRET] * 5 + [Code.THROTTLED] * 995
    assert len(compared) == 5
    # The right one is not tried either, until there was a pause; another address is not concerned.
    assert code_of(door.recognise("s", login(fetch(door, 2_000)), 1)) is Code.THROTTLED
    door.admit("t", "192.0.2.2", False, 1)
    assert door.recognise("t", login(fetch(door, 2_001)), 1) is None
    assert door.recognise("s", login(fetch(door, 2_002, now=11)), 11) is None


def test_what_a_throttled_peer_sends_does_not_use_up_a_nonce() -> None:
    door = door_with_a_socket(Limits(login_failure_burst=1))
    door.recognise("s", login("f" * 64), 0)
    nonce = fetch(door)
    assert code_of(door.recognise("s", login(nonce), 0)) is Code.THROTTLED
    assert door.recognise("s", login(nonce), 10) is None


def test_an_address_gets_so_many_nonces() -> None:
    door = Door(SECRET, Limits(nonce_burst=2, nonces_per_second=1))
    given = [door.nonce(ADDRESS, f"{number:064x}", 0) for number in range(3)]
    assert given == [f"{0:064x}", f"{1:064x}", None]
    assert door.nonce(ADDRESS, f"{3:064x}", 1) is not None


def test_nonces_that_nobody_uses_make_room_the_oldest_first() -> None:
    door = door_with_a_socket(Limits(nonces=2))
    first, second, third = (fetch(door, number) for number in range(3))
    assert code_of(door.recognise("s", login(first), 0)) is Code.NONCE
    assert door.recognise("s", login(second), 0) is None
    assert door.recognise("s", login(third), 0) is None
    door.check()


def test_expired_nonces_are_forgotten() -> None:
    door = Door(SECRET, Limits())
    for number in range(10):
        fetch(door, number)
    fetch(door, 99, now=31)
    assert len(door._nonces) == 1


def test_there_is_room_for_so_many_connections_in_all_and_from_one_address() -> None:
    door = Door(SECRET, Limits(sockets=3, sockets_per_address=2))
    assert door.admit("a", ADDRESS, False, 0) is None
    assert door.admit("b", ADDRESS, False, 0) is None
    assert code_of(door.admit("c", ADDRESS, False, 0)) is Code.FULL
    assert door.admit("d", "192.0.2.2", False, 0) is None
    assert code_of(door.admit("e", "192.0.2.3", False, 0)) is Code.FULL
    assert len(door) == 3
    assert door.forget("a")
    assert not door.forget("a")
    assert door.admit("c", ADDRESS, False, 0) is None
    door.check()


def test_no_refusal_names_the_secret() -> None:
    door = door_with_a_socket()
    refusals = [door.recognise("s", login(fetch(door, number), "wrong"), 0) for number in range(10)]
    assert not any(SECRET in repr(one) for one in refusals)

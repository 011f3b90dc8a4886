"""Who is admitted, and whose login is right."""

from __future__ import annotations

import json

import pytest

from pando_server.relay.admission import Admission
from pando_server.relay.instructions import Refused
from pando_server.relay.limits import Limits
from pando_shared import PROTOCOL
from pando_shared.signaling import ClientLogin, Code, Login, proof

SECRET = "a secret that is long enough"
ADDRESS = "192.0.2.1"


def login(nonce: str, secret: str = SECRET, protocol: int = PROTOCOL, host: str = "h") -> ClientLogin:
    signed = ClientLogin.signed(Login(nonce=nonce, host=host, job="job", key="a" * 32), secret)
    return signed.model_copy(update={"protocol": protocol})


def with_a_socket(limits: Limits | None = None) -> Admission:
    admission = Admission(SECRET, limits or Limits())
    assert admission.admit("s", ADDRESS, False, 0) is None
    return admission


def fetch(admission: Admission, number: int = 1, now: float = 0) -> str:
    nonce = f"{number:064x}"
    assert admission.nonce(f"address {number}", nonce, now) is None
    return nonce


def code_of(refused: Refused | None) -> Code | None:
    return refused.code if refused else None


def test_who_knows_the_secret_is_recognised() -> None:
    admission = with_a_socket()
    assert admission.check_login("s", login(fetch(admission)), 1) is None


def test_a_recorded_login_is_worth_nothing() -> None:
    admission = with_a_socket()
    recorded = login(fetch(admission))
    assert admission.check_login("s", recorded, 1) is None
    assert code_of(admission.check_login("s", recorded, 1)) is Code.NONCE


def test_a_nonce_is_good_for_half_a_minute() -> None:
    admission = with_a_socket()
    assert admission.check_login("s", login(fetch(admission, 1)), 29.9) is None
    assert code_of(admission.check_login("s", login(fetch(admission, 2)), 30)) is Code.NONCE


def test_a_nonce_that_was_never_given_out_is_refused() -> None:
    assert code_of(with_a_socket().check_login("s", login("f" * 64), 0)) is Code.NONCE


def test_a_wrong_secret_is_refused_and_uses_the_nonce_up() -> None:
    admission = with_a_socket()
    nonce = fetch(admission)
    assert code_of(admission.check_login("s", login(nonce, "wrong"), 0)) is Code.SECRET
    assert code_of(admission.check_login("s", login(nonce), 0)) is Code.NONCE


def test_a_proof_is_of_all_that_the_login_says() -> None:
    says = {"nonce": "", "host": "h", "job": "job", "key": "a" * 32, "ice_servers": [{"urls": "stun:h"}]}
    others = {"host": "i", "job": "other", "key": "b" * 32, "relay": False, "card": {"title": "x"}, "ice_servers": []}
    for number, (key, other) in enumerate(others.items()):
        admission = with_a_socket()
        says["nonce"] = fetch(admission, number)
        signed = ClientLogin.signed(Login(**says), SECRET)
        changed = json.dumps(json.loads(signed.login) | {key: other})
        stolen = ClientLogin(login=changed, proof=signed.proof)
        assert code_of(admission.check_login("s", stolen, 0)) is Code.SECRET, key


@pytest.mark.parametrize(
    ("asked", "came"), [("h", "H"), ("h:443", "h"), ("h", "h:80"), ("[::1]:5000", "[::1]:5000"), ("h", None)]
)
def test_a_login_is_for_the_host_at_which_it_came(asked: str, came: str | None) -> None:
    admission = with_a_socket()
    assert admission.check_login("s", login(fetch(admission), host=asked), 0, came) is None


@pytest.mark.parametrize(("asked", "came"), [("rogue.test", "h"), ("h:8443", "h"), ("h", "h:5000"), ("h", "")])
def test_a_login_for_another_host_is_refused_in_words_that_name_both(asked: str, came: str) -> None:
    admission = with_a_socket()
    refused = admission.check_login("s", login(fetch(admission), host=asked), 0, came)
    assert refused == Refused(
        Code.HOST,
        f"the login is for {asked}, and it came to {came}: "
        "a proxy between must pass on the Host header as it is, with its port",
    )
    wrong = admission.check_login("s", login(fetch(admission, 2), "wrong", host=asked), 0, came)
    assert code_of(wrong) is Code.SECRET


def test_whether_there_is_room_is_looked_at_without_reserving_any() -> None:
    admission = Admission(SECRET, Limits(sockets=3, sockets_per_address=1))
    for _ in range(10):
        assert admission.room(ADDRESS) is None
    assert admission.admit("a", ADDRESS, False, 0) is None
    assert code_of(admission.room(ADDRESS)) is Code.FULL
    assert admission.room("192.0.2.2") is None
    admission.check()


def test_another_version_is_told_so_and_nothing_is_compared() -> None:
    admission = with_a_socket()
    nonce = fetch(admission)
    assert code_of(admission.check_login("s", login(nonce, protocol=PROTOCOL + 1), 0)) is Code.PROTOCOL
    assert admission.check_login("s", login(nonce), 0) is None


def test_wrong_secrets_by_the_thousand_are_throttled_before_they_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    admission = with_a_socket()
    compared: list[tuple[str, ...]] = []

    def counting(*arguments: str) -> str:
        compared.append(arguments)
        return proof(*arguments)

    monkeypatch.setattr("pando_server.relay.admission.proof", counting)
    codes = [
        code_of(admission.check_login("s", login(fetch(admission, number), "wrong"), 1)) for number in range(1, 1_001)
    ]
    assert codes == [Code.SECRET] * 5 + [Code.THROTTLED] * 995
    assert len(compared) == 5
    # The right one is not tried either, until there was a pause; another address is not concerned.
    assert code_of(admission.check_login("s", login(fetch(admission, 2_000)), 1)) is Code.THROTTLED
    admission.admit("t", "192.0.2.2", False, 1)
    assert admission.check_login("t", login(fetch(admission, 2_001)), 1) is None
    assert admission.check_login("s", login(fetch(admission, 2_002, now=11)), 11) is None


def test_what_a_throttled_peer_sends_does_not_use_up_a_nonce() -> None:
    admission = with_a_socket(Limits(login_failure_burst=1))
    admission.check_login("s", login("f" * 64), 0)
    nonce = fetch(admission)
    assert code_of(admission.check_login("s", login(nonce), 0)) is Code.THROTTLED
    assert admission.check_login("s", login(nonce), 10) is None


def test_an_address_gets_so_many_nonces() -> None:
    admission = Admission(SECRET, Limits(nonce_burst=2, nonces_per_second=1))
    given = [code_of(admission.nonce(ADDRESS, f"{number:064x}", 0)) for number in range(3)]
    assert given == [None, None, Code.THROTTLED]
    assert admission.nonce(ADDRESS, f"{3:064x}", 1) is None


def test_nonces_that_nobody_uses_make_room_the_oldest_first() -> None:
    admission = with_a_socket(Limits(nonces=2))
    first, second, third = (fetch(admission, number) for number in range(3))
    assert code_of(admission.check_login("s", login(first), 0)) is Code.NONCE
    assert admission.check_login("s", login(second), 0) is None
    assert admission.check_login("s", login(third), 0) is None
    admission.check()


def test_expired_nonces_are_forgotten() -> None:
    admission = Admission(SECRET, Limits())
    for number in range(10):
        fetch(admission, number)
    fetch(admission, 99, now=31)
    assert repr(admission) == "<Admission [0 sockets, 1 nonces]>"


def test_there_is_room_for_so_many_connections_in_all_and_from_one_address() -> None:
    admission = Admission(SECRET, Limits(sockets=3, sockets_per_address=2))
    assert admission.admit("a", ADDRESS, False, 0) is None
    assert admission.admit("b", ADDRESS, False, 0) is None
    assert code_of(admission.admit("c", ADDRESS, False, 0)) is Code.FULL
    assert admission.admit("d", "192.0.2.2", False, 0) is None
    assert code_of(admission.admit("e", "192.0.2.3", False, 0)) is Code.FULL
    assert len(admission) == 3
    assert admission.forget("a")
    assert not admission.forget("a")
    assert admission.admit("c", ADDRESS, False, 0) is None
    admission.check()


def test_no_refusal_names_the_secret() -> None:
    admission = with_a_socket()
    refusals = [admission.check_login("s", login(fetch(admission, number), "wrong"), 0) for number in range(10)]
    assert not any(SECRET in repr(one) for one in refusals)

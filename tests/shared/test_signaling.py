"""The messages of the signaling wire: what passes, what does not, and the proof of the secret."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from pydantic import ValidationError

from pando_shared import PROTOCOL, __version__
from pando_shared.limits import (
    MAX_CANDIDATES,
    MAX_CARD_BYTES,
    MAX_ICE_SERVERS,
    MAX_JOB_CHARACTERS,
    MAX_OFFERS,
    MAX_SDP_BYTES,
    MAX_VOLUNTEERS,
)
from pando_shared.signaling import (
    Card,
    ClientLogin,
    Closing,
    Code,
    IceServer,
    Login,
    Notice,
    Offer,
    Outcome,
    Signal,
    VolunteerCount,
    VolunteerLogin,
    proof,
    refusal,
)

LOGIN = {"version": "1", "nonce": "0" * 64, "host": "h", "job": "a-job-1", "key": "a" * 32}
CANDIDATE = "a=candidate:1 1 udp 1 192.0.2.1 1 typ host"


def test_the_proof_is_the_one_of_the_protocol() -> None:
    message = 'pando/2 client {"job":"ü"}'.encode()
    assert proof("geheim ß", '{"job":"ü"}') == hmac.new("geheim ß".encode(), message, hashlib.sha256).hexdigest()


def test_a_refusal_has_the_form_of_the_wire() -> None:
    assert refusal(Code.FULL, "no room") == {"error": {"code": "full", "text": "no room"}}


def test_unknown_keys_are_ignored_and_the_rest_has_defaults() -> None:
    login = VolunteerLogin.model_validate({"later": "versions may say more"})
    assert login == VolunteerLogin(protocol=PROTOCOL, version="", job=None)
    says = Login.model_validate(LOGIN | {"later": 1})
    assert (says.ice_servers, says.relay, says.card, says.client) == ((), True, Card(), None)
    signed = ClientLogin.signed(Login(nonce="0" * 64, host="h", job="j", key="0" * 32), "secret")
    assert signed.says.version == __version__
    assert signed.proof == proof("secret", signed.login)


def test_a_card_says_what_was_set_and_fits_whatever_that_is() -> None:
    assert Card.of("f.js", page=False, hosts=()).model_dump(exclude_none=True) == {"title": "f.js"}
    full = Card.of("\\" * 1_000, page=True, hosts=("a.example",))
    assert (full.context, full.hosts, full.bytes <= MAX_CARD_BYTES) == ("page", ("a.example",), True)
    many = Card.of("😀" * 300, page=True, hosts=tuple(f"{'x' * 60}{number}.example" for number in range(32)))
    assert many.hosts == ("*",)
    assert many.bytes <= MAX_CARD_BYTES
    with pytest.raises(ValidationError, match="more than 1024 bytes"):
        Card(title="😀" * 200, hosts=tuple(f"{'x' * 60}{number}.example" for number in range(32)))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Login, LOGIN | {"job": "x" * MAX_JOB_CHARACTERS}),
        (Login, LOGIN | {"ice_servers": [{"urls": "stun:a"}] * MAX_ICE_SERVERS}),
        (Offer, {"attempt": MAX_OFFERS, "sdp": "x" * MAX_SDP_BYTES}),
        (Offer, {"attempt": 1, "sdp": f"{CANDIDATE}\r\n" * MAX_CANDIDATES}),
        (VolunteerCount, {"count": MAX_VOLUNTEERS}),
        (VolunteerCount, {"count": 0}),
        (IceServer, {"urls": "turns:turn.example:443?transport=tcp", "username": "u", "credential": "c"}),
    ],
)
def test_messages_up_to_the_limits_pass(model: type[Signal], message: dict[str, Any]) -> None:
    assert model.model_validate(message)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Login, LOGIN | {"job": "x" * (MAX_JOB_CHARACTERS + 1)}),
        (Login, LOGIN | {"job": ""}),
        (Login, LOGIN | {"job": "UPPER"}),
        (Login, LOGIN | {"key": "a" * 31}),
        (Login, LOGIN | {"nonce": "g" * 64}),
        (ClientLogin, {"protocol": True, "login": json.dumps(LOGIN), "proof": "0" * 64}),
        (ClientLogin, {"login": json.dumps(LOGIN | {"job": ""}), "proof": "0" * 64}),
        (Login, LOGIN | {"client": "short"}),
        (Outcome, {"volunteer": "v", "attempt": 1, "opened": True, "ms": -1}),
        (Closing, {"text": "x", "retry_ms": 600_001}),
        (Notice, {"outdated": "1"}),
        (Login, LOGIN | {"ice_servers": [{"urls": "stun:a"}] * (MAX_ICE_SERVERS + 1)}),
        (Offer, {"attempt": MAX_OFFERS + 1, "sdp": "x"}),
        (Offer, {"attempt": 0, "sdp": "x"}),
        (Offer, {"attempt": 1, "sdp": ""}),
        (Offer, {"attempt": 1, "sdp": "x" * (MAX_SDP_BYTES + 1)}),
        (Offer, {"attempt": 1, "sdp": f"{CANDIDATE}\r\n" * (MAX_CANDIDATES + 1)}),
        # A line may end in anything that ends one for the library that reads the description.
        (Offer, {"attempt": 1, "sdp": f"{CANDIDATE}\x0b" * (MAX_CANDIDATES + 1)}),
        (VolunteerCount, {"count": MAX_VOLUNTEERS + 1}),
        (VolunteerCount, {"count": -1}),
        (VolunteerCount, {"count": 1.0}),
        (IceServer, {"urls": "http://stun.example"}),
        (IceServer, {"urls": "stun:" + "x" * 201}),
        (IceServer, {"urls": "stun:a b"}),
    ],
)
def test_messages_beyond_them_do_not(model: type[Signal], message: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(message)


def test_an_error_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(ValidationError) as caught:
        Offer.model_validate({"attempt": "secret", "sdp": ["secret"]})
    assert "secret" not in str(caught.value)

"""The messages of the signaling wire: what passes, what does not, and the proof of the secret."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from pydantic import ValidationError

from pando_shared import PROTOCOL, __version__
from pando_shared.limits import (
    MAX_CANDIDATES,
    MAX_ICE_SERVERS,
    MAX_JOB_CHARACTERS,
    MAX_OFFERS,
    MAX_SDP_BYTES,
    MAX_VOLUNTEERS,
)
from pando_shared.signaling import (
    ClientLogin,
    Code,
    IceServer,
    Offer,
    Signal,
    VolunteerCount,
    VolunteerLogin,
    proof,
    refusal,
)

LOGIN = {"protocol": 1, "version": "1", "nonce": "0" * 64, "proof": "f" * 64, "job": "a-job-1", "key": "a" * 32}
CANDIDATE = "a=candidate:1 1 udp 1 192.0.2.1 1 typ host"


def test_the_proof_is_the_one_of_the_protocol() -> None:
    message = b"pando/1 client 00ff a-job"
    assert proof("geheim ß", "00ff", "a-job") == hmac.new("geheim ß".encode(), message, hashlib.sha256).hexdigest()


def test_a_refusal_has_the_form_of_the_wire() -> None:
    assert refusal(Code.FULL, "no room") == {"error": {"code": "full", "text": "no room"}}


def test_unknown_keys_are_ignored_and_the_rest_has_defaults() -> None:
    login = VolunteerLogin.model_validate({"later": "versions may say more"})
    assert login == VolunteerLogin(protocol=PROTOCOL, version="", job=None)
    assert ClientLogin.model_validate(LOGIN).ice_servers == ()
    assert ClientLogin(nonce="0" * 64, proof="0" * 64, job="j", key="0" * 32).version == __version__


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (ClientLogin, LOGIN | {"job": "x" * MAX_JOB_CHARACTERS}),
        (ClientLogin, LOGIN | {"ice_servers": [{"urls": "stun:a"}] * MAX_ICE_SERVERS}),
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
        (ClientLogin, LOGIN | {"job": "x" * (MAX_JOB_CHARACTERS + 1)}),
        (ClientLogin, LOGIN | {"job": ""}),
        (ClientLogin, LOGIN | {"job": "UPPER"}),
        (ClientLogin, LOGIN | {"key": "a" * 31}),
        (ClientLogin, LOGIN | {"nonce": "g" * 64}),
        (ClientLogin, LOGIN | {"protocol": True}),
        (ClientLogin, LOGIN | {"ice_servers": [{"urls": "stun:a"}] * (MAX_ICE_SERVERS + 1)}),
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

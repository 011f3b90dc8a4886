"""The text that proves whose job it is, against the vectors that bind the page too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pando_shared.wire.job_proof import fingerprint_of, relay_binding, signed_text, webrtc_binding

VECTORS = json.loads((Path(__file__).parents[3] / "shared" / "vectors" / "v2" / "job_proof.json").read_text())
ONE = ":".join(["0A"] * 32)
OTHER = ":".join(["FF"] * 32)


def description(*fingerprints: str, kind: str = "sha-256") -> str:
    return "v=0\r\n" + "".join(f"a=fingerprint:{kind} {value}\r\n" for value in fingerprints) + "a=setup:active\r\n"


@pytest.mark.parametrize("vector", VECTORS["texts"])
def test_the_signed_text(vector: dict[str, str]) -> None:
    assert signed_text(vector["job"], vector["binding"]).decode() == vector["text"]


def test_a_fingerprint_in_any_case_is_upper_case() -> None:
    assert fingerprint_of(description(ONE.lower())) == ONE


def test_a_fingerprint_that_is_said_twice_is_one() -> None:
    assert fingerprint_of(description(ONE, ONE.lower())) == ONE


@pytest.mark.parametrize(
    "sdp",
    ["", description(), description(ONE, OTHER), description(ONE, kind="sha-1"), description(ONE[:-3]), ONE],
    ids=["empty", "none", "two", "another digest", "cut", "not a line"],
)
def test_what_names_no_one_certificate_has_no_fingerprint(sdp: str) -> None:
    assert fingerprint_of(sdp) is None


def test_the_client_comes_first_in_a_binding() -> None:
    assert webrtc_binding(description(ONE), description(OTHER)) == f"webrtc {OTHER} {ONE}"


def test_there_is_no_binding_without_both_certificates() -> None:
    assert webrtc_binding(description(ONE), description()) is None
    assert webrtc_binding(description(), description(ONE)) is None


def test_the_relay_is_told_by_its_handshake() -> None:
    assert relay_binding(bytes(range(32))) == "relay " + "".join(f"{i:02x}" for i in range(32))

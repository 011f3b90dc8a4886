"""Credentials for TURN servers."""

from __future__ import annotations

from pando_server.relay.turn import turn_servers


def test_credentials_are_those_of_coturn() -> None:
    """As `printf 1700000000:v1 | openssl dgst -sha1 -hmac north -binary | base64` says."""
    [first, second] = turn_servers(["turn:a.example", "turns:a.example"], "north", "v1", 1_700_000_000)
    assert (first.urls, second.urls) == ("turn:a.example", "turns:a.example")
    assert (first.username, first.credential) == ("1700000000:v1", "gBSks03Lvity2L+LwO1tPRG9S0s=")
    assert (second.username, second.credential) == (first.username, first.credential)

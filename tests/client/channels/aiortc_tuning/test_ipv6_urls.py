"""Servers whose address is one of IPv6."""

from __future__ import annotations

import pytest
from aiortc.rtcicetransport import parse_stun_turn_uri

from pando_client.channels.aiortc_tuning import ipv6_urls


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("stun:[2001:db8::1]:1234", "2001:db8::1", 1234),
        ("turn:[::1]?transport=tcp", "::1", 3478),
        ("turns:[::1]:443", "::1", 443),
        ("stun:stun.example:19302", "stun.example", 19302),
        ("turn:192.0.2.1?transport=udp", "192.0.2.1", 3478),
    ],
)
def test_aiortc_understands_them(url: str, host: str, port: int) -> None:
    assert ipv6_urls
    found = parse_stun_turn_uri(url)
    assert (found["host"], found["port"]) == (host, port)


@pytest.mark.parametrize("url", ["stun:[::1", "stun:::1", "turn:]x", "stun:[]"])
def test_what_is_malformed_stays_so(url: str) -> None:
    with pytest.raises(ValueError, match="malformed"):
        parse_stun_turn_uri(url)

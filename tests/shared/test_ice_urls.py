"""What is written of STUN and TURN servers, and what becomes of it."""

from __future__ import annotations

import re

import pytest

from pando_shared.ice_urls import checked, from_browser, given


@pytest.mark.parametrize(
    ("text", "urls", "username", "credential"),
    [
        ("turn:user:p@ss:w/ord@turn.example:3478", "turn:turn.example:3478", "user", "p@ss:w/ord"),
        ("turn:u%40x:p%25%3a@h", "turn:h", "u@x", "p%:"),
        ("turn:u:p@[::1]", "turn:[::1]", "u", "p"),
        ("turns:u:p@[2001:db8::1]:443?transport=tcp", "turns:[2001:db8::1]:443?transport=tcp", "u", "p"),
        ("turn:u:p@192.0.2.1:1?transport=udp", "turn:192.0.2.1:1?transport=udp", "u", "p"),
        ("turn:ü:%C3%BC@h:65535", "turn:h:65535", "ü", "ü"),
    ],
)
def test_a_turn_server_with_user_and_password(text: str, urls: str, username: str, credential: str) -> None:
    assert given(text) == {"urls": urls, "username": username, "credential": credential}


@pytest.mark.parametrize("url", ["stun:h", "stun:h.example:3478", "stun:[::1]:1", "stun:192.0.2.1", "stun:localhost"])
def test_a_stun_server(url: str) -> None:
    assert given(url) == {"urls": url}
    assert checked(url) == url


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("turn:u:p@HOST:99999", "port"),
        ("turn:u:p@HOST:0", "port"),
        ("turn:u:p@HOST:", "port"),
        ("turn:u:p@HOST:x", "port"),
        ("turn:HOST", "needs a user and a password: turn:USER:PASSWORD@HOST"),
        ("turns:u@HOST", "needs a user and a password: turns:USER:PASSWORD@HOST"),
        ("turn::p@HOST", "needs a user"),
        ("turn:u:@HOST", "needs a user"),
        ("turn:u:50%@HOST", "% is written %25"),
        ("turn:u:%FF@HOST", "not UTF-8"),
        ("stun:u:p@HOST", "takes no user"),
        ("stun:HOST?transport=tcp", "takes no ?transport="),
        ("turn:u:p@HOST?transport=sctp", "transport=udp or transport=tcp"),
        ("turn:u:p@HOST?", "transport=udp or transport=tcp"),
        ("stuns:HOST", "begins with stun:, turn: or turns:"),
        ("HOST:3478", "begins with"),
        ("stun", "begins with"),
        ("stun:", "needs a host name"),
        ("stun:a b", "needs a host name"),
        ("stun://HOST", "needs a host name"),
        ("stun:1.2.3", "needs a host name"),
        ("stun:1.2.3.400", "needs a host name"),
        ("stun:-a", "needs a host name"),
        ("stun:::1", "stands in brackets"),
        ("stun:[::1", "stands in brackets"),
        ("stun:[::1]x", "stands in brackets"),
        ("stun:[1.2.3.4]", "no IPv6 address"),
        ("stun:" + "a." * 200, "at most 200 characters"),
    ],
)
def test_anything_else_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        given(text)


def test_objects_as_browsers_take_them() -> None:
    login = {"username": "u", "credential": "c"}
    assert from_browser({"urls": ["stun:a", "turn:b"], **login}) == [{"urls": "stun:a"}, {"urls": "turn:b", **login}]
    assert from_browser({"url": "stun:a"}) == [{"urls": "stun:a"}]


@pytest.mark.parametrize(
    "entry", [7, {}, {"urls": []}, {"urls": [7]}, {"urls": 7}, {"urls": "turn:a"}, {"urls": "http://a"}]
)
def test_objects_that_are_no_servers(entry: object) -> None:
    with pytest.raises(ValueError, match="server"):
        from_browser(entry)

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pando_server.signaling.packets import (
    Acknowledgement,
    Connect,
    Event,
    Goodbye,
    Pong,
    acknowledged,
    outgoing_kind,
    parse,
    refusing,
)
from pando_shared.errors import ProtocolViolation
from pando_shared.limits import MAX_SIGNAL_BYTES


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("3", Pong()),
        ("1", Goodbye()),
        ("41/client,", Goodbye()),
        ("40", Connect("/")),
        ('40{"a":1}', Connect("/")),
        ("40/client,", Connect("/client")),
        ('40/volunteer,{"protocol":1}', Connect("/volunteer")),
        ("40/admin,{}", Connect("/admin")),
        ('42/volunteer,7["offer",{"attempt":1}]', Event("/volunteer")),
        ('42/client,["volunteers",{"count":1}]', Event("/client")),
        ('42/client,3["volunteers",{"count":1}]', Event("/client")),
        ('43/client,12[{"sdp":"x"}]', Acknowledgement("/client", 12)),
        ("43/client,12[]", Acknowledgement("/client", 12)),
    ],
)
def test_what_the_protocol_allows_is_understood(text: str, packet: object) -> None:
    assert parse(text) == packet


DEEP = '42/volunteer,1["offer",' + "[" * 9 + "]" * 9 + "]"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "2",
        "2probe",
        "5",
        "6",
        "0{}",
        "4",
        "3probe",
        "bAAAA",
        "4²/client,[]",
        "٤٢/client,[]",
        "42",
        '42["offer",{}]',
        '42/volunteer["offer",{}]',
        '42/volunteer,["offer",{}]',
        '42/volunteer,1["connect",{}]',
        '42/volunteer,1["disconnect"]',
        '42/client,["disconnect",{}]',
        '42/volunteer,1["volunteers",{}]',
        '42/volunteer,1["offer"]',
        '42/volunteer,1["offer",{},{}]',
        '42/volunteer,1[["offer"],{}]',
        '42/volunteer,1{"offer":{}}',
        '42/volunteer,1["offer",{}',
        '42/volunteer,1["offer",{}] ["offer"]',
        '42/volunteer,1234567890["offer",{}]',
        "42/volunteer,1[" + "9" * 5_000 + "]",
        '43/volunteer,1[{"sdp":"x"}]',
        '43/client,[{"sdp":"x"}]',
        '43/client,1{"sdp":"x"}',
        "40/client,[]",
        "40/client,1{}",
        "40/client,nonsense",
        "41/client,{}",
        '44/client,{"message":"x"}',
        '451-/volunteer,1["offer",{"_placeholder":true,"num":0}]',
        "461-/client,1[]",
        '452000000000-/volunteer,1["offer",{}]',
        DEEP,
        '42/volunteer,1["offer",' + "[" * 30_000,
        '42/volunteer,1["offer",' + "[" * 30_000 + "]" * 30_000 + "]",
        "4" * (MAX_SIGNAL_BYTES + 1),
    ],
)
def test_everything_else_breaks_the_protocol(text: str | None) -> None:
    with pytest.raises(ProtocolViolation):
        parse(text)


@given(st.text(max_size=60) | st.text('0123456789/,[]{}":-offerclint', max_size=60).map("4".__add__))
def test_no_text_raises_anything_else(text: str) -> None:
    with contextlib.suppress(ProtocolViolation):
        parse(text)


def test_json_as_deep_as_a_message_ever_is_passes() -> None:
    login = {"ice_servers": [{"urls": "stun:x"}]}
    assert parse("40/client," + json.dumps(login)) == Connect("/client")


def test_the_id_of_an_outgoing_event_is_found() -> None:
    assert acknowledged('42/client,5["offer",{}]') == 5
    assert acknowledged('42/volunteer,["waiting",{}]') is None
    assert acknowledged('43/volunteer,5[{"sdp":"x"}]') is None
    assert acknowledged("2") is None


def test_outgoing_packets_are_told_apart() -> None:
    texts = ["2", '40/client,{"sid":"x"}', '44/client,{"message":"x"}', "41/client,", "1", '42/client,1["offer",{}]']
    assert [outgoing_kind(text) for text in texts] == ["ping", "accepted", "refused", "farewell", "farewell", "other"]


def test_a_refusal_has_the_form_that_socket_io_clients_read() -> None:
    assert refusing("/admin", "no", {"error": 1}) == '44/admin,{"message": "no", "data": {"error": 1}}'
    assert refusing("/", "no", None) == '44{"message": "no", "data": null}'

"""The messages of the data plane as values: types, defaults and limits."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from pando_shared import PROTOCOL, __version__
from pando_shared.limits import (
    DEFAULT_HEARTBEAT_MS,
    DEFAULT_RESULT_BYTES,
    MAX_DEVICE_CHARACTERS,
    MAX_LEASES_NAMED,
    MAX_NO_TEXT_CHARACTERS,
    MAX_REPORTED,
    MAX_RESULT_BYTES,
    MAX_SLOTS,
    MAX_TIMEOUT_MS,
    MAX_UNITS_CHARACTERS,
)
from pando_shared.wire.framing import CONTROL
from pando_shared.wire.messages import (
    BlobInfo,
    ClientMessage,
    GoodbyeBody,
    HelloInfo,
    JsonBody,
    LeaseList,
    Lend,
    ReadyInfo,
    ReportInfo,
    Results,
    VolunteerMessage,
)

MESSAGES = (*get_args(ClientMessage), *get_args(VolunteerMessage))

FUNCTION = {"digest": "0" * 64, "bytes": 1}


def test_each_message_has_a_type_of_its_own() -> None:
    types = [message.TYPE for message in MESSAGES]
    assert len(set(types)) == len(types) == 15
    assert all(message.TYPE < 0x20 for message in get_args(ClientMessage))
    assert all(message.TYPE >= 0x20 for message in get_args(VolunteerMessage))


def test_all_but_the_bulk_messages_are_control() -> None:
    bulk = {message.__name__ for message in MESSAGES if message.TYPE not in CONTROL}
    assert bulk == {"Lend", "Blob", "Results"}
    # `progress` is described, and not spoken yet.
    assert {message.TYPE for message in MESSAGES} >= CONTROL - {0x16}


def test_a_hello_has_the_defaults_of_the_protocol() -> None:
    function = BlobInfo(digest="0" * 64, bytes=1)
    assert HelloInfo(job="j", function=function).model_dump() == {
        "protocol": PROTOCOL,
        "version": __version__,
        "job": "j",
        "function": function.model_dump(),
        "title": "",
        "heartbeat_ms": DEFAULT_HEARTBEAT_MS,
        "timeout_ms": None,
        "max_result": DEFAULT_RESULT_BYTES,
        "context": "worker",
        "allow_net": (),
        "client": None,
    }


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (HelloInfo, {"job": "j", "function": FUNCTION, "max_result": MAX_RESULT_BYTES, "timeout_ms": MAX_TIMEOUT_MS}),
        (ReadyInfo, {"slots": MAX_SLOTS, "device": "x" * MAX_DEVICE_CHARACTERS}),
        (ReadyInfo, {"slots": 0}),
        (LeaseList, {"leases": [1] * MAX_LEASES_NAMED}),
        (ReportInfo, {"items": MAX_REPORTED, "cpu_ms": 0.5, "units": "x" * MAX_UNITS_CHARACTERS}),
        (ReportInfo, {"no_text": "x" * MAX_NO_TEXT_CHARACTERS}),
        (GoodbyeBody, {"reason": "x" * 16, "unknown": "keys are ignored"}),
    ],
)
def test_bodies_up_to_the_limits_pass(body: type[JsonBody], given: dict[str, Any]) -> None:
    assert body.model_validate(given)


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (HelloInfo, {"job": "j", "function": FUNCTION, "max_result": MAX_RESULT_BYTES + 1}),
        (HelloInfo, {"job": "j", "function": FUNCTION, "max_result": 0}),
        (HelloInfo, {"job": "j", "timeout_ms": MAX_TIMEOUT_MS + 1}),
        (HelloInfo, {"job": "j", "context": "moon"}),
        (HelloInfo, {"job": "j", "allow_net": ["not a host"]}),
        (ReadyInfo, {"slots": MAX_SLOTS + 1}),
        (ReadyInfo, {"slots": True}),
        (ReadyInfo, {"slots": 1, "device": "x" * (MAX_DEVICE_CHARACTERS + 1)}),
        (LeaseList, {"leases": [1] * (MAX_LEASES_NAMED + 1)}),
        (LeaseList, {"leases": [0]}),
        (LeaseList, {"leases": [2**32]}),
        (ReportInfo, {"items": MAX_REPORTED + 1}),
        (ReportInfo, {"items": -1}),
        (ReportInfo, {"items": float("nan")}),
        (ReportInfo, {"units": "x" * (MAX_UNITS_CHARACTERS + 1)}),
        (ReportInfo, {"units": "a\x1bb"}),
        (ReportInfo, {"no_text": "x" * (MAX_NO_TEXT_CHARACTERS + 1)}),
        (ReportInfo, {"no_text": 7}),
        (GoodbyeBody, {"reason": "Not a word"}),
    ],
)
def test_bodies_beyond_them_do_not(body: type[JsonBody], given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        body.model_validate(given)


def test_messages_are_values() -> None:
    assert Lend(1, [b"a"]) == Lend(1, [b"a"])
    assert Results(1, 0, 0, [b"a"]) != Results(1, 0, 0, [b"a"], kinds=b"\0")

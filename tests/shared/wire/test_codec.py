"""The bytes of messages: the vectors bind this codec and the page's to the same ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pando_shared.errors import ProtocolViolation
from pando_shared.limits import MAX_ERROR_BYTES
from pando_shared.wire import codec, messages
from pando_shared.wire.messages import (
    Accept,
    Blob,
    Broken,
    ClientGoodbye,
    Hello,
    Lend,
    Message,
    Ping,
    Pong,
    Ready,
    Received,
    Report,
    Results,
    Return,
    VolunteerGoodbye,
    Withdraw,
)

FOLDER = Path(__file__).parents[3] / "shared/vectors/v2"
GOOD = json.loads((FOLDER / "messages.json").read_text())
BROKEN = json.loads((FOLDER / "broken.json").read_text())
DECODE: dict[str, Callable[[bytes], Message]] = {"client": codec.from_client, "volunteer": codec.from_volunteer}
JSON_BODIES = {"withdraw", "return", "goodbye", "ready", "broken", "hello", "report", "accept"}


def neutral(message: Message) -> dict[str, Any]:
    """The form that the vectors have, in which no language's types show."""
    match message:
        case Hello():
            return {"type": "hello", "info": message.info.model_dump(mode="json")}
        case Blob():
            return {
                "type": "blob",
                "digest": message.digest.hex(),
                "offset": message.offset,
                "data": message.data.hex(),
            }
        case Accept():
            return {"type": "accept", "blobs": [blob.model_dump(by_alias=True) for blob in message.blobs]}
        case Received():
            return {"type": "received", "size": message.size}
        case Lend():
            return {
                "type": "lend",
                "lease": message.lease,
                "items": [item.decode() for item in message.items],
            }
        case Results():
            return {
                "type": "results",
                "lease": message.lease,
                "offset": message.offset,
                "busy_us": message.busy_us,
                "kinds": None if message.kinds is None else list(message.kinds),
                "values": [value.decode() for value in message.values],
            }
        case Withdraw() | Return():
            return {"type": type(message).__name__.lower(), "leases": list(message.leases)}
        case Ping() | Pong():
            return {"type": type(message).__name__.lower(), "token": message.token.hex()}
        case ClientGoodbye() | VolunteerGoodbye():
            return {"type": "goodbye", "reason": message.reason, "text": message.text}
        case Ready():
            return {"type": "ready", "info": message.info.model_dump()}
        case Broken():
            return {"type": "broken", **message.error.model_dump()}
        case Report():
            return {"type": "report", "report": message.info.model_dump(exclude_none=True)}


@pytest.mark.parametrize("vector", GOOD, ids=lambda v: v["name"])
def test_messages_are_those_of_the_vectors(vector: dict[str, Any]) -> None:
    message = DECODE[vector["from"]](bytes.fromhex(vector["hex"]))
    assert neutral(message) == vector["message"]
    again = codec.encode(message)
    assert neutral(DECODE[vector["from"]](again)) == vector["message"]
    if vector["message"]["type"] not in JSON_BODIES:
        assert again.hex() == vector["hex"]


@pytest.mark.parametrize("vector", BROKEN, ids=lambda v: v["name"])
def test_broken_messages_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(ProtocolViolation):
        DECODE[vector["from"]](bytes.fromhex(vector["hex"]))


@given(st.sampled_from(sorted(DECODE)), st.integers(0, 255), st.binary(max_size=60))
def test_no_bytes_do_anything_but_decode_or_raise(sender: str, kind: int, body: bytes) -> None:
    try:
        message = DECODE[sender](bytes((kind, 0, 0, 0)) + body)
    except ProtocolViolation:
        return
    assert neutral(message)


@given(st.lists(st.text(), min_size=1), st.integers(1, 2**32 - 1))
def test_items_arrive_as_they_were_lent(items: list[str], lease: int) -> None:
    lend = codec.from_client(codec.encode(Lend(lease, [item.encode("utf-8", "replace") for item in items])))
    assert isinstance(lend, Lend)
    assert [item.decode() for item in lend.items] == [i.encode("utf-8", "replace").decode() for i in items]
    assert lend.lease == lease


def test_an_error_of_the_function_is_bounded() -> None:
    def results(size: int) -> bytes:
        error = json.dumps({"message": "x" * size, "stack": ""}).encode()
        return codec.encode(Results(1, 0, 0, [error], bytes((messages.ERROR,))))

    assert isinstance(codec.from_volunteer(results(60_000)), Results)
    with pytest.raises(ProtocolViolation, match="too long"):
        codec.from_volunteer(results(MAX_ERROR_BYTES))


def test_a_json_body_is_bounded() -> None:
    assert isinstance(codec.from_volunteer(codec.encode(Return(tuple(range(1, 10_001))))), Return)
    body = codec.encode(VolunteerGoodbye("left", "")) + b" " * MAX_ERROR_BYTES
    with pytest.raises(ProtocolViolation, match="a JSON body that is too long"):
        codec.from_volunteer(body)


@pytest.mark.parametrize(
    ("escaped", "read"),
    [
        (rb"\ud83d", "\ufffd"),
        (rb"a\uDC00\ud83d\ude00", "a\ufffd😀"),
        (rb"\ud83d\u0041", "\ufffdA"),
        (rb"\ud83d\ud83d\ude00", "\ufffd😀"),
        (rb"\\ud83d", r"\ud83d"),
        (rb"\\\ud83d", "\\\ufffd"),
    ],
)
def test_half_a_character_in_an_error_is_a_replacement_character(escaped: bytes, read: str) -> None:
    body = b'{"message": "' + escaped + b'", "stack": ""}'
    assert codec.error_info(body).message == read
    assert codec.from_volunteer(bytes((Broken.TYPE, 0, 0, 0)) + body) == Broken(
        messages.ErrorInfo(message=read, stack="")
    )


@pytest.mark.parametrize("escaped", [rb"\ud83", rb"\ud83d\udc", rb"\ud8xx", rb"\q", b"\\"])
def test_an_escape_that_is_none_breaks_the_protocol(escaped: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        codec.error_info(b'{"message": "' + escaped + b'"}')

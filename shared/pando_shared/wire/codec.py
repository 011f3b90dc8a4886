"""The bytes of the messages of the data plane (PROTOCOL.md, 2.2 and 2.3).

Sans-I/O. `encode` never fails on what this program makes; `from_volunteer` and `from_client` turn foreign bytes
into one of the types of `messages`, or raise `ProtocolViolation`, and nothing else.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TypeVar

from pydantic import ValidationError

from pando_shared.errors import ProtocolViolation
from pando_shared.limits import MAX_ERROR_BYTES, MAX_GOODBYE_CHARACTERS, MAX_JSON_BODY_BYTES
from pando_shared.wire.framing import HEADER
from pando_shared.wire.messages import (
    BINARY,
    DECLINED,
    ERROR,
    RESULT,
    Accept,
    AcceptBody,
    Blob,
    Broken,
    ClientGoodbye,
    ClientMessage,
    ErrorInfo,
    GoodbyeBody,
    Hello,
    HelloInfo,
    JsonBody,
    LeaseList,
    Lend,
    Message,
    Ping,
    Pong,
    Ready,
    ReadyInfo,
    Received,
    Report,
    ReportInfo,
    Results,
    Return,
    VolunteerGoodbye,
    VolunteerMessage,
    Withdraw,
)

DIGEST = 32
"""Bytes of a SHA-256."""
BLOB_HEADER = HEADER + DIGEST + 4
"""Bytes of a `blob` before those of the blob itself."""
_HAS_KINDS = 0x01
_LEND_HEAD = struct.Struct("<4xII")
_RESULTS_HEAD = struct.Struct("<4xIIII")
_LENGTH = struct.Struct("<I")
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL)
"""An escape in JSON: a whole surrogate pair, half of one, or another."""

Body = TypeVar("Body", bound=JsonBody)


def encode(message: Message) -> bytes:
    """Returns `message` as bytes: type, three bytes, body."""
    match message:
        case Lend():
            sizes = [len(item) for item in message.items]
            head = struct.pack(f"<B3xII{len(sizes)}I", Lend.TYPE, message.lease, len(sizes), *sizes)
            return head + b"".join(message.items)
        case Results():
            sizes = [len(value) for value in message.values]
            head = struct.pack(
                f"<BB2xIIII{len(sizes)}I",
                Results.TYPE,
                0 if message.kinds is None else _HAS_KINDS,
                message.lease,
                message.offset,
                len(sizes),
                message.busy_us,
                *sizes,
            )
            return b"".join((head, message.kinds or b"", *message.values))
        case Hello():
            info = message.info.model_dump_json(exclude_none=True).encode()
            return _head(Hello) + _LENGTH.pack(len(info)) + info
        case Blob():
            return b"".join((_head(Blob), message.digest, _LENGTH.pack(message.offset), message.data))
        case Accept():
            return _head(Accept) + AcceptBody(blobs=message.blobs).model_dump_json(by_alias=True).encode()
        case Received():
            return _head(Received) + _LENGTH.pack(message.size)
        case Ping() | Pong():
            return _head(type(message)) + message.token
        case Withdraw() | Return():
            return _json(type(message), LeaseList(leases=message.leases))
        case ClientGoodbye() | VolunteerGoodbye():
            return _json(type(message), GoodbyeBody(reason=message.reason, text=message.text[:MAX_GOODBYE_CHARACTERS]))
        case Ready():
            return _json(Ready, message.info)
        case Broken():
            return _json(Broken, message.error)
        case _:  # Report: it is the one that is left
            return _head(Report) + message.info.model_dump_json(exclude_none=True).encode()


def from_volunteer(data: bytes) -> VolunteerMessage:
    """Returns the message that a volunteer sent.

    Raises:
        ProtocolViolation: it is not one.
    """
    kind = data[0]
    if kind == Results.TYPE:
        return _results(data)
    _plain_head(data)
    match kind:
        case Ready.TYPE:
            return Ready(_model(ReadyInfo, data))
        case Pong.TYPE:
            return Pong(_token(data))
        case Return.TYPE:
            return Return(_model(LeaseList, data).leases)
        case VolunteerGoodbye.TYPE:
            body = _model(GoodbyeBody, data)
            return VolunteerGoodbye(body.reason, body.text)
        case Broken.TYPE:
            return Broken(_model(ErrorInfo, data))
        case Report.TYPE:
            return Report(_model(ReportInfo, data))
        case Accept.TYPE:
            return Accept(_model(AcceptBody, data).blobs)
        case Received.TYPE:
            if len(data) != HEADER + _LENGTH.size:
                raise ProtocolViolation("a received without its number")
            return Received(*_LENGTH.unpack_from(data, HEADER))
    raise ProtocolViolation(f"a message of unknown type {kind:#04x}")


def from_client(data: bytes) -> ClientMessage:
    """Returns the message that a client sent.

    Raises:
        ProtocolViolation: it is not one.
    """
    _plain_head(data)
    match data[0]:
        case Lend.TYPE:
            return _lend(data)
        case Hello.TYPE:
            return _hello(data)
        case Blob.TYPE:
            return _blob(data)
        case Withdraw.TYPE:
            return Withdraw(_model(LeaseList, data).leases)
        case Ping.TYPE:
            return Ping(_token(data))
        case ClientGoodbye.TYPE:
            body = _model(GoodbyeBody, data)
            if body.reason not in ("done", "stopped", "full", "protocol", "silent"):
                raise ProtocolViolation("a goodbye for an unknown reason")
            return ClientGoodbye(body.reason, body.text)  # type: ignore[arg-type]  # just narrowed
        case kind:
            raise ProtocolViolation(f"a message of unknown type {kind:#04x}")


def _head(message: type[Message]) -> bytes:
    return bytes((message.TYPE, 0, 0, 0))


def _json(message: type[Message], body: JsonBody) -> bytes:
    return _head(message) + body.model_dump_json().encode()


def _plain_head(data: bytes) -> None:
    if data[1:4] != b"\0\0\0":
        raise ProtocolViolation("a message with an unknown flag")


def _model(model: type[Body], data: bytes, start: int = 4, end: int | None = None) -> Body:
    text = data[start:end]
    if len(text) > MAX_JSON_BODY_BYTES:
        raise ProtocolViolation("a JSON body that is too long")
    if model is ErrorInfo and b"\\u" in text:
        text = _ESCAPE.sub(_well_formed, text)
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False, include_input=False)[0]["loc"])
        what = model.__name__.removesuffix("Info").removesuffix("Body").lower()
        raise ProtocolViolation(f"{what}: {where or 'its JSON'} is not as it should be"[:200]) from None


def _well_formed(escape: re.Match[bytes]) -> bytes:
    """Half a character is no fault of the volunteer: functions cut their texts where they like."""
    return rb"\ufffd" if escape["half"] else escape[0]


def _token(data: bytes) -> bytes:
    if len(data) != 12:
        raise ProtocolViolation("a ping or pong without its 8 bytes")
    return data[4:]


def _columns(data: bytes, start: int, count: int, kinds: bool) -> tuple[bytes | None, list[bytes]]:
    """Cuts `count` lengths, perhaps kinds, and the values out of `data` from `start` on."""
    body = start + (5 if kinds else 4) * count
    if count < 1 or body > len(data):
        raise ProtocolViolation(f"a count of {count} in a message of {len(data)} bytes")
    ends = list(accumulate(struct.unpack_from(f"<{count}I", data, start), initial=body))
    if ends[-1] != len(data):
        raise ProtocolViolation("lengths that do not add up")
    values = [data[a:b] for a, b in pairwise(ends)]
    return (data[body - count : body] if kinds else None), values


def _lend(data: bytes) -> Lend:
    if len(data) < _LEND_HEAD.size:
        raise ProtocolViolation("a lend that is too short")
    lease, count = _LEND_HEAD.unpack_from(data)
    return Lend(_lease_id(lease), _columns(data, _LEND_HEAD.size, count, kinds=False)[1])


def _results(data: bytes) -> Results:
    if len(data) < _RESULTS_HEAD.size:
        raise ProtocolViolation("results that are too short")
    flags = data[1]
    if flags & ~_HAS_KINDS or data[2:4] != b"\0\0":
        raise ProtocolViolation("results with an unknown flag")
    lease, offset, count, busy_us = _RESULTS_HEAD.unpack_from(data)
    kinds, values = _columns(data, _RESULTS_HEAD.size, count, kinds=bool(flags))
    if kinds is not None:
        _check_kinds(kinds, values)
    # One look at all of them first: most results are ASCII.
    elif not b"".join(values).isascii():
        _check_utf8(values)
    return Results(_lease_id(lease), offset, busy_us, values, kinds)


def _check_kinds(kinds: bytes, values: list[bytes]) -> None:
    for kind, value in zip(kinds, values, strict=True):
        if kind == RESULT:
            _check_utf8((value,))
        elif kind == ERROR:
            if len(value) > MAX_ERROR_BYTES:
                raise ProtocolViolation("an error that is too long")
            error_info(value)
        elif kind == DECLINED:
            if value:
                raise ProtocolViolation("a declined item with a value")
        elif kind != BINARY:
            raise ProtocolViolation(f"a result of unknown kind {kind}")


def error_info(value: bytes) -> ErrorInfo:
    """Returns the exception that a result of kind `ERROR` holds.

    Raises:
        ProtocolViolation: it holds none.
    """
    return _model(ErrorInfo, value, start=0)


def _check_utf8(values: Sequence[bytes]) -> None:
    try:
        for value in values:
            value.decode()
    except UnicodeDecodeError:
        raise ProtocolViolation("a result that is not UTF-8") from None


def _lease_id(lease: int) -> int:
    if lease < 1:
        raise ProtocolViolation("lease number 0")
    return lease


def _hello(data: bytes) -> Hello:
    if len(data) < 8:
        raise ProtocolViolation("a hello that is too short")
    (size,) = _LENGTH.unpack_from(data, 4)
    if 8 + size != len(data):
        raise ProtocolViolation("a hello of another length than its JSON")
    return Hello(_model(HelloInfo, data, 8))


def _blob(data: bytes) -> Blob:
    if len(data) <= BLOB_HEADER:
        raise ProtocolViolation("a blob without its bytes")
    (offset,) = _LENGTH.unpack_from(data, HEADER + DIGEST)
    return Blob(data[HEADER : HEADER + DIGEST], offset, data[BLOB_HEADER:])

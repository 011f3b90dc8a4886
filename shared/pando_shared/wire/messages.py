"""The messages of the data plane and their bytes (PROTOCOL.md, 2.2 and 2.3).

Sans-I/O. `encode` never fails on what this program makes; `from_volunteer` and `from_client` turn foreign bytes
into one of the types below, or raise `ProtocolViolation`, and nothing else.

Leases and results are columns (all lengths, then all bytes) and not one object an item: that is what makes a
lease of thousands of items cost little more than a lease of one.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pando_shared import PROTOCOL, __version__
from pando_shared.allowed_hosts import Hosts
from pando_shared.errors import ProtocolViolation
from pando_shared.signaling import JobName, VersionText

RESULT, ERROR, DECLINED, BINARY = 0, 1, 2, 3
"""Kinds of an answer to an item."""

MAX_ERROR = 64 * 1024
"""Bytes of one error's JSON."""
MAX_DEVICE = 64
MAX_SLOTS = 1024
MAX_LEASES_NAMED = 10_000
"""Leases that one `withdraw` or `return` may name."""
MAX_BUNDLE = 64 * 1024 * 1024
"""Bytes of a `hello`: the largest message towards a volunteer."""
DEFAULT_RESULT = 16 * 1024 * 1024
MAX_RESULT = 64 * 1024 * 1024
"""Bytes of one result, which the client chooses: what it starts from, and the most."""
MAX_TIMEOUT_MS = 86_400_000
"""Milliseconds that one item may be given at most: a day."""
MAX_REPORTED = 1e15
"""Of each number of a report."""
MAX_UNITS = 32
RESULT_OVERHEAD = 64 * 1024
"""Bytes that a message may have above the largest result that it carries."""

_HAS_KINDS = 0x01
_LEND_HEAD = struct.Struct("<4xII")
_RESULTS_HEAD = struct.Struct("<4xIIII")
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL)
"""An escape in JSON: a whole surrogate pair, half of one, or another."""
_LENGTH = struct.Struct("<I")


Body = TypeVar("Body", bound="JsonBody")


class JsonBody(BaseModel):
    """Base of the JSON bodies: immutable, unknown keys ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


Text200 = Annotated[str, StringConstraints(max_length=200)]
Amount = Annotated[float, Field(ge=0, le=MAX_REPORTED, strict=True, allow_inf_nan=False)]
Context = Literal["worker", "page"]
LeaseId = Annotated[int, Field(ge=1, le=0xFFFFFFFF, strict=True)]


class HelloInfo(JsonBody):
    """What a volunteer must know before its first lease.

    `title` names the function for the volunteer's owner. `timeout_ms` is the time that one item may take, None for
    any; `max_result` is in bytes. `context` is where the function runs, `allow_net` what it may reach.
    """

    protocol: Annotated[int, Field(strict=True)] = PROTOCOL
    version: VersionText = __version__
    job: JobName
    title: Text200 = ""
    heartbeat_ms: Annotated[int, Field(ge=50, le=3_600_000, strict=True)] = 2500
    timeout_ms: Annotated[int, Field(ge=1, le=MAX_TIMEOUT_MS, strict=True)] | None = None
    max_result: Annotated[int, Field(ge=1, le=MAX_RESULT, strict=True)] = DEFAULT_RESULT
    context: Context = "worker"
    allow_net: Hosts = ()


class ReadyInfo(JsonBody):
    """How much a volunteer lends now. `slots` may be 0: a pause."""

    protocol: Annotated[int, Field(strict=True)] = PROTOCOL
    slots: Annotated[int, Field(ge=0, le=MAX_SLOTS, strict=True)]
    device: Annotated[str, StringConstraints(max_length=MAX_DEVICE)] = ""
    agent: Text200 = ""


class LeaseList(JsonBody):
    """The body of `withdraw` and `return`."""

    leases: Annotated[tuple[LeaseId, ...], Field(max_length=MAX_LEASES_NAMED)]


class GoodbyeBody(JsonBody):
    """Why an end leaves: a word for the program, a text for a person."""

    reason: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,16}$")]
    text: Text200 = ""


class ErrorInfo(JsonBody):
    """An exception of the function, or of loading it."""

    message: str = ""
    stack: str = ""


class ReportInfo(JsonBody):
    """What the function says of its own work, summed since it last did. `units` names what `items` counts."""

    cpu_ms: Amount = 0.0
    data_transfer_ms: Amount = 0.0
    items: Amount = 0.0
    units: Annotated[str, StringConstraints(max_length=MAX_UNITS, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] = ""


@dataclass(frozen=True, slots=True)
class Hello:
    """The function and its settings. `bundle` is gzip of UTF-8 text."""

    TYPE: ClassVar[int] = 0x10
    info: HelloInfo
    bundle: bytes


@dataclass(frozen=True, slots=True)
class Lend:
    """A lease: items as UTF-8."""

    TYPE: ClassVar[int] = 0x11
    lease: int
    items: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Answers to these leases are no longer wanted."""

    TYPE: ClassVar[int] = 0x12
    leases: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for a sign of life. `token` is 8 bytes."""

    TYPE: ClassVar[int] = 0x13
    token: bytes


@dataclass(frozen=True, slots=True)
class ClientGoodbye:
    """The client ends this volunteer's session."""

    TYPE: ClassVar[int] = 0x14
    reason: Literal["done", "stopped", "full", "protocol", "silent"]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """The volunteer lends this many slots from now on."""

    TYPE: ClassVar[int] = 0x20
    info: ReadyInfo


@dataclass(frozen=True, slots=True)
class Results:
    """Answers to a run of items of a lease, from its item `offset` on.

    `kinds` has one kind a value, or is None when all are results. `busy_us` is the time of work in microseconds.
    """

    TYPE: ClassVar[int] = 0x21
    lease: int
    offset: int
    busy_us: int
    values: Sequence[bytes]
    kinds: bytes | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """The volunteer hands these leases back."""

    TYPE: ClassVar[int] = 0x22
    leases: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping, with its token."""

    TYPE: ClassVar[int] = 0x23
    token: bytes


@dataclass(frozen=True, slots=True)
class VolunteerGoodbye:
    """The volunteer leaves."""

    TYPE: ClassVar[int] = 0x24
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """The function could not be loaded there."""

    TYPE: ClassVar[int] = 0x25
    error: ErrorInfo


@dataclass(frozen=True, slots=True)
class Report:
    """The function has reported of its work."""

    TYPE: ClassVar[int] = 0x26
    info: ReportInfo


ClientMessage = Hello | Lend | Withdraw | Ping | ClientGoodbye
VolunteerMessage = Ready | Results | Return | Pong | VolunteerGoodbye | Broken | Report
Message = ClientMessage | VolunteerMessage


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
            return _head(Hello) + _LENGTH.pack(len(info)) + info + message.bundle
        case Ping() | Pong():
            return _head(type(message)) + message.token
        case Withdraw() | Return():
            return _json(type(message), LeaseList(leases=message.leases))
        case ClientGoodbye() | VolunteerGoodbye():
            return _json(type(message), GoodbyeBody(reason=message.reason, text=message.text[:200]))
        case Ready():
            return _json(Ready, message.info)
        case Broken():
            return _json(Broken, message.error)
        case Report():
            return _json(Report, message.info)


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
    if len(text) > MAX_ERROR:
        raise ProtocolViolation("a JSON body that is too long")
    if model is ErrorInfo and b"\\u" in text:
        text = _ESCAPE.sub(_well_formed, text)
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ProtocolViolation(f"{model.__name__}: {where} {first['msg']}"[:200]) from None


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
            if len(value) > MAX_ERROR:
                raise ProtocolViolation("an error that is too long")
            error_info(value)
        elif kind == DECLINED:
            if value:
                raise ProtocolViolation("a declined item with a value")
        elif kind != BINARY:
            raise ProtocolViolation(f"an answer of unknown kind {kind}")


def error_info(value: bytes) -> ErrorInfo:
    """Returns the exception that an answer of kind `ERROR` holds.

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
    if 8 + size > len(data):
        raise ProtocolViolation("a hello whose JSON is cut off")
    return Hello(_model(HelloInfo, data, 8, 8 + size), data[8 + size :])

"""The messages of the data plane as values (PROTOCOL.md, 2.2 and 2.3); `codec` turns them into bytes and back.

Leases and results are columns (all items, all values) and not one object an item: that is what makes a lease of
thousands of items cost little more than a lease of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pando_shared import PROTOCOL, __version__
from pando_shared.allowed_hosts import Hosts
from pando_shared.limits import (
    DEFAULT_HEARTBEAT_MS,
    DEFAULT_RESULT_BYTES,
    MAX_AGENT_CHARACTERS,
    MAX_BLOB_BYTES,
    MAX_BLOBS_WANTED,
    MAX_DEVICE_CHARACTERS,
    MAX_GOODBYE_CHARACTERS,
    MAX_HEARTBEAT_MS,
    MAX_LEASES_NAMED,
    MAX_LIFE_CHARACTERS,
    MAX_NO_TEXT_CHARACTERS,
    MAX_REPORTED,
    MAX_RESULT_BYTES,
    MAX_SLOTS,
    MAX_TAB_CHARACTERS,
    MAX_TIMEOUT_MS,
    MAX_TITLE_CHARACTERS,
    MAX_UNITS_CHARACTERS,
    MIN_HEARTBEAT_MS,
)
from pando_shared.signaling import JobName, VersionText

RESULT, ERROR, DECLINED, BINARY = 0, 1, 2, 3
"""Kinds of a result."""


class JsonBody(BaseModel):
    """Base of the JSON bodies: immutable, unknown keys ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


Amount = Annotated[float, Field(ge=0, le=MAX_REPORTED, strict=True, allow_inf_nan=False)]
Context = Literal["worker", "page"]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal."""
LeaseId = Annotated[int, Field(ge=1, le=0xFFFFFFFF, strict=True)]


class BlobInfo(JsonBody):
    """Something large, by its digest; `bytes` is its length."""

    digest: Digest
    bytes: Annotated[int, Field(ge=1, le=MAX_BLOB_BYTES, strict=True)]


class JobProof(JsonBody):
    """Whose job it is: the public key of the client's user, and its signature (PROTOCOL.md, 2.5), both base64url."""

    key: Annotated[str, StringConstraints(pattern=r"^[\w-]{43}$")]
    signature: Annotated[str, StringConstraints(pattern=r"^[\w-]{86}$")]


class HelloInfo(JsonBody):
    """What a volunteer must know before its first lease.

    `function` is the bundle, gzip of UTF-8 text. `title` names it for the volunteer's owner. `timeout_ms` is the time
    that one item may take, None for any; `max_result` is in bytes. `context` is where the function runs, `allow_net`
    what it may reach.
    """

    protocol: Annotated[int, Field(strict=True)] = PROTOCOL
    version: VersionText = __version__
    job: JobName
    function: BlobInfo
    title: Annotated[str, StringConstraints(max_length=MAX_TITLE_CHARACTERS)] = ""
    heartbeat_ms: Annotated[int, Field(ge=MIN_HEARTBEAT_MS, le=MAX_HEARTBEAT_MS, strict=True)] = DEFAULT_HEARTBEAT_MS
    timeout_ms: Annotated[int, Field(ge=1, le=MAX_TIMEOUT_MS, strict=True)] | None = None
    max_result: Annotated[int, Field(ge=1, le=MAX_RESULT_BYTES, strict=True)] = DEFAULT_RESULT_BYTES
    context: Context = "worker"
    allow_net: Hosts = ()
    client: JobProof | None = None


class Wanted(JsonBody):
    """A blob that a volunteer asks for, from a byte of it on."""

    digest: Digest
    start: Annotated[int, Field(ge=0, le=MAX_BLOB_BYTES, strict=True, alias="from")]


class AcceptBody(JsonBody):
    """The body of `accept`."""

    blobs: Annotated[tuple[Wanted, ...], Field(max_length=MAX_BLOBS_WANTED)]


class ReadyInfo(JsonBody):
    """How much a volunteer lends now. `slots` may be 0: a pause.

    `life` is what its page or process calls itself; `tab` is the same, and outlives a reload.
    """

    protocol: Annotated[int, Field(strict=True)] = PROTOCOL
    slots: Annotated[int, Field(ge=0, le=MAX_SLOTS, strict=True)]
    device: Annotated[str, StringConstraints(max_length=MAX_DEVICE_CHARACTERS)] = ""
    agent: Annotated[str, StringConstraints(max_length=MAX_AGENT_CHARACTERS)] = ""
    life: Annotated[str, StringConstraints(max_length=MAX_LIFE_CHARACTERS)] = ""
    tab: Annotated[str, StringConstraints(max_length=MAX_TAB_CHARACTERS)] = ""


class LeaseList(JsonBody):
    """The body of `withdraw` and `return`."""

    leases: Annotated[tuple[LeaseId, ...], Field(max_length=MAX_LEASES_NAMED)]


class GoodbyeBody(JsonBody):
    """Why an end leaves: a word for the program, a text for a person."""

    reason: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,16}$")]
    text: Annotated[str, StringConstraints(max_length=MAX_GOODBYE_CHARACTERS)] = ""


class ErrorInfo(JsonBody):
    """An exception of the function, or of loading it."""

    message: str = ""
    stack: str = ""


class ReportInfo(JsonBody):
    """What the function says of its own work, summed since it last did. `units` names what `items` counts.

    `no_text` is what was sent for a result that has no text of its own; None if there was none, or it was said before.
    """

    cpu_ms: Amount = 0.0
    data_transfer_ms: Amount = 0.0
    items: Amount = 0.0
    units: Annotated[str, StringConstraints(max_length=MAX_UNITS_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] = ""
    no_text: Annotated[str, StringConstraints(max_length=MAX_NO_TEXT_CHARACTERS)] | None = None


@dataclass(frozen=True, slots=True)
class Hello:
    """The job and its settings."""

    TYPE: ClassVar[int] = 0x10
    info: HelloInfo


@dataclass(frozen=True, slots=True)
class Lend:
    """A lease: items as UTF-8."""

    TYPE: ClassVar[int] = 0x11
    lease: int
    items: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Results of these leases are no longer wanted."""

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
class Blob:
    """Bytes of a blob from `offset` on. `digest` is 32 bytes."""

    TYPE: ClassVar[int] = 0x15
    digest: bytes
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """The volunteer lends this many slots from now on."""

    TYPE: ClassVar[int] = 0x20
    info: ReadyInfo


@dataclass(frozen=True, slots=True)
class Results:
    """Results of consecutive items of a lease, from its item `offset` on.

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


@dataclass(frozen=True, slots=True)
class Accept:
    """The volunteer asks for blobs."""

    TYPE: ClassVar[int] = 0x27
    blobs: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """So many bytes of metered frames have arrived since this was said last."""

    TYPE: ClassVar[int] = 0x28
    size: int


ClientMessage = Hello | Lend | Withdraw | Ping | ClientGoodbye | Blob
VolunteerMessage = Ready | Results | Return | Pong | VolunteerGoodbye | Broken | Report | Accept | Received
Message = ClientMessage | VolunteerMessage

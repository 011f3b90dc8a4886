"""The messages of the signaling wire, as pydantic models (PROTOCOL.md, section 1).

Both ends parse what they receive into these models, and into nothing else: no later code checks again.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pando_shared import PROTOCOL, __version__, ice_urls
from pando_shared.allowed_hosts import ANYTHING, Hosts
from pando_shared.limits import (
    MAX_AUTHOR_CHARACTERS,
    MAX_CANDIDATES,
    MAX_CARD_BYTES,
    MAX_CONNECT_MS,
    MAX_CREDENTIAL_CHARACTERS,
    MAX_ICE_SERVERS,
    MAX_JOB_CHARACTERS,
    MAX_LANGUAGE_CHARACTERS,
    MAX_LANGUAGES,
    MAX_LOGIN_CHARACTERS,
    MAX_OFFERS,
    MAX_REFUSAL_CHARACTERS,
    MAX_RETRY_MS,
    MAX_SDP_BYTES,
    MAX_SERVER_HOST_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    MAX_VERSION_CHARACTERS,
    MAX_VOLUNTEER_ID_CHARACTERS,
    MAX_VOLUNTEERS,
)

JOB_PATTERN = rf"^[a-z0-9-]{{1,{MAX_JOB_CHARACTERS}}}$"


class Code(StrEnum):
    """Why the server (or the client through it) refuses."""

    INVALID = "invalid"
    PROTOCOL = "protocol"
    SECRET = "secret"
    NONCE = "nonce"
    HOST = "host"
    THROTTLED = "throttled"
    FULL = "full"
    TAKEN = "taken"
    GONE = "gone"
    BUSY = "busy"
    FAILED = "failed"
    OFF = "off"


class Signal(BaseModel):
    """Base of all signaling messages: immutable; unknown keys are ignored so that either end can grow."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, populate_by_name=True)


def _few_candidates(sdp: str) -> str:
    # aiortc cuts a description at every line end that Python knows, so they are counted in the same way.
    if sum(line.startswith("a=candidate:") for line in sdp.splitlines()) > MAX_CANDIDATES:
        raise ValueError(f"more than {MAX_CANDIDATES} candidates")
    return sdp


JobName = Annotated[str, StringConstraints(pattern=JOB_PATTERN)]
Sdp = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SDP_BYTES), AfterValidator(_few_candidates)]
Attempt = Annotated[int, Field(ge=1, le=MAX_OFFERS, strict=True)]
Count = Annotated[int, Field(ge=0, le=MAX_VOLUNTEERS, strict=True)]
VolunteerName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_VOLUNTEER_ID_CHARACTERS)]
PublicKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""The public half of an Ed25519 key pair, in base64url without padding."""
Language = Annotated[str, StringConstraints(pattern=rf"^[A-Za-z0-9-]{{1,{MAX_LANGUAGE_CHARACTERS}}}$")]
VersionText = Annotated[str, StringConstraints(max_length=MAX_VERSION_CHARACTERS)]


class IceServer(Signal):
    """A STUN or TURN server, in the form that browsers take (W3C webrtc-pc, RTCIceServer)."""

    urls: Annotated[str, AfterValidator(ice_urls.checked)]
    username: Annotated[str, StringConstraints(max_length=MAX_CREDENTIAL_CHARACTERS)] | None = None
    credential: Annotated[str, StringConstraints(max_length=MAX_CREDENTIAL_CHARACTERS)] | None = None


IceServers = Annotated[tuple[IceServer, ...], Field(max_length=MAX_ICE_SERVERS)]


class ErrorBody(Signal):
    """What went wrong, for a program (`code`) and for a person (`text`)."""

    code: Code
    text: Annotated[str, StringConstraints(max_length=MAX_REFUSAL_CHARACTERS)]


class Refusal(Signal):
    """A refused connect, or an acknowledgement that is an error."""

    error: ErrorBody


def refusal(code: Code, text: str) -> dict[str, Any]:
    """Returns a refusal in the form in which it goes over the wire."""
    return Refusal(error=ErrorBody(code=code, text=text)).model_dump(mode="json")


class Card(Signal):
    """What the client's user says of the job before anybody computes for it: only what was set.

    Raises:
        ValidationError: it has more than `MAX_CARD_BYTES` as JSON, besides what is wrong with its parts.
    """

    title: Annotated[str, StringConstraints(max_length=MAX_TITLE_CHARACTERS)] | None = None
    by: Annotated[str, StringConstraints(max_length=MAX_AUTHOR_CHARACTERS)] | None = None
    context: Literal["worker", "page"] | None = None
    hosts: Hosts | None = None
    languages: Annotated[tuple[Language, ...], Field(max_length=MAX_LANGUAGES)] | None = None

    @model_validator(mode="after")
    def _is_small(self) -> Card:
        if self.bytes > MAX_CARD_BYTES:
            raise ValueError(f"more than {MAX_CARD_BYTES} bytes")
        return self

    @property
    def bytes(self) -> int:
        """Its length as JSON."""
        return len(self.model_dump_json(exclude_none=True).encode())

    @classmethod
    def of(cls, title: str, *, page: bool, hosts: tuple[str, ...]) -> Card:
        """Returns the card of a job.

        What does not fit is cut: of the title the end; hosts that are too many become all hosts, so that the card
        never says less than the truth.
        """
        chosen: dict[str, Any] = {"context": "page" if page else None, "hosts": hosts or None}
        if cls.model_construct(**chosen).bytes > MAX_CARD_BYTES // 2:
            chosen["hosts"] = (ANYTHING,)
        for length in range(min(len(title), MAX_TITLE_CHARACTERS), 0, -1):
            drawn = cls.model_construct(title=title[:length], **chosen)
            if drawn.bytes <= MAX_CARD_BYTES:
                return cls(**drawn.model_dump())
        return cls(**chosen)


class JobInfo(Signal):
    """A job, as somebody who may work for it sees it."""

    name: JobName
    card: Card = Card()
    client: PublicKey | None = None


class ServerConfig(Signal):
    """`GET /api/config`: what a volunteer must know to connect; `channels` has the default first."""

    protocol: int = PROTOCOL
    version: VersionText = __version__
    channels: tuple[Literal["websocket", "webrtc"], ...]
    relay: bool = False
    job: JobInfo | None = None


class Nonce(Signal):
    """`GET /api/nonce`."""

    protocol: int
    version: VersionText
    nonce: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Health(Signal):
    """`GET /healthz`."""

    status: Literal["ok"] = "ok"
    version: VersionText = __version__
    jobs: int
    volunteers: int


class Login(Signal):
    """What a client's login says; it is signed as the text that it came as."""

    nonce: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    host: Annotated[str, StringConstraints(min_length=1, max_length=MAX_SERVER_HOST_CHARACTERS)]
    """Host and port of the URL that the client was given, as in a `Host` header."""
    version: VersionText = __version__
    job: JobName
    key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    card: Card = Card()
    client: PublicKey | None = None
    relay: bool = True
    ice_servers: IceServers = ()


def _is_login(text: str) -> str:
    Login.model_validate_json(text)
    return text


class ClientLogin(Signal):
    """The `auth` object of a client's connect: what it says, as text, and the proof of that text."""

    protocol: Annotated[int, Field(strict=True)] = PROTOCOL
    login: Annotated[str, StringConstraints(max_length=MAX_LOGIN_CHARACTERS), AfterValidator(_is_login)]
    proof: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

    @classmethod
    def signed(cls, login: Login, secret: str) -> ClientLogin:
        """Returns the login that goes over the wire."""
        text = login.model_dump_json(exclude_none=True)
        return cls(login=text, proof=proof(secret, text))

    @cached_property
    def says(self) -> Login:
        """What the text says."""
        return Login.model_validate_json(self.login)


class VolunteerLogin(Signal):
    """The `auth` object of a volunteer's connect."""

    protocol: Annotated[int, Field(strict=True)] = PROTOCOL
    version: VersionText = ""
    job: JobName | None = None
    check: bool = False


class Assigned(Signal):
    """Server to volunteer: make an offer for this job now. `relay`: whether server and client relay channels."""

    job: JobName
    relay: bool = False
    ice_servers: IceServers = ()


class Offer(Signal):
    """Volunteer to server."""

    attempt: Attempt
    sdp: Sdp


class Answer(Signal):
    """Server to volunteer, as the acknowledgement of its offer."""

    attempt: Attempt
    sdp: Sdp


class ForwardedOffer(Signal):
    """Server to client.

    `loopback`: the volunteer reached the server from the server's own machine. `from_` (on the wire `from`): a digest
    of its address. `ice_servers`: the server's own, for the client's side of this connection.
    """

    volunteer: VolunteerName
    attempt: Attempt
    sdp: Sdp
    loopback: bool = False
    from_: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")] = Field(default="0" * 16, alias="from")
    check: bool | None = None
    ice_servers: IceServers = ()


class ClientAnswer(Signal):
    """Client to server, as the acknowledgement of a forwarded offer."""

    sdp: Sdp


class VolunteerCount(Signal):
    """Client to server: how many volunteers the job has now, and how many more cores it could use."""

    count: Count
    cores_wanted: Count | None = None


class Outcome(Signal):
    """Client to server: how an offer ended that was answered. `ms`: the time that its connection took."""

    volunteer: VolunteerName
    attempt: Attempt
    opened: bool
    ms: Annotated[int, Field(ge=0, le=MAX_CONNECT_MS, strict=True)]


class Notice(Signal):
    """Server to client: what it should know of others.

    `outdated`: volunteers that came for its job and speak another version, in all; `cores_wanted_elsewhere`: cores that
    other jobs want.
    """

    outdated: Count | None = None
    cores_wanted_elsewhere: Count | None = None


class Closing(Signal):
    """Server to everybody: it ends. Come back after `retry_ms`, and a random time besides."""

    text: Annotated[str, StringConstraints(max_length=MAX_REFUSAL_CHARACTERS)]
    retry_ms: Annotated[int, Field(ge=0, le=MAX_RETRY_MS, strict=True)]


def proof(secret: str, login: str) -> str:
    """Returns the hexadecimal HMAC-SHA256 (RFC 2104) that shows knowledge of `secret` without sending it.

    `login` is the text of the login, so that all of it is signed.
    """
    return hmac.new(secret.encode(), f"pando/{PROTOCOL} client {login}".encode(), hashlib.sha256).hexdigest()

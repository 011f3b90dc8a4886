"""The messages of the signaling wire, as pydantic models (PROTOCOL.md, section 1).

Both ends parse what they receive into these models, and into nothing else: no later code checks again.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from pando_shared import PROTOCOL, __version__
from pando_shared.limits import (
    MAX_CANDIDATES,
    MAX_CREDENTIAL_CHARACTERS,
    MAX_ICE_SERVERS,
    MAX_JOB_CHARACTERS,
    MAX_OFFERS,
    MAX_REFUSAL_CHARACTERS,
    MAX_SDP_BYTES,
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
    THROTTLED = "throttled"
    FULL = "full"
    TAKEN = "taken"
    GONE = "gone"
    BUSY = "busy"
    FAILED = "failed"


class Signal(BaseModel):
    """Base of all signaling messages: immutable; unknown keys are ignored so that either end can grow."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


def _few_candidates(sdp: str) -> str:
    # aiortc cuts a description at every line end that Python knows, so they are counted in the same way.
    if sum(line.startswith("a=candidate:") for line in sdp.splitlines()) > MAX_CANDIDATES:
        raise ValueError(f"more than {MAX_CANDIDATES} candidates")
    return sdp


JobName = Annotated[str, StringConstraints(pattern=JOB_PATTERN)]
Sdp = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SDP_BYTES), AfterValidator(_few_candidates)]
Attempt = Annotated[int, Field(ge=1, le=MAX_OFFERS, strict=True)]
VersionText = Annotated[str, StringConstraints(max_length=MAX_VERSION_CHARACTERS)]


class IceServer(Signal):
    """A STUN or TURN server, in the form that browsers take (W3C webrtc-pc, RTCIceServer)."""

    urls: Annotated[str, StringConstraints(pattern=r"^(stuns?|turns?):\S{1,200}$")]
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


class ServerConfig(Signal):
    """`GET /api/config`: what a volunteer must know to connect; `channels` has the default first."""

    protocol: int = PROTOCOL
    version: VersionText = __version__
    channels: tuple[Literal["websocket", "webrtc"], ...]


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


class ClientLogin(Signal):
    """The `auth` object of a client's connect."""

    protocol: Annotated[int, Field(strict=True)] = PROTOCOL
    version: VersionText = __version__
    nonce: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    proof: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    job: JobName
    key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    ice_servers: IceServers = ()


class VolunteerLogin(Signal):
    """The `auth` object of a volunteer's connect."""

    protocol: Annotated[int, Field(strict=True)] = PROTOCOL
    version: VersionText = ""
    job: JobName | None = None


class Assigned(Signal):
    """Server to volunteer: make an offer for this job now."""

    job: JobName
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
    """Server to client. `loopback`: the volunteer reached the server from the server's own machine."""

    volunteer: Annotated[str, StringConstraints(min_length=1, max_length=MAX_VOLUNTEER_ID_CHARACTERS)]
    attempt: Attempt
    sdp: Sdp
    loopback: bool = False


class ClientAnswer(Signal):
    """Client to server, as the acknowledgement of a forwarded offer."""

    sdp: Sdp


class VolunteerCount(Signal):
    """Client to server: how many volunteers the job has now."""

    count: Annotated[int, Field(ge=0, le=MAX_VOLUNTEERS, strict=True)]


def proof(secret: str, nonce: str, job: str) -> str:
    """Returns the hexadecimal HMAC-SHA256 (RFC 2104) that shows knowledge of `secret` without sending it."""
    return hmac.new(secret.encode(), f"pando/1 client {nonce} {job}".encode(), hashlib.sha256).hexdigest()

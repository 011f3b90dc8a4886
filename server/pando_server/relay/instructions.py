"""What the core of the server orders its shell to do: small frozen values, carried out in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pando_shared.signaling import Assigned, Code, ForwardedOffer


@dataclass(frozen=True, slots=True)
class Refuse:
    """Do not let `socket` in; close it when it has read why."""

    socket: str
    code: Code
    text: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """Do not act on what `socket` sent; `text` is for the log."""

    socket: str
    text: str


@dataclass(frozen=True, slots=True)
class Drop:
    """Close `socket`, which the core has forgotten already; `text` is for the log."""

    socket: str
    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Tell a volunteer that it has no job."""

    volunteer: str


@dataclass(frozen=True, slots=True)
class Assign:
    """Tell a volunteer which job it has."""

    volunteer: str
    message: Assigned


@dataclass(frozen=True, slots=True)
class Forward:
    """Send an offer to a client, and report its `answered` or, after `Limits.answer_seconds`, `unanswered`."""

    client: str
    message: ForwardedOffer


@dataclass(frozen=True, slots=True)
class Deliver:
    """Acknowledge a volunteer's offer with the client's answer."""

    volunteer: str
    attempt: int
    sdp: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Acknowledge the offer `attempt` of a volunteer with an error."""

    volunteer: str
    attempt: int
    code: Code
    text: str


Instruction: TypeAlias = Refuse | Ignore | Drop | Wait | Assign | Forward | Deliver | Reject

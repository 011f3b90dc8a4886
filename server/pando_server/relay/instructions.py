"""What the core of the server decides, and what it orders its shell to do: small frozen values.

A request of a peer, which may be refused, gets a `Decision`. Every other stimulus gets a list of instructions.
Instructions are carried out in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pando_shared.signaling import Assigned, Code, ForwardedOffer, Notice


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request is not granted: `code` is for a program, `text` for a person."""

    code: Code
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


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell a client what it should know of others."""

    client: str
    message: Notice


Instruction: TypeAlias = Drop | Wait | Assign | Forward | Deliver | Reject | Notify


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of a request: it is granted unless `refused` says why not.

    `instructions` are carried out in both cases: a request that is refused may cost the peer its connection.
    """

    refused: Refused | None = None
    instructions: tuple[Instruction, ...] = ()


GRANTED = Decision()
"""Granted, and nothing else is to be done."""

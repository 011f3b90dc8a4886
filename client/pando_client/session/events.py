"""What a session reports: the events that `Session.receive`, `withdraw`, `closed` and `tick` return, in order.

`Joined` comes once, before all others but `Ended`. `Suspected` and `Recovered` come in turn. `Ended` comes once, last.
"""

from __future__ import annotations

from dataclasses import dataclass

from pando_shared.wire.messages import ErrorInfo, ReadyInfo, Results


@dataclass(frozen=True, slots=True)
class Joined:
    """The volunteer is ready for its first lease."""

    info: ReadyInfo


@dataclass(frozen=True, slots=True)
class Wants:
    """What it would take has changed: to so many more leases, each of so many items.

    That is as of this event; `Session.wanted` is what it would take now.
    """

    leases: int
    items: int


@dataclass(frozen=True, slots=True)
class Answered:
    """It answered a span of a lease."""

    results: Results


@dataclass(frozen=True, slots=True)
class Returned:
    """It handed these leases back."""

    leases: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Textless:
    """A result of the function has no text of its own there; this was sent for it."""

    text: str


@dataclass(frozen=True, slots=True)
class Suspected:
    """Nothing was heard from it for two heartbeats."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A suspect was heard again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over; what the volunteer held is to be lent again.

    `reason` is a word of PROTOCOL.md's goodbyes, or `broken`, `lost`, `outdated` (it speaks another version of the
    protocol); `text` is for a person; `error` is why the function could not be loaded.
    """

    reason: str
    text: str = ""
    error: ErrorInfo | None = None

    @property
    def is_death(self) -> bool:
        """Whether the volunteer went without a word: what it was working on may have ended it."""
        return self.reason in ("lost", "silent")


Event = Joined | Wants | Answered | Returned | Textless | Suspected | Recovered | Ended

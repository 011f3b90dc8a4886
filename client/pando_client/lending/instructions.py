"""What the lender says: its policy, and the instructions that it returns for the caller to carry out, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

VolunteerId = str


class OnError(Enum):
    """What happens when an item has failed as often as is allowed."""

    STOP = "stop"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Policy:
    """How a job lends.

    `window` bounds the items that are read and not yet written, `memory` the bytes that they and their results take
    (nothing more is read while they take more); `retries` is the number of attempts that an item has in all; `ordered`
    says that results come out in the order of the items; `copies` that idle slots run backup copies of stragglers.
    """

    window: int = 1_000_000
    memory: int = 64 * 1024 * 1024
    retries: int = 3
    on_error: OnError = OnError.STOP
    ordered: bool = True
    copies: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that failed for good: its index from 0, its text, the last error (JSON), who tried it.

    `deaths` is how often a volunteer died that was working on it, if that is why it failed: `volunteers` are these, and
    there is no error.
    """

    index: int
    item: bytes
    error: bytes
    volunteers: tuple[VolunteerId, ...]
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """Read at most `count` more items, then say `read` or `input_ended`, once."""

    count: int


@dataclass(frozen=True, slots=True)
class Lend:
    """Send this lease to this volunteer. `copy`: another volunteer holds these items as well (P10)."""

    volunteer: VolunteerId
    lease: int
    items: Sequence[bytes]
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Answers of this volunteer to this lease are no longer wanted."""

    volunteer: VolunteerId
    lease: int


@dataclass(frozen=True, slots=True)
class Quarantine:
    """This volunteer does more harm than good: part with it for a while."""

    volunteer: VolunteerId
    why: str


@dataclass(frozen=True, slots=True)
class Write:
    """Write these results, one a line, then say `wrote`."""

    results: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class GaveUp:
    """An item has failed for good, and the job goes on without it."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Finish:
    """The job is over. With a `failure` or `input_error` it has failed; what came before it is written."""

    failure: Failure | None = None
    input_error: Exception | None = None


Instruction = Read | Lend | Withdraw | Quarantine | Write | GaveUp | Finish

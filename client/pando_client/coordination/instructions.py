"""What the coordinator says to its shell: small frozen values, to be carried out at once and in order.

`Read`, `Write`, `GaveUp` and `Finish` are the lender's, passed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pando_client.lending.instructions import Finish, GaveUp, Read, VolunteerId, Write


class Level(Enum):
    """Who is to read a notice."""

    COMPLAINT = "everybody: something is wrong with a volunteer"
    EVENT = "whoever watches: a volunteer came, went, fell silent or was heard again"


@dataclass(frozen=True, slots=True)
class Wake:
    """There is something to send to this volunteer: drain `Coordinator.next_frame`."""

    volunteer: VolunteerId


@dataclass(frozen=True, slots=True)
class HangUp:
    """This volunteer's session is over: send what `Coordinator.next_frame` still gives, and close the channel.

    Say `disconnected` then.
    """

    volunteer: VolunteerId


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be said to a person. Foreign strings in it are printable already."""

    level: Level
    text: str


Instruction = Wake | HangUp | Notice | Read | Write | GaveUp | Finish

__all__ = ["Finish", "GaveUp", "HangUp", "Instruction", "Level", "Notice", "Read", "Wake", "Write"]

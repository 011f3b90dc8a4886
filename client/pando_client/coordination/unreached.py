"""Which volunteers got an answer to their offer and no connection: how many they are, and when to say so.

Said with the first one, and again when there are more, but not more often than each minute. Time is a parameter, in
seconds of a clock that never jumps.
"""

from __future__ import annotations

AGAIN_SECONDS = 60.0
"""Between two lines with another number."""
MAX_REMEMBERED = 1000
"""Volunteers that are told apart."""
WHAT_TO_DO = (
    "a firewall there or here may block UDP. A TURN server gets them connected: "
    "--ice-servers=turn:USER:PASSWORD@HOST:3478"
)


class Unreached:
    """The volunteers that could not be reached directly, and have not been since."""

    def __init__(self) -> None:
        self._who: set[str] = set()
        self._said = 0
        self._said_at: float | None = None

    def __repr__(self) -> str:
        return f"<Unreached {len(self._who)}, said {self._said}>"

    def failed(self, who: str) -> None:
        """The connection to a volunteer did not open.

        Args:
            who: the same text each time that this volunteer tries.
        """
        if len(self._who) < MAX_REMEMBERED:
            self._who.add(who)

    def reached(self, who: str) -> None:
        """The connection to a volunteer has opened."""
        self._who.discard(who)
        self._said = min(self._said, len(self._who))

    @property
    def deadline(self) -> float | None:
        """The time from which `due` has something to say; None if nothing has changed."""
        if len(self._who) <= self._said:
            return None
        return 0.0 if self._said_at is None else self._said_at + AGAIN_SECONDS

    def due(self, now: float) -> str | None:
        """Returns what is to be said now."""
        if self.deadline is None or now < self.deadline:
            return None
        self._said, self._said_at = len(self._who), now
        volunteers = "1 volunteer" if self._said == 1 else f"{self._said:,} volunteers"
        return f"{volunteers} could not be reached directly: {WHAT_TO_DO}"


def who_offers(sdp: str, otherwise: str) -> str:
    """Returns what tells a volunteer from others, however often it connects to the server: its addresses.

    Args:
        sdp: its offer (RFC 8866, candidates as in RFC 8839).
        otherwise: for one that tells no address.
    """
    fields = [line.split() for line in sdp.splitlines() if line.startswith("a=candidate:")]
    return " ".join(sorted({field[4] for field in fields if len(field) >= 8})) or otherwise

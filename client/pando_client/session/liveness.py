"""Whether a volunteer is still there: pings, pongs and silence. Time is a parameter, in seconds."""

from __future__ import annotations

import struct
from collections import deque

SUSPECT_AFTER_HEARTBEATS = 2
GIVE_UP_AFTER_HEARTBEATS = 12
"""Silences, in heartbeats: a hiccup of a phone costs no handshake, a vanished volunteer costs no memory."""


class Liveness:
    """What was heard of a volunteer, and when.

    A ping goes out at every heartbeat, not only in silence: the round trip is worth knowing. And also while one is not
    answered: the volunteer may hear us although we do not hear it.

    Args:
        heartbeat: seconds between two pings.
        now: the time.
    """

    def __init__(self, heartbeat: float, now: float) -> None:
        self.heartbeat = heartbeat
        self._heard = now
        self._next_ping = now + heartbeat
        self._pings = 0
        # Tokens of the pings that are not answered, and when they were sent.
        self._pinged: deque[tuple[bytes, float]] = deque(maxlen=GIVE_UP_AFTER_HEARTBEATS)

    def __repr__(self) -> str:
        return f"<Liveness, {len(self._pinged)} of {self._pings} pings not answered>"

    def heard(self, now: float) -> None:
        """A frame came: any is a sign of life."""
        self._heard = now

    def silence(self, now: float) -> float:
        """Returns for how many seconds nothing was heard."""
        return now - self._heard

    def is_suspect(self, now: float) -> bool:
        """Whether the silence is so long that the items should be lent again."""
        return self.silence(now) >= self.heartbeat * SUSPECT_AFTER_HEARTBEATS

    def is_lost(self, now: float) -> bool:
        """Whether the silence is so long that the channel should be closed."""
        return self.silence(now) >= self.heartbeat * GIVE_UP_AFTER_HEARTBEATS

    def is_ping_due(self, now: float) -> bool:
        """Whether it is time for a ping."""
        return now >= self._next_ping

    def deadline(self, *, suspect: bool) -> float:
        """Returns when to look next, unless a frame comes before."""
        beats = GIVE_UP_AFTER_HEARTBEATS if suspect else SUSPECT_AFTER_HEARTBEATS
        return min(self._next_ping, self._heard + self.heartbeat * beats)

    def ping(self, now: float) -> bytes:
        """Returns the token of a ping that is sent now."""
        self._pings += 1
        token = struct.pack("<Q", self._pings)
        self._pinged.append((token, now))
        self._next_ping = now + self.heartbeat
        return token

    def pong(self, token: bytes, now: float) -> float | None:
        """Returns the seconds of the round trip; None if no such ping is out."""
        tokens = [sent for sent, _ in self._pinged]
        if token not in tokens:
            return None
        for _ in range(tokens.index(token) + 1):
            _, sent_at = self._pinged.popleft()
        return now - sent_at

    def stood_still(self, seconds: float, now: float) -> None:
        """This program itself did nothing for so long: nobody else is to blame for the silence."""
        self._heard += seconds
        self._next_ping = now

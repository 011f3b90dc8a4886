"""A token bucket. Sans-I/O: time is a parameter, in seconds of any monotonic clock."""

from __future__ import annotations


class TokenBucket:
    """A limit on events: `burst` of them at once, then `rate` per second.

    Args:
        burst: events that may come together; also what the bucket starts with.
        rate: events per second.
        now: seconds.
    """

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, burst: float, rate: float, now: float) -> None:
        self._burst = burst
        self._rate = rate
        self._tokens = burst
        self._at = now

    def __repr__(self) -> str:
        return f"<TokenBucket {self._tokens:g} of {self._burst:g} at {self._at:g} s>"

    def take(self, now: float) -> bool:
        """Takes one token. Returns whether there was one."""
        if not self.has(now):
            return False
        self._tokens -= 1
        return True

    def has(self, now: float) -> bool:
        """Returns whether there is a token, and leaves it there."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        return self._tokens >= 1

    def is_full(self, now: float) -> bool:
        """Returns whether it is as full as a new one, so that it need not be kept."""
        return self._tokens + (now - self._at) * self._rate >= self._burst

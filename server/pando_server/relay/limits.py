"""What the server allows its peers, and a token bucket for each of them. Sans-I/O: time is a parameter."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from pando_shared.limits import OFFER_TIMEOUT_MS
from pando_shared.rate_limit import TokenBucket


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server allows. Times are in seconds, rates in events per second.

    The defaults fit a small public host: 1,000 sockets cost it about 50 MB (measured).
    """

    sockets: int = 1_000
    sockets_per_address: int = 50
    jobs: int = 100
    pending_offers_per_client: int = 64
    """Offers that wait for the answer of one client. A client answers within milliseconds; when so many wait, further
    volunteers are told to try later."""
    offer_burst: int = 200
    offers_per_second: float = 10.0
    """Offers of all the volunteers at one address. Each costs the client a peer connection. 50 volunteers behind one
    router may use all their attempts at once."""
    event_burst: int = 20
    events_per_second: float = 2.0
    login_failure_burst: int = 5
    login_failures_per_second: float = 0.1
    nonce_burst: int = 20
    nonces_per_second: float = 2.0
    nonces: int = 10_000
    """Nonces that were given out and not used. When there are more, the oldest is forgotten."""
    strikes: int = 3
    """Broken messages that close a socket; also offers in a row that a client may leave unanswered."""
    join_seconds: float = 10.0
    """A socket that has joined no namespace by then is closed."""
    answer_seconds: float = OFFER_TIMEOUT_MS / 1000
    """After this time an offer counts as not answered."""
    remembered_addresses: int = 10_000


class TokenBuckets:
    """One bucket for each key, and at most `kept` of them: full ones are forgotten first, then the oldest."""

    def __init__(self, burst: float, rate: float, kept: int) -> None:
        self._burst = burst
        self._rate = rate
        self._kept = kept
        self._buckets: dict[Hashable, TokenBucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def has(self, key: Hashable, now: float) -> bool:
        """Returns whether there is a token for `key`."""
        bucket = self._buckets.get(key)
        return bucket is None or bucket.has(now)

    def take(self, key: Hashable, now: float) -> bool:
        """Takes a token of `key`. Returns whether there was one."""
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._kept:
                self._forget(now)
            bucket = self._buckets[key] = TokenBucket(self._burst, self._rate, now)
        return bucket.take(now)

    def _forget(self, now: float) -> None:
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_full(now)}
        # A tenth at a time, so that not every new address costs a pass over all buckets.
        while len(self._buckets) > self._kept * 9 // 10:
            del self._buckets[next(iter(self._buckets))]
